#include "minillama/checkpoint/chat_template_file.h"

#include <fmt/format.h>

#include "minillama/checkpoint/peft_adapter.h"
#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/core/utf8.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/gguf_metadata.h"
#include "minillama/io/mapped_file.h"

namespace minillama {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFile = "chat_template.jinja";

ChatTemplateText checked(std::string_view jinja, const fs::path& path) {
  if (const auto valid = utf8_valid_prefix(jinja); valid != jinja.size()) {
    throw FileError(path, fmt::format("its chat template is not UTF-8 at byte {}", valid));
  }
  return {std::string(jinja), path};
}

std::optional<ChatTemplateText> template_in_gguf(const fs::path& path) {
  constexpr const char* kKey = "tokenizer.chat_template";
  if (!GgufMetadata::is_gguf(MappedFile(path).bytes())) return {};
  const GgufMetadata file(path);
  if (!file.has(kKey)) return {};
  return checked(file.text(kKey), path);
}

/// The text itself, or that of the entry "default" in [{"name": …, "template": …}, …].
const Json* default_template(const Json& field) {
  if (!field.is_array()) return &field;
  for (const Json& entry : field) {
    if (!entry.is_object() || entry.value("name", Json()) != "default") continue;
    return entry.contains("template") ? &entry.at("template") : &entry;
  }
  return nullptr;
}

}  // namespace

std::optional<ChatTemplateText> read_chat_template(const fs::path& model) {
  if (!fs::is_directory(model)) return template_in_gguf(model);
  if (const auto path = model / kFile; fs::exists(path)) {
    return checked(as_text(MappedFile(path).bytes()), path);
  }
  const auto path = model / "tokenizer_config.json";
  if (!fs::exists(path)) {
    if (is_peft_adapter(model)) return read_chat_template(base_of_peft_adapter(model));
    return {};
  }
  const MappedFile file(path);
  const Json json = parse_json(as_text(file.bytes()), path);
  if (!JsonObject(json, path).has("chat_template")) return {};
  const Json* text = default_template(json.at("chat_template"));
  if (text == nullptr || !text->is_string()) {
    throw FileError(path,
                    fmt::format("field \"chat_template\" is {}, must be a text or a list of them "
                                "with one called \"default\"",
                                shown(json.at("chat_template"))));
  }
  return checked(text->get_ref<const std::string&>(), path);
}

void write_chat_template(const fs::path& directory, std::string_view jinja) {
  if (!jinja.empty()) write_file(directory / kFile, jinja);
}

}  // namespace minillama
