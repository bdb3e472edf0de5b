#include "minillama/io/hugging_face_tokens.h"

#include <charconv>
#include <map>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/mapped_file.h"

namespace minillama {
namespace fs = std::filesystem;
namespace {

/// Null if the file is not there.
Json read_if_there(const fs::path& path) {
  if (!fs::exists(path)) return {};
  const MappedFile file(path);
  auto json = parse_json(as_text(file.bytes()), path);
  JsonObject(json, path);  // throws if it is no object
  return json;
}

/// A number or a list of numbers; empty if the field is absent or null.
std::optional<std::vector<std::int64_t>> ids_in(const Json& json, const char* field,
                                                const fs::path& path) {
  if (!json.is_object() || !json.contains(field) || json.at(field).is_null()) return {};
  const Json& value = json.at(field);
  std::vector<std::int64_t> ids;
  for (const Json& id : value.is_array() ? value : Json::array({value})) {
    if (!id.is_number_integer()) {
      throw FileError(path,
                      fmt::format("field {} is {}, must be a token's number or a list of them",
                                  quote(field), shown(value)));
    }
    ids.push_back(id.get<std::int64_t>());
  }
  return ids;
}

/// "<s>" of "<s>" or {"content": "<s>", …}.
std::string content_of(const Json& token, const fs::path& path, std::string_view what) {
  const Json& content =
      token.is_object() && token.contains("content") ? token.at("content") : token;
  if (!content.is_string()) {
    throw FileError(path, fmt::format("{} is {}, must be a token's text", what, shown(token)));
  }
  return content.get<std::string>();
}

void read_added(const Json& added, const Json& config, const fs::path& directory,
                HuggingFaceTokens& tokens) {
  std::map<std::int64_t, AddedToken> by_id;
  if (added.is_object()) {
    const auto path = directory / "added_tokens.json";
    for (const auto& [text, id] : added.items()) {
      if (!id.is_number_integer()) {
        throw FileError(path, fmt::format("{} is {}, must be an id", quote(text), shown(id)));
      }
      by_id[id.get<std::int64_t>()] = {id.get<std::int64_t>(), text, false};
    }
  }
  if (config.is_object() && config.contains("added_tokens_decoder")) {
    const auto path = directory / "tokenizer_config.json";
    const Json& decoder = config.at("added_tokens_decoder");
    JsonObject(decoder, path);  // throws if it is no object
    for (const auto& [key, token] : decoder.items()) {
      std::int64_t id = 0;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
      if (error != std::errc() || end != key.data() + key.size()) {
        throw FileError(path, fmt::format("added_tokens_decoder: {} is no id", quote(key)));
      }
      const bool special = token.is_object() && token.value("special", Json(false)) == true;
      by_id[id] = {id, content_of(token, path, "added_tokens_decoder." + key), special};
    }
  }
  for (auto& [unused, token] : by_id) tokens.added.push_back(std::move(token));
}

}  // namespace

HuggingFaceTokens read_hugging_face_tokens(const fs::path& directory, bool adds_bos) {
  HuggingFaceTokens tokens{.special = {.add_bos = adds_bos}};
  const auto tokenizer_path = directory / "tokenizer_config.json";
  const Json tokenizer = read_if_there(tokenizer_path);
  if (tokenizer.is_object()) {
    const JsonObject fields(tokenizer, tokenizer_path);
    if (fields.has("add_bos_token")) tokens.special.add_bos = fields.boolean("add_bos_token");
    if (fields.has("add_eos_token") && fields.boolean("add_eos_token")) {
      throw FileError(tokenizer_path, "field \"add_eos_token\" is true, which is not supported");
    }
    if (fields.has("bos_token")) {
      tokens.bos_piece = content_of(tokenizer.at("bos_token"), tokenizer_path, "bos_token");
    }
  }
  read_added(read_if_there(directory / "added_tokens.json"), tokenizer, directory, tokens);
  for (const auto* file : {"generation_config.json", "config.json"}) {
    const auto path = directory / file;
    if (auto ids = ids_in(read_if_there(path), "eos_token_id", path)) {
      tokens.special.stop_ids = std::move(*ids);
      break;
    }
  }
  return tokens;
}

SpecialTokenNames read_special_token_names(const fs::path& directory) {
  SpecialTokenNames names;
  for (const auto* file : {"tokenizer_config.json", "special_tokens_map.json"}) {
    const auto path = directory / file;
    const Json json = read_if_there(path);
    const auto read = [&](const char* field, std::optional<std::string>& name) {
      if (name || !json.is_object() || !JsonObject(json, path).has(field)) return;
      name = content_of(json.at(field), path, field);
    };
    read("bos_token", names.bos);
    read("eos_token", names.eos);
    read("unk_token", names.unk);
    read("pad_token", names.pad);
  }
  return names;
}

}  // namespace minillama
