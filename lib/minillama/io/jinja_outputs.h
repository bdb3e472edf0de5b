#pragma once

// Not part of the public interface: what a chat template writes, told without running it.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace minillama {

/// Text that a template of Jinja (https://jinja.palletsprojects.com/en/stable/templates) writes
/// without a statement in between, or gives to a variable. What stands there for itself is as it is
/// written, but "{" doubled; what is put in for a name stands as
///
///     {content} {role}    of a message, {content|trim} without white space around it
///     {system}            the system message
///     {bos} {eos}         the texts of these tokens
///     {?}                 anything else
struct JinjaOutput {
  std::string text;
  std::string statement;        ///< the latest one before it, as "if message['role'] == 'user'"
  std::string variable;         ///< what it is given to; "" if it is written
  bool is_conditional = false;  ///< whether it stands within an "if" or a macro
};

/// Those of a template, in their order, with white space around blocks as transformers has it
/// (trim_blocks, lstrip_blocks). Throws FileError naming `path` if a block does not end, or the
/// template is larger than any chat template (1 MiB).
std::vector<JinjaOutput> read_jinja_outputs(std::string_view jinja,
                                            const std::filesystem::path& path);

}  // namespace minillama
