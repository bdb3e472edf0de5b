#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace minillama {

/// A chat template of Jinja, and the file that it stands in.
struct ChatTemplateText {
  std::string jinja;
  std::filesystem::path path;
};

/// The chat template of a model: "tokenizer.chat_template" of a GGUF file; of a directory what
/// chat_template.jinja holds or, where there is none, the field "chat_template" of
/// tokenizer_config.json (of several, the one called "default"); of an adapter without either, its
/// base's. Nothing if there is none. Throws FileError if it is no text.
std::optional<ChatTemplateText> read_chat_template(const std::filesystem::path& model);

/// Writes chat_template.jinja into a model's directory, if there is a template. Throws IoError.
void write_chat_template(const std::filesystem::path& directory, std::string_view jinja);

}  // namespace minillama
