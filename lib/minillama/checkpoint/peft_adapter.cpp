#include "minillama/checkpoint/peft_adapter.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "minillama/checkpoint/model_json.h"
#include "minillama/checkpoint/rotary_rows.h"
#include "minillama/checkpoint/spelling.h"
#include "minillama/checkpoint/tensors.h"
#include "minillama/core/check.h"
#include "minillama/core/json.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/mapped_file.h"
#include "minillama/io/module_wrappers.h"
#include "minillama/io/peft_config.h"
#include "minillama/io/safetensors.h"
#include "minillama/io/torch_save.h"
#include "minillama/model/lora.h"

namespace minillama {
namespace {

constexpr std::string_view kPrefix = "base_model.model.";
constexpr std::string_view kWeight = ".weight";
constexpr const char* kConfigFile = "adapter_config.json";
constexpr const char* kWeightsFile = "adapter_model.safetensors";
constexpr const char* kPickleFile = "adapter_model.bin";
constexpr const char* kClassifier = "minillama.classifier";  // the key among the metadata

/// The least that names all of `linears` and no other of `n_layers` layers: the end of a name
/// ("compute_query") where every layer has it, else whole names.
std::vector<std::string> shortest_targets(const std::vector<std::string>& linears,
                                          std::int64_t n_layers) {
  std::map<std::string, std::vector<std::string>> by_end;
  for (const auto& name : linears) by_end[name.substr(name.rfind('.') + 1)].push_back(name);
  std::vector<std::string> targets;
  for (const auto& [end, names] : by_end) {
    if (std::ssize(names) == n_layers) {
      targets.push_back(end);
    } else {
      targets.insert(targets.end(), names.begin(), names.end());
    }
  }
  return targets;
}

std::string without_suffix(const std::string& name) {
  return name.substr(0, name.rfind('.'));
}

/// "base_model.model.score.weight" -> "classifier_head.weight"
std::optional<std::string> head_name(std::string_view name) {
  for (const std::string_view module : {"score", "classifier"}) {
    for (const std::string_view part : {"weight", "bias"}) {
      if (name == fmt::format("{}.{}", module, part))
        return fmt::format("classifier_head.{}", part);
    }
  }
  return {};
}

/// "model.layers.0.self_attn.q_proj.lora_A.weight" -> "layers.0.attention.compute_query.lora_A"
std::optional<std::string> adapter_name(std::string_view name) {
  if (!name.ends_with(kWeight)) return {};
  name.remove_suffix(kWeight.size());
  if (!is_adapter_parameter(name)) return {};
  return from_spelling(kHuggingFace, name);
}

/// The tensors of an adapter's file, and what keeps their bytes alive.
struct AdapterFile {
  std::vector<TensorRecord> tensors;
  std::map<std::string, std::string> metadata;
  std::shared_ptr<const void> file;
};

AdapterFile read_adapter_file(const std::filesystem::path& path) {
  if (path.filename() == kPickleFile) {
    const auto file = std::make_shared<TorchSaveFile>(path);
    return {.tensors = file->tensors(), .metadata = {}, .file = file};
  }
  const auto file = std::make_shared<SafetensorsFile>(path);
  return {.tensors = file->tensors(), .metadata = file->metadata(), .file = file};
}

ClassifierConfig read_head(const AdapterFile& file, const std::vector<TensorRecord>& head,
                           const std::filesystem::path& path) {
  const auto found = file.metadata.find(kClassifier);
  if (found != file.metadata.end()) {
    return read_classifier_config(parse_json(found->second, path), path);
  }
  ClassifierConfig config{.label_names = {}, .pooling = PoolingKind::last};
  const auto weight = std::ranges::find(head, "classifier_head.weight", &TensorRecord::name);
  if (weight == head.end() || weight->shape.size() != 2 || weight->shape[0] < 2) {
    throw FileError(path, "the head's weight is missing or no matrix of at least two rows");
  }
  for (std::int64_t i = 0; i < weight->shape[0]; ++i) {
    config.label_names.push_back(fmt::format("LABEL_{}", i));
  }
  return config;
}

/// Whether the rows of a tensor are those of a rotated head: of lora_B, not of lora_A.
std::int64_t rotary_heads_of(const std::string& name, const ModelConfig& config) {
  return name.ends_with(".lora_B") ? rotary_heads(name, config) : 0;
}

void write(const std::filesystem::path& directory, Llama& llama, const NamedTensors& head,
           const std::map<std::string, std::string>& metadata, const std::string& base_model) {
  const auto active = active_adapter(llama);
  if (active.empty()) throw OptionError("the model has no active adapter to write");
  if (llama->config().norm != NormKind::rmsnorm) {
    throw OptionError("PEFT's base would be a Llama with RMSNorm; this model has LayerNorm");
  }
  const auto parameters = adapter_parameters(llama, active);
  for (const auto& values : {parameters, head}) {
    require_storable(values, std::numeric_limits<double>::infinity());
  }
  std::vector<torch::Tensor> tensors;
  std::vector<std::vector<std::byte>> reordered;
  reordered.reserve(parameters.size());  // the records point into it
  std::vector<TensorRecord> records;
  std::vector<std::string> linears;
  const auto add = [&](const std::string& name, const torch::Tensor& parameter) {
    tensors.push_back(parameter.detach().to(torch::kCPU, torch::kFloat).contiguous());
    records.push_back(to_record(name, tensors.back()));
  };
  for (const auto& [name, parameter] : parameters) {
    const auto theirs = to_spelling(kHuggingFace, name).value();
    add(fmt::format("{}{}{}", kPrefix, theirs, kWeight), parameter);
    if (name.ends_with(".lora_A")) linears.push_back(without_suffix(theirs));
    if (const auto heads = rotary_heads_of(name, llama->config()); heads > 0) {
      records.back() = reorder_rows(records.back(), heads, RotaryRows::halves,
                                    reordered.emplace_back(), directory);
    }
  }
  for (const auto& [name, parameter] : head) add(std::string(kPrefix) + name, parameter);

  const LoraOptions options = adapters_of(llama).at(active);
  const Json config{{"peft_type", "LORA"},
                    {"task_type", head.empty() ? "CAUSAL_LM" : "SEQ_CLS"},
                    {"base_model_name_or_path", base_model},
                    {"r", options.rank},
                    {"lora_alpha", options.alpha},
                    {"lora_dropout", options.dropout},
                    {"target_modules", shortest_targets(linears, llama->config().n_layers)},
                    {"bias", "none"},
                    {"fan_in_fan_out", false},
                    {"inference_mode", true},
                    {"init_lora_weights", true},
                    {"modules_to_save", head.empty() ? Json() : Json::array({"score"})}};
  make_directory(directory);
  write_safetensors(directory / kWeightsFile, records, metadata);
  write_file(directory / kConfigFile, config.dump(2) + "\n");
}

Json read_config(const std::filesystem::path& directory) {
  const MappedFile config(directory / kConfigFile);
  return parse_json(as_text(config.bytes()), config.path());
}

}  // namespace

bool is_peft_adapter(const std::filesystem::path& path) {
  return std::filesystem::exists(path / kConfigFile);
}

std::filesystem::path base_of_peft_adapter(const std::filesystem::path& directory) {
  const Json config = read_config(directory);
  const auto name = JsonObject(config, directory / kConfigFile).string("base_model_name_or_path");
  if (name.empty()) {
    throw FileError(directory / kConfigFile, "field \"base_model_name_or_path\" names no model");
  }
  return (directory / name).lexically_normal();
}

PeftAdapter open_peft_adapter(const std::filesystem::path& directory) {
  // safetensors before the pickle of old versions, as in PEFT.
  const bool is_pickle = !std::filesystem::exists(directory / kWeightsFile) &&
                         std::filesystem::exists(directory / kPickleFile);
  PeftAdapter adapter{.path = directory / (is_pickle ? kPickleFile : kWeightsFile)};
  const auto [rank, alpha, dropout] =
      read_peft_config(read_config(directory), directory / kConfigFile);
  adapter.options = {.rank = rank, .alpha = alpha, .dropout = dropout};

  const auto file = read_adapter_file(adapter.path);
  for (TensorRecord record : file.tensors) {
    std::string_view name = without_wrappers(record.name);
    if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
    if (const auto head = head_name(name)) {
      record.name = *head;
      adapter.head.push_back(std::move(record));
    } else if (const auto ours = adapter_name(name)) {
      record.name = *ours;
      if (ours->ends_with(".lora_A") &&
          (record.shape.size() != 2 || record.shape[0] != adapter.options.rank)) {
        throw FileError(adapter.path, fmt::format("tensor {}: has no {} rows, as many as r in {}",
                                                  quote(*ours), adapter.options.rank, kConfigFile));
      }
      adapter.tensors.push_back(std::move(record));
    } else {
      throw FileError(adapter.path,
                      fmt::format("tensor {} is no adapter's of a Llama", quote(record.name)));
    }
  }
  if (!adapter.head.empty()) adapter.classifier = read_head(file, adapter.head, adapter.path);
  adapter.file = file.file;
  return adapter;
}

void add_peft_adapter(Llama& llama, const std::string& name, const PeftAdapter& adapter,
                      const torch::Generator& generator) {
  LoraOptions options = adapter.options;
  std::vector<std::string> linears;
  std::vector<std::vector<std::byte>> reordered;
  reordered.reserve(adapter.tensors.size());  // the records point into it
  std::vector<TensorRecord> tensors;
  for (const TensorRecord& tensor : adapter.tensors) {
    if (tensor.name.ends_with(".lora_A")) linears.push_back(without_suffix(tensor.name));
    const auto heads = rotary_heads_of(tensor.name, llama->config());
    tensors.push_back(heads == 0 ? tensor
                                 : reorder_rows(tensor, heads, RotaryRows::pairs,
                                                reordered.emplace_back(), adapter.path));
  }
  options.targets = shortest_targets(linears, llama->config().n_layers);
  try {
    options.validate();
    add_adapter(llama, name, options, generator);
  } catch (const OptionError& error) {
    throw FileError(adapter.path, error.what());
  }
  assign(adapter_parameters(llama, name), tensors, adapter.path);
}

Classifier make_peft_classifier(Llama llama, const PeftAdapter& adapter,
                                const torch::Generator& generator) {
  if (!adapter.classifier)
    throw FileError(adapter.path, "holds an adapter without a head, so no classifier");
  Classifier model(std::move(llama), *adapter.classifier, generator);
  NamedTensors head{{"classifier_head.weight", model->classifier_head->weight}};
  const torch::NoGradGuard no_grad;
  if (adapter.head.size() == 1) {
    model->classifier_head->bias.zero_();
  } else {
    head.emplace_back("classifier_head.bias", model->classifier_head->bias);
  }
  assign(head, adapter.head, adapter.path);
  model->eval();
  return model;
}

void write_peft_adapter(const std::filesystem::path& directory, Llama& llama,
                        const std::string& base_model) {
  write(directory, llama, {}, {{"format", "pt"}}, base_model);
}

void write_peft_adapter(const std::filesystem::path& directory, Classifier& model,
                        const std::string& base_model) {
  require_module(model, "the classifier");
  const auto& head = model->classifier_head;
  write(directory, model->llama, {{"score.weight", head->weight}, {"score.bias", head->bias}},
        {{"format", "pt"}, {kClassifier, to_json(model->config()).dump()}}, base_model);
}

}  // namespace minillama
