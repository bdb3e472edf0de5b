#include "minillama/checkpoint/hugging_face.h"

#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "minillama/checkpoint/chat_template_file.h"
#include "minillama/checkpoint/directory.h"
#include "minillama/checkpoint/hugging_face_classifier.h"
#include "minillama/checkpoint/rotary_rows.h"
#include "minillama/checkpoint/spelling.h"
#include "minillama/checkpoint/tokenizer_file.h"
#include "minillama/core/error.h"
#include "minillama/core/position_schemes.h"
#include "minillama/core/rotary_json.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/file_kind.h"
#include "minillama/io/hugging_face_architectures.h"
#include "minillama/io/hugging_face_config.h"
#include "minillama/io/mapped_file.h"
#include "minillama/io/module_wrappers.h"
#include "minillama/io/safetensors.h"
#include "minillama/io/torch_save.h"
#include "minillama/text/tokenizer_model.h"

namespace minillama {
namespace {

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kPickle = "pytorch_model.bin";
constexpr const char* kPickleIndex = "pytorch_model.bin.index.json";

/// What the records of an opened directory point into.
struct Memory {
  std::vector<SafetensorsFile> files;
  std::vector<std::unique_ptr<TorchSaveFile>> pickles;
  std::vector<std::vector<std::byte>> reordered;
};

/// A tensor, and the file that it is in.
struct Found {
  TensorRecord record;
  std::filesystem::path path;
};

std::vector<TensorRecord> records_of(const std::filesystem::path& path, Memory& memory) {
  if (!TorchSaveFile::is_torch_save(MappedFile(path).bytes())) {
    return memory.files.emplace_back(path).tensors();
  }
  return memory.pickles.emplace_back(std::make_unique<TorchSaveFile>(path))->tensors();
}

/// All tensors of the directory, with the names of their files: those of the one file, safetensors
/// before PyTorch's, as in transformers; else each from the file that the index names for it.
/// `path` becomes the file or index.
std::vector<Found> read_records(const std::filesystem::path& directory, std::filesystem::path& path,
                                Memory& memory) {
  std::vector<Found> found;
  const auto is_there = [&](const char* name) { return std::filesystem::exists(directory / name); };
  for (const auto& [weights, index_name] :
       {std::pair(kWeights, kIndex), std::pair(kPickle, kPickleIndex)}) {
    if (is_there(weights)) {
      path = directory / weights;
      for (auto& record : records_of(path, memory)) found.push_back({std::move(record), path});
      return found;
    }
    if (!is_there(index_name)) continue;
    path = directory / index_name;
    const MappedFile index(path);
    auto files = read_hugging_face_index(parse_json(as_text(index.bytes()), path), path);
    std::set<std::string> names;
    for (const auto& [unused, file] : files) names.insert(file);
    for (const auto& name : names) {
      for (auto& record : records_of(directory / name, memory)) {
        const auto place = files.find(record.name);
        // What the index says to be elsewhere is there twice; what it does not know is left over.
        if (place == files.end() || place->second != name) continue;
        files.erase(place);
        found.push_back({std::move(record), directory / name});
      }
    }
    if (!files.empty()) {
      throw FileError(directory / files.begin()->second,
                      fmt::format("lacks the tensor {}, which {} says to be there",
                                  quote(files.begin()->first), index_name));
    }
    return found;
  }
  path = directory / kWeights;  // whose absence is the error
  records_of(path, memory);
  return found;
}

bool same_bytes(const TensorRecord& a, const TensorRecord& b) {
  return a.dtype == b.dtype && a.shape == b.shape && std::ranges::equal(a.data, b.data);
}

/// transformers ties the output matrix to the embeddings where the config says so, whatever a file
/// holds; where it says nothing, a file without one is tied.
void settle_output(const JsonObject& fields, StoredModel& model) {
  const auto named = [&](std::string_view name) {
    return std::ranges::find(model.tensors, name, &TensorRecord::name);
  };
  const auto output = named("output.weight");
  const bool has_output = output != model.tensors.end();
  model.config.tied_embeddings =
      fields.has("tie_word_embeddings") ? fields.boolean("tie_word_embeddings") : !has_output;
  if (model.classifier && has_output) {
    throw FileError(model.path, "holds an lm_head.weight, which no classifier has");
  }
  if (!model.config.tied_embeddings || !has_output) return;
  const auto embeddings = named("tok_embeddings.weight");
  if (embeddings == model.tensors.end() || !same_bytes(*embeddings, *output)) {
    throw FileError(model.path,
                    "holds an lm_head.weight that is not the embeddings, although "
                    "config.json says that they are tied");
  }
  model.tensors.erase(output);
}

/// The ids that end a text, but BOS, which transformers does not count among them: null, a number,
/// or a list.
Json end_ids(const Tokenizer& tokenizer) {
  auto ids = tokenizer.stop_ids();
  std::erase(ids, tokenizer.bos_id());
  if (ids.empty()) return {};
  return ids.size() == 1 ? Json(ids.front()) : Json(ids);
}

/// What transformers calls `config`. `tokenizer` gives the ids of the special tokens.
Json to_json(const ModelConfig& config, bool classifies, const Tokenizer& tokenizer,
             std::string_view dtype) {
  const Json rope_scaling = to_json(config.rope_scaling);
  Json rope_parameters = rope_scaling;
  rope_parameters["rope_theta"] = config.rope_theta;
  const auto id_or_null = [](std::int64_t id) { return id < 0 ? Json() : Json(id); };
  const Architecture& architecture = architecture_of(config);
  const auto class_name = classifies ? architecture.classifier_name : architecture.class_name;
  Json json{{"architectures", Json::array({class_name})},
            {"model_type", architecture.model_type},
            {"hidden_size", config.dim},
            {"intermediate_size", config.hidden_dim},
            {"num_hidden_layers", config.n_layers},
            {"num_attention_heads", config.n_heads},
            {"num_key_value_heads", config.n_kv_heads},
            {"head_dim", config.head_dim},
            {"vocab_size", config.vocab_size},
            {"max_position_embeddings", config.max_seq_len},
            {"rms_norm_eps", config.norm_eps},
            {"rope_theta", config.rope_theta},
            {"rope_parameters", std::move(rope_parameters)},
            {"hidden_act", "silu"},
            {"attention_bias", config.output_bias},
            {"mlp_bias", false},
            {"tie_word_embeddings", config.tied_embeddings},
            {"bos_token_id", id_or_null(tokenizer.bos_id())},
            {"eos_token_id", end_ids(tokenizer)},
            {"torch_dtype", dtype}};
  if (config.rope_scaling.kind != "default") json["rope_scaling"] = rope_scaling;
  return json;
}

/// Gives tensors under Hugging Face's names to `stored`, under minillama's and in its order of
/// rows.
void take_records(std::vector<Found> records, StoredModel& stored, Memory& memory) {
  std::set<std::string> names;
  for (auto& [record, path] : records) {
    record.name = without_wrappers(record.name);
    if (record.name.ends_with(".rotary_emb.inv_freq")) continue;  // of old versions
    refuse_quantized_tensor(record.name, path);
    const bool is_head = stored.classifier && record.name == kScore;
    const auto our_name =
        is_head ? "classifier_head.weight" : from_spelling(kHuggingFace, record.name);
    if (!our_name) {
      throw FileError(path, fmt::format("tensor {} is none of a Llama{}", quote(record.name),
                                        stored.classifier ? "'s classifier" : ""));
    }
    if (!names.insert(*our_name).second) {
      throw FileError(path, fmt::format("tensor {} is there twice", quote(record.name)));
    }
    record.name = *our_name;
    if (const auto heads = rotary_heads(record.name, stored.config); heads > 0) {
      record =
          reorder_rows(record, heads, RotaryRows::pairs, memory.reordered.emplace_back(), path);
    }
    (is_head ? stored.head : stored.tensors).push_back(std::move(record));
  }
}

}  // namespace

StoredModel open_hugging_face(const std::filesystem::path& directory, const Json& json) {
  const auto config_path = directory / "config.json";
  StoredModel stored{.format = "Hugging Face's directory",
                     .path = directory / kWeights,
                     .config = read_hugging_face_config(json, config_path),
                     .classifier = read_hugging_face_classifier(json, config_path)};
  const auto memory = std::make_shared<Memory>();
  take_records(read_records(directory, stored.path, *memory), stored, *memory);
  settle_output(JsonObject(json, config_path), stored);
  stored.file = memory;
  return stored;
}

bool has_hugging_face_names(const std::vector<TensorRecord>& tensors) {
  return std::ranges::any_of(tensors, [](const TensorRecord& tensor) {
    return without_wrappers(tensor.name).starts_with(kHuggingFace.layer);
  });
}

StoredModel open_hugging_face_file(const std::filesystem::path& path,
                                   const std::filesystem::path& config_path) {
  const MappedFile config(config_path);
  const Json json = parse_json(as_text(config.bytes()), config_path);
  if (!is_hugging_face(json)) {
    throw FileError(config_path,
                    fmt::format("is none of Hugging Face's, as the tensors of {} would need",
                                quote(path.native(), 400)));
  }
  StoredModel stored{.format = "a file of Hugging Face's tensors",
                     .path = path,
                     .config = read_hugging_face_config(json, config_path),
                     .classifier = read_hugging_face_classifier(json, config_path)};
  const auto memory = std::make_shared<Memory>();
  std::vector<Found> found;
  for (auto& record : records_of(path, *memory)) found.push_back({std::move(record), path});
  take_records(std::move(found), stored, *memory);
  settle_output(JsonObject(json, config_path), stored);
  stored.file = memory;
  return stored;
}

void write_hugging_face(const std::filesystem::path& directory, const StoredModel& model,
                        const Tokenizer& tokenizer) {
  if (model.config.norm != NormKind::rmsnorm) {
    throw OptionError("a Hugging Face Llama has RMSNorm; this model has LayerNorm");
  }
  if (model.config.attention != AttentionKind::causal) {
    throw OptionError("a Hugging Face Llama is causal; this model's attention is full");
  }
  if (model.config.rope_scaling.kind == "divisors") {
    throw OptionError(
        "a Hugging Face Llama cannot have rope_scaling of the kind divisors, a table of a GGUF "
        "file");
  }
  if (const auto other = other_than_rope(model.config); !other.empty()) {
    throw OptionError(
        fmt::format("a Hugging Face Llama has rotary positions in all dimensions of a head; this "
                    "model has {}",
                    other));
  }
  architecture_of(model.config);  // is one
  if (model.classifier) require_hugging_face_classifier(model);
  std::vector<std::vector<std::byte>> memory;
  memory.reserve(model.tensors.size());  // the records point into it
  std::vector<TensorRecord> tensors;
  for (TensorRecord record : model.tensors) {
    if (const auto heads = rotary_heads(record.name, model.config); heads > 0) {
      record = reorder_rows(record, heads, RotaryRows::halves, memory.emplace_back(), directory);
    }
    record.name = to_spelling(kHuggingFace, record.name).value();
    tensors.push_back(std::move(record));
  }
  for (TensorRecord record : model.head) {
    if (record.name.ends_with(".bias")) continue;
    record.name = kScore;
    tensors.push_back(std::move(record));
  }

  const auto dtype = to_string(model.tensors.at(0).dtype);
  Json json = to_json(model.config, model.classifier.has_value(), tokenizer, dtype);
  auto tokenizer_config = tokenizer.model().hugging_face_config(tokenizer.special_tokens());
  if (model.classifier) {
    Json tokens = Json::parse(tokenizer_config);
    write_hugging_face_classifier(*model.classifier, tokenizer, json, tokens);
    tokenizer_config = tokens.dump(2) + "\n";
  }
  const std::string config = json.dump(2) + "\n";
  begin_directory(directory, config, tokenizer);
  write_safetensors(directory / kWeights, tensors, {{"format", "pt"}});
  write_tokenizer(directory, tokenizer.files());
  write_chat_template(directory, tokenizer.chat_template());
  write_file(directory / "tokenizer_config.json", tokenizer_config);
  write_file(directory / "config.json", config);
}

}  // namespace minillama
