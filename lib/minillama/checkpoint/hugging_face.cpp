#include "minillama/checkpoint/hugging_face.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "minillama/checkpoint/directory.h"
#include "minillama/checkpoint/rotary_rows.h"
#include "minillama/checkpoint/spelling.h"
#include "minillama/checkpoint/tensors.h"
#include "minillama/core/error.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/hugging_face_config.h"
#include "minillama/io/mapped_file.h"
#include "minillama/io/safetensors.h"

namespace minillama {
namespace {

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

/// What the records of an opened directory point into.
struct Memory {
  std::vector<SafetensorsFile> files;
  std::vector<std::vector<std::byte>> reordered;
};

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
  if (!model.config.tied_embeddings || !has_output) return;
  const auto embeddings = named("tok_embeddings.weight");
  if (embeddings == model.tensors.end() || !same_bytes(*embeddings, *output)) {
    throw FileError(model.path,
                    "holds an lm_head.weight that is not the embeddings, although "
                    "config.json says that they are tied");
  }
  model.tensors.erase(output);
}

/// What transformers calls `config`. `tokenizer` gives the ids of the special tokens.
Json to_json(const ModelConfig& config, const Tokenizer& tokenizer, std::string_view dtype) {
  const auto id_or_null = [](std::int64_t id) { return id < 0 ? Json() : Json(id); };
  return {{"architectures", Json::array({"LlamaForCausalLM"})},
          {"model_type", "llama"},
          {"hidden_size", config.dim},
          {"intermediate_size", config.hidden_dim},
          {"num_hidden_layers", config.n_layers},
          {"num_attention_heads", config.n_heads},
          {"num_key_value_heads", config.n_kv_heads},
          {"head_dim", config.head_dim()},
          {"vocab_size", config.vocab_size},
          {"max_position_embeddings", config.max_seq_len},
          {"rms_norm_eps", config.norm_eps},
          {"rope_theta", config.rope_theta},
          {"rope_parameters", {{"rope_type", "default"}, {"rope_theta", config.rope_theta}}},
          {"hidden_act", "silu"},
          {"attention_bias", false},
          {"mlp_bias", false},
          {"tie_word_embeddings", config.tied_embeddings},
          {"bos_token_id", id_or_null(tokenizer.bos_id())},
          {"eos_token_id", id_or_null(tokenizer.eos_id())},
          {"torch_dtype", dtype}};
}

Json tokenizer_config(const Tokenizer& tokenizer) {
  const auto piece_or_null = [&](std::int64_t id) {
    return id < 0 ? Json() : Json(tokenizer.piece(id));
  };
  return {{"tokenizer_class", "LlamaTokenizer"},
          {"bos_token", piece_or_null(tokenizer.bos_id())},
          {"eos_token", piece_or_null(tokenizer.eos_id())},
          {"unk_token", piece_or_null(tokenizer.unk_id())},
          {"add_bos_token", true},
          {"add_eos_token", false},
          {"legacy", true}};
}

std::string text_of(const Json& json) {
  return json.dump(2) + "\n";
}

}  // namespace

StoredModel open_hugging_face(const std::filesystem::path& directory, const Json& json) {
  const auto config_path = directory / "config.json";
  StoredModel stored{.path = directory / kWeights,
                     .config = read_hugging_face_config(json, config_path)};
  std::set<std::string> names = {kWeights};
  if (!std::filesystem::exists(directory / kWeights) &&
      std::filesystem::exists(directory / kIndex)) {
    stored.path = directory / kIndex;
    const MappedFile index(stored.path);
    names = read_hugging_face_index(parse_json(as_text(index.bytes()), stored.path), stored.path);
  }
  const auto memory = std::make_shared<Memory>();
  for (const auto& name : names) {
    const SafetensorsFile& file = memory->files.emplace_back(directory / name);
    for (TensorRecord record : file.tensors()) {
      if (record.name.ends_with(".rotary_emb.inv_freq")) continue;  // of old versions
      const auto our_name = from_spelling(kHuggingFace, record.name);
      if (!our_name) {
        throw FileError(file.path(),
                        fmt::format("tensor {} is none of a Llama", quote(record.name)));
      }
      record.name = *our_name;
      if (const auto heads = rotary_heads(record.name, stored.config); heads > 0) {
        record = reorder_rows(record, heads, RotaryRows::pairs, memory->reordered.emplace_back(),
                              file.path());
      }
      stored.tensors.push_back(std::move(record));
    }
  }
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

  const std::string config =
      text_of(to_json(model.config, tokenizer, to_string(model.tensors.at(0).dtype)));
  begin_directory(directory, config, tokenizer.serialized());
  write_safetensors(directory / kWeights, tensors, {{"format", "pt"}});
  write_file(directory / "tokenizer.model", tokenizer.serialized());
  write_file(directory / "tokenizer_config.json", text_of(tokenizer_config(tokenizer)));
  write_file(directory / "config.json", config);
}

}  // namespace minillama
