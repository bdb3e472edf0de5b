#include "minillama/checkpoint/torch_checkpoint.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "minillama/checkpoint/directory.h"
#include "minillama/checkpoint/hugging_face.h"
#include "minillama/core/error.h"
#include "minillama/io/file_kind.h"
#include "minillama/io/torch_save.h"
#include "minillama/io/torch_save_writer.h"

namespace minillama {
namespace {

/// The entries of model_args, read with checks.
class ModelArgs {
 public:
  /// Throws FileError naming an entry that is not known and not None: it may change what the model
  /// computes.
  ModelArgs(const TorchSaveFile& file) : path_(file.path()) {
    const auto args = file.root().find("model_args");
    are_there_ = args && !args->is_none();
    if (are_there_ && !args->is_mapping()) throw FileError(path_, "model_args is no dict");
    for (auto& [key, value] : file.scalars_under("model_args")) values_.emplace(key, value);
    for (const auto& [key, value] : values_) {
      if (std::ranges::find(kKnown, key) != kKnown.end()) continue;
      if (std::holds_alternative<std::monostate>(value)) continue;
      if (key == "use_scaled_rope" && value == PythonScalar(false)) continue;
      throw FileError(path_,
                      fmt::format("model_args: {} is not known: it may change what the model "
                                  "computes",
                                  quote(key)));
    }
  }

  bool are_there() const { return are_there_; }

  std::int64_t integer(const std::string& key) const {
    if (const auto value = find<std::int64_t>(key, "an int")) return *value;
    throw FileError(path_, fmt::format("model_args has no {}", quote(key)));
  }
  std::int64_t integer(const std::string& key, std::int64_t otherwise) const {
    return find<std::int64_t>(key, "an int").value_or(otherwise);
  }
  double number(const std::string& key, double otherwise) const {
    const auto found = values_.find(key);
    if (found != values_.end() && std::holds_alternative<std::int64_t>(found->second)) {
      return static_cast<double>(std::get<std::int64_t>(found->second));
    }
    return find<double>(key, "a number").value_or(otherwise);
  }
  std::string_view string(const std::string& key, std::string_view otherwise) const {
    return find<std::string_view>(key, "a string").value_or(otherwise);
  }

 private:
  /// Empty if the entry is absent or None.
  template <typename T>
  std::optional<T> find(const std::string& key, std::string_view type) const {
    const auto found = values_.find(key);
    if (found == values_.end() || std::holds_alternative<std::monostate>(found->second)) return {};
    if (const T* value = std::get_if<T>(&found->second)) return *value;
    const auto* other = std::get_if<PythonOther>(&found->second);
    throw FileError(path_, fmt::format("model_args: {} is {}, and not {}", quote(key),
                                       other != nullptr ? other->kind : "of another type", type));
  }

  static constexpr std::array<std::string_view, 14> kKnown = {
      "dim",         "n_layers",   "n_heads",        "n_kv_heads", "hidden_dim",
      "multiple_of", "vocab_size", "max_seq_len",    "norm_eps",   "dropout",
      "norm",        "rope_theta", "max_batch_size", "device"};

  std::filesystem::path path_;
  bool are_there_ = false;
  std::map<std::string, PythonScalar> values_;
};

/// llama2.c's spelling of the projections, and the assignment's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSpellings{{
    {".attention.wq.", ".attention.compute_query."},
    {".attention.wk.", ".attention.compute_key."},
    {".attention.wv.", ".attention.compute_value."},
    {".attention.wo.", ".attention.compute_output."},
}};

bool replace(std::string& name, std::string_view part, std::string_view by) {
  const auto position = name.find(part);
  if (position == std::string::npos) return false;
  name.replace(position, part.size(), by);
  return true;
}

/// llama2.c's spelling of the projections to the assignment's. Tells whether anything changed.
bool respell(std::string& name) {
  return std::ranges::any_of(kSpellings, [&](const auto& spelling) {
    return replace(name, spelling.first, spelling.second);
  });
}

/// model_args of a model, without what follows from the defaults.
std::vector<std::pair<std::string, PythonScalar>> model_args(const ModelConfig& config) {
  std::vector<std::pair<std::string, PythonScalar>> args = {{"dim", config.dim},
                                                            {"n_layers", config.n_layers},
                                                            {"n_heads", config.n_heads},
                                                            {"n_kv_heads", config.n_kv_heads},
                                                            {"vocab_size", config.vocab_size},
                                                            {"multiple_of", config.multiple_of},
                                                            {"max_seq_len", config.max_seq_len},
                                                            {"dropout", config.dropout}};
  ModelConfig without_hidden_dim = config;
  without_hidden_dim.hidden_dim = 0;
  if (without_hidden_dim.resolved() != config) args.emplace_back("hidden_dim", config.hidden_dim);
  if (config.norm_eps != 1e-5) args.emplace_back("norm_eps", config.norm_eps);
  if (config.rope_theta != 1e4) args.emplace_back("rope_theta", config.rope_theta);
  return args;
}

/// Throws OptionError naming the field if model_args cannot say what the model is.
void require_args(const ModelConfig& config) {
  const auto refuse = [](std::string_view field) {
    throw OptionError(
        fmt::format("a .pt cannot hold this model: its model_args have no {}", field));
  };
  if (config.query_dim() != config.dim) refuse("head_dim");
  if (config.rope_scaling.kind != "default") refuse("rope_scaling");
  if (config.positions != "rope") refuse("positions");
  if (config.rotary_share != 1) refuse("rotary_share");
  if (config.qkv_bias) refuse("qkv_bias");
  if (config.output_bias) refuse("output_bias");
  if (config.qk_norm) refuse("qk_norm");
}

ModelConfig config_from(const ModelArgs& args, bool llama2c_names,
                        const std::filesystem::path& path) {
  try {
    return ModelConfig{
        .dim = args.integer("dim"),
        .n_layers = args.integer("n_layers"),
        .n_heads = args.integer("n_heads"),
        .n_kv_heads = args.integer("n_kv_heads", 0),
        .hidden_dim = args.integer("hidden_dim", 0),
        .multiple_of = args.integer("multiple_of", 1),
        .vocab_size = args.integer("vocab_size"),
        .max_seq_len = args.integer("max_seq_len"),
        .norm_eps = args.number("norm_eps", 1e-5),
        .rope_theta = args.number("rope_theta", 1e4),
        .dropout = args.number("dropout", 0),
        .norm = norm_kind(args.string("norm", llama2c_names ? "rmsnorm" : "layernorm"))}
        .resolved();
  } catch (const OptionError& error) {
    throw FileError(path, fmt::format("model_args: {}", error.what()));
  }
}

bool same_bytes(const TensorRecord& a, const TensorRecord& b) {
  return a.dtype == b.dtype && a.shape == b.shape && a.strides == b.strides &&
         a.data.size() == b.data.size() &&
         (a.data.data() == b.data.data() || std::ranges::equal(a.data, b.data));
}

/// The tensors under "model" or what other trainers call it, else those of a bare state dict.
std::vector<TensorRecord> tensors_of(const TorchSaveFile& file) {
  for (const auto* key : {"model", "state_dict", "model_state_dict"}) {
    if (file.has_mapping(key)) return file.tensors_under(key);
  }
  auto tensors = file.tensors();
  if (tensors.empty()) {
    throw FileError(file.path(),
                    "holds no \"model\": a checkpoint is a dict of model and model_args");
  }
  return tensors;
}

}  // namespace

bool to_assignment_names(std::vector<TensorRecord>& tensors) {
  bool changed = false;
  for (auto& tensor : tensors) changed |= respell(tensor.name);
  return changed;
}

bool drop_tied_output(std::vector<TensorRecord>& tensors) {
  const auto named = [&](std::string_view name) {
    return std::ranges::find(tensors, name, &TensorRecord::name);
  };
  const auto output = named("output.weight");
  if (output == tensors.end()) return true;
  const auto embeddings = named("tok_embeddings.weight");
  if (embeddings == tensors.end() || !same_bytes(*embeddings, *output)) return false;
  tensors.erase(output);
  return true;
}

StoredModel open_torch_checkpoint(const std::filesystem::path& path,
                                  const std::filesystem::path& config) {
  const auto file = std::make_shared<TorchSaveFile>(path);
  auto tensors = tensors_of(*file);
  StoredModel stored{
      .format = "torch.save", .path = path, .tensors = std::move(tensors), .file = file};

  const ModelArgs args(*file);
  if (args.are_there() && !config.empty()) {
    throw OptionError(fmt::format("config {} has no effect: {} says itself what its model is",
                                  quote(config.native(), 400), quote(path.native(), 400)));
  }
  if (!config.empty() && has_hugging_face_names(stored.tensors)) {
    return open_hugging_face_file(path, config);
  }
  for (const auto& record : stored.tensors) refuse_quantized_tensor(record.name, path);
  const bool llama2c_names = to_assignment_names(stored.tensors);
  if (args.are_there()) {
    stored.config = config_from(args, llama2c_names, path);
  } else if (!config.empty()) {
    stored.config = read_config_file(config);
  } else {
    throw FileError(path, "holds no model_args: give the model's config.json");
  }
  stored.config.tied_embeddings = drop_tied_output(stored.tensors);
  return stored;
}

void write_torch_checkpoint(const std::filesystem::path& path, const StoredModel& model) {
  require_args(model.config);
  std::vector<TensorRecord> tensors = model.tensors;
  if (model.config.tied_embeddings) {
    auto output = *std::ranges::find(tensors, "tok_embeddings.weight", &TensorRecord::name);
    output.name = "output.weight";
    tensors.push_back(std::move(output));
  }
  if (model.config.norm == NormKind::rmsnorm) {
    for (auto& tensor : tensors) {
      for (const auto& [theirs, ours] : kSpellings) replace(tensor.name, ours, theirs);
    }
  }
  write_torch_save(path, tensors, model_args(model.config));
}

}  // namespace minillama
