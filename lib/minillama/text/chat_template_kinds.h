#pragma once

// Not part of the public interface: the kinds of chat templates that are known.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/io/jinja_outputs.h"
#include "minillama/text/chat_template.h"

namespace minillama {

/// A kind of chat template: a row of the table in text/chat_template_kinds.cpp.
struct ChatTemplateKind {
  std::string_view name;

  /// What templates of the kind write around a message of any role, as JinjaOutput::text has it,
  /// and where the assistant's answer begins. Of kinds that know instructions instead of turns,
  /// what an instruction begins and ends with.
  std::string_view turn, answer;
  bool has_system_block = false;  ///< whether a system message stands between <<SYS>> and <</SYS>>

  /// The format of a template of the kind, in which "{bos}" and "{eos}" stand for the tokens'
  /// texts; nothing if it is of another kind, or writes something that the kind does not.
  std::optional<ChatFormat> (*recognise)(const ChatTemplateKind& kind,
                                         const std::vector<JinjaOutput>& outputs);
};

/// All kinds, in the order in which they are tried.
std::span<const ChatTemplateKind> chat_template_kinds();

}  // namespace minillama
