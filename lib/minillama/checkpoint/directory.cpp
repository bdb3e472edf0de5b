#include "minillama/checkpoint/directory.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "minillama/checkpoint/chat_template_file.h"
#include "minillama/checkpoint/hugging_face.h"
#include "minillama/checkpoint/meta_checkpoint.h"
#include "minillama/checkpoint/model_json.h"
#include "minillama/checkpoint/tokenizer_file.h"
#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/hugging_face_config.h"
#include "minillama/io/hugging_face_tokens.h"
#include "minillama/io/known_fields.h"
#include "minillama/io/mapped_file.h"
#include "minillama/io/safetensors.h"
#include "minillama/text/text_file.h"
#include "minillama/text/tokenizer_model.h"

namespace minillama {
namespace {

constexpr std::string_view kModelType = "minillama";
constexpr std::int64_t kVersion = 1;

Json parse_json_file(const std::filesystem::path& path) {
  const TextFile file(path);
  return parse_json(file.text(), path);
}

Json config_of(const std::filesystem::path& directory) {
  if (!std::filesystem::exists(directory / "config.json")) {
    const bool is_adapter = std::filesystem::exists(directory / "adapter_config.json");
    throw FileError(directory, is_adapter ? "holds an adapter, and no model of its own"
                                          : "is a directory without config.json, so no checkpoint");
  }
  return parse_json_file(directory / "config.json");
}

const KnownFields kFields = {.used = {"model_type",  "version",        "dim",
                                      "n_layers",    "n_heads",        "n_kv_heads",
                                      "hidden_dim",  "vocab_size",     "max_seq_len",
                                      "norm",        "norm_eps",       "attention",
                                      "rope_theta",  "dropout",        "tie_word_embeddings",
                                      "head_dim",    "rope_scaling",   "qkv_bias",
                                      "output_bias", "qk_norm",        "classifier",
                                      "adapters",    "active_adapter", "special_tokens",
                                      "positions",   "rotary_share"},
                             .harmless = {},
                             .neutral = {}};

/// Refuses the config.json of another kind or version.
void check_kind(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  if (const auto type = fields.string("model_type"); type != kModelType) {
    throw FileError(path, fmt::format("field \"model_type\" is {}, must be \"{}\", \"llama\", "
                                      "\"mistral\", \"qwen2\" or \"qwen3\"",
                                      quote(type), kModelType));
  }
  if (const auto version = fields.integer("version"); version != kVersion) {
    throw FileError(path, fmt::format("field \"version\" is {}, this program reads version {}",
                                      version, kVersion));
  }
  check_fields(json, kFields, path);
}

void read_adapters(const Json& json, const std::filesystem::path& path, StoredModel& model) {
  const JsonObject fields(json, path);
  if (!fields.has("adapters")) return;
  fields.object("adapters");  // is one
  for (const auto& [name, options] : json.at("adapters").items()) {
    model.adapters.emplace(name, read_adapter_options(options, path));
  }
  if (!fields.has("active_adapter")) return;
  model.active_adapter = fields.string("active_adapter");
  if (model.adapters.count(model.active_adapter) == 0) {
    throw FileError(path,
                    fmt::format("field \"active_adapter\" is {}, which is not among the adapters",
                                quote(model.active_adapter)));
  }
}

/// What stands in front of the tensors' names in a classifier's file.
constexpr std::string_view kLlama = "llama.", kHead = "classifier_head.";

/// Makes head and tensors of a classifier's tensors as they are stored.
void take_head_apart(StoredModel& stored) {
  for (TensorRecord& record : std::exchange(stored.tensors, {})) {
    if (record.name.starts_with(kHead)) {
      stored.head.push_back(std::move(record));
    } else if (record.name.starts_with(kLlama)) {
      record.name.erase(0, kLlama.size());
      stored.tensors.push_back(std::move(record));
    } else {
      throw FileError(stored.path,
                      fmt::format("tensor {} is none of a classifier", quote(record.name)));
    }
  }
}

/// The reverse: the tensors as they are stored.
std::vector<TensorRecord> with_head(const StoredModel& model) {
  if (!model.classifier) return model.tensors;
  std::vector<TensorRecord> tensors = model.tensors;
  for (TensorRecord& record : tensors) record.name.insert(0, kLlama);
  tensors.insert(tensors.end(), model.head.begin(), model.head.end());
  return tensors;
}

/// Whether the file is there and has that content.
bool holds(const std::filesystem::path& path, std::string_view content) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) != content.size() || error) return false;
  return content.empty() || as_text(MappedFile(path).bytes()) == content;
}

void add_hugging_face_tokens(const std::filesystem::path& directory, Tokenizer& tokenizer) {
  auto tokens = read_hugging_face_tokens(directory, tokenizer.special_tokens().add_bos);
  for (const auto& [id, text, is_special] : tokens.added) {
    if (id < tokenizer.vocab_size() && tokenizer.piece(id) == text) continue;
    if (id != tokenizer.vocab_size()) {
      throw FileError(directory,
                      fmt::format("the added token {} has the id {}, where {} would follow",
                                  quote(text), id, tokenizer.vocab_size()));
    }
    tokenizer.add_piece(text, is_special);
  }
  const bool other_bos = tokens.special.add_bos && tokens.bos_piece && tokenizer.bos_id() >= 0 &&
                         *tokens.bos_piece != tokenizer.piece(tokenizer.bos_id());
  if (other_bos) {
    throw FileError(
        directory / "tokenizer_config.json",
        fmt::format("bos_token is {}, and not the tokenizer's own, {}, which is not "
                    "supported",
                    quote(*tokens.bos_piece), quote(tokenizer.piece(tokenizer.bos_id()))));
  }
  tokenizer.set_special_tokens(std::move(tokens.special));
}

}  // namespace

void read_special_tokens(const std::filesystem::path& directory, Tokenizer& tokenizer) {
  const auto path = directory / "config.json";
  if (!std::filesystem::exists(path)) return;
  const Json json = parse_json_file(path);
  try {
    if (is_hugging_face(json)) {
      add_hugging_face_tokens(directory, tokenizer);
    } else if (json.is_object() && json.contains("special_tokens")) {
      const auto fields = JsonObject(json, path).object("special_tokens");
      fields.allow_only({"add_bos", "stop_ids"});
      tokenizer.set_special_tokens(
          {.add_bos = fields.boolean("add_bos"), .stop_ids = fields.integers("stop_ids")});
    }
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
}

ModelConfig read_config_file(const std::filesystem::path& path) {
  const Json json = parse_json_file(path);
  if (is_hugging_face(json)) return read_hugging_face_config(json, path);
  check_kind(json, path);
  return read_model_config(json, path);
}

StoredModel open_directory(const std::filesystem::path& directory) {
  const auto config_path = directory / "config.json";
  if (!std::filesystem::exists(config_path) && is_meta_checkpoint(directory)) {
    return open_meta_checkpoint(directory);
  }
  const Json json = config_of(directory);
  if (is_hugging_face(json)) return open_hugging_face(directory, json);
  check_kind(json, config_path);
  StoredModel stored{.format = "minillama's directory",
                     .path = directory / "model.safetensors",
                     .config = read_model_config(json, config_path)};
  if (json.contains("classifier")) {
    stored.classifier = read_classifier_config(json.at("classifier"), config_path);
  }
  read_adapters(json, config_path, stored);
  const auto file = std::make_shared<SafetensorsFile>(stored.path);
  stored.tensors = file->tensors();
  if (stored.classifier) take_head_apart(stored);
  stored.file = file;
  return stored;
}

std::vector<std::filesystem::path> other_model_files(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto* name :
       {"adapter_config.json", "model.safetensors.index.json", "tokenizer.json",
        "chat_template.jinja", "tokenizer_config.json", "special_tokens_map.json",
        "added_tokens.json", "generation_config.json"}) {
    if (std::filesystem::exists(directory / name)) files.push_back(directory / name);
  }
  return files;
}

void begin_directory(const std::filesystem::path& directory, std::string_view config,
                     const Tokenizer& tokenizer) {
  make_directory(directory);
  const auto config_path = directory / "config.json";
  const auto& files = tokenizer.files();
  const auto is_there = [&](const TokenizerFile& file) {
    return holds(directory / file.name, file.content);
  };
  if (holds(config_path, config) && std::ranges::all_of(files, is_there)) return;
  remove_file(config_path);
  for (const auto& file : other_model_files(directory)) remove_file(file);
  remove_other_tokenizers(directory, files);
}

void write_directory(const std::filesystem::path& directory, const StoredModel& model,
                     const Tokenizer& tokenizer) {
  Json json;
  json["model_type"] = kModelType;
  json["version"] = kVersion;
  write_model_config(model.config, json);
  if (model.classifier) json["classifier"] = to_json(*model.classifier);
  for (const auto& [name, options] : model.adapters) json["adapters"][name] = to_json(options);
  if (!model.active_adapter.empty()) json["active_adapter"] = model.active_adapter;
  if (const auto& special = tokenizer.special_tokens();
      special != tokenizer.model().special_tokens()) {
    json["special_tokens"] = {{"add_bos", special.add_bos}, {"stop_ids", special.stop_ids}};
  }
  const std::string config = json.dump(2) + "\n";

  begin_directory(directory, config, tokenizer);
  write_safetensors(directory / "model.safetensors", with_head(model), {{"format", "pt"}});
  write_tokenizer(directory, tokenizer.files());
  write_chat_template(directory, tokenizer.chat_template());
  write_file(directory / "config.json", config);
}

}  // namespace minillama
