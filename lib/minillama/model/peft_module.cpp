#include "minillama/model/peft_module.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "minillama/checkpoint/model_json.h"
#include "minillama/checkpoint/peft_names.h"
#include "minillama/checkpoint/peft_prefix.h"
#include "minillama/checkpoint/rotary_rows.h"
#include "minillama/checkpoint/spelling.h"
#include "minillama/core/check.h"
#include "minillama/core/json.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/safetensors.h"
#include "minillama/model/adapters.h"
#include "minillama/model/stored_module.h"
#include "minillama/model/tensors.h"
#include "minillama/weights/adapter_kinds.h"
#include "minillama/weights/prefix_options.h"

namespace minillama {
namespace {

/// A parameter with PEFT's dimensions of 1 besides its own.
torch::Tensor in_shape_of_peft(torch::Tensor parameter, const AdapterTensor& tensor) {
  for (std::size_t i = 0; i < tensor.peft_shape.size(); ++i) {
    if (tensor.peft_shape[i] == 1) parameter = parameter.unsqueeze(static_cast<std::int64_t>(i));
  }
  return parameter;
}

void write(const std::filesystem::path& directory, Llama& llama, const NamedTensors& head,
           std::map<std::string, std::string> metadata, const std::string& base_model,
           torch::ScalarType type) {
  const auto active = active_adapter(llama);
  if (active.empty()) throw OptionError("the model has no active adapter to write");
  if (llama->config().norm != NormKind::rmsnorm) {
    throw OptionError("PEFT's base would be a Llama with RMSNorm; this model has LayerNorm");
  }
  const auto [options, parameters] = stored_adapter(llama, active);
  for (const auto& values : {parameters, head}) require_storable_as(type, values);
  const AdapterKind& kind = kind_of(options);
  std::vector<torch::Tensor> tensors;
  std::vector<std::vector<std::byte>> reordered;
  reordered.reserve(parameters.size());  // the records point into it
  std::vector<TensorRecord> records;
  std::map<std::string, std::string> peft_names;  // of the linears
  const auto add = [&](const std::string& name, const torch::Tensor& parameter) {
    tensors.push_back(parameter.detach().to(torch::kCPU, type).contiguous());
    records.push_back(to_record(name, tensors.back()));
  };
  for (const auto& [name, parameter] : parameters) {
    const auto dot = name.rfind('.');
    const auto linear = name.substr(0, dot);
    const auto beside = options.tensors(linear);
    const auto tensor = std::ranges::find(beside, name.substr(dot + 1), &AdapterTensor::name);
    const auto peft_name = to_spelling(kHuggingFace, linear).value();
    add(fmt::format("{}{}.{}", kPeftPrefix, peft_name, tensor->peft_name),
        in_shape_of_peft(parameter, *tensor));
    peft_names.emplace(linear, peft_name);
    if (const auto heads = rotary_heads_of_adapter(name, options, llama->config()); heads > 0) {
      records.back() = reorder_rows(records.back(), heads, RotaryRows::halves,
                                    reordered.emplace_back(), directory);
    }
  }
  std::vector<std::byte> joined;
  const bool is_prefix = kind.name == PrefixOptions::kKind;
  if (is_prefix) records = {join_peft_prefix(records, llama->config(), joined)};
  for (const auto& [name, parameter] : head) add(std::string(kPeftPrefix) + name, parameter);

  Json config{{"peft_type", kind.peft_type},
              {"task_type", head.empty() ? "CAUSAL_LM" : "SEQ_CLS"},
              {"base_model_name_or_path", base_model}};
  std::vector<PeftLinear> linears;
  std::vector<std::string> adapted;
  for (const auto& [linear, peft_name] : peft_names) {
    linears.push_back({linear, peft_name});
    adapted.push_back(peft_name);
  }
  const auto targets = shortest_targets(adapted, llama->config().n_layers);
  config.update(kind.to_peft(options.with_targets(targets), linears));
  if (is_prefix) config.update(peft_prefix_sizes(llama->config()));
  config["modules_to_save"] = head.empty() ? Json() : Json::array({"score"});
  // Real Llamas are causal, and so is whatever does not say.
  if (llama->config().attention != AttentionKind::causal) {
    metadata[kPeftAttention] = to_string(llama->config().attention);
  }
  describe_base(directory, base_model, metadata);
  make_directory(directory);
  write_safetensors(directory / kPeftWeights, records, metadata);
  write_file(directory / kPeftConfig, config.dump(2) + "\n");
}

}  // namespace

void add_peft_adapter(Llama& llama, const std::string& name, const PeftAdapter& adapter,
                      const torch::Generator& generator) {
  std::vector<std::vector<std::byte>> reordered;
  reordered.reserve(adapter.tensors.size());  // the records point into it
  std::vector<TensorRecord> tensors;
  for (const TensorRecord& tensor : adapter.tensors) {
    const auto heads = rotary_heads_of_adapter(tensor.name, adapter.options, llama->config());
    tensors.push_back(heads == 0 ? tensor
                                 : reorder_rows(tensor, heads, RotaryRows::pairs,
                                                reordered.emplace_back(), adapter.path));
  }
  const auto targets = shortest_targets(adapter.options.targets(), llama->config().n_layers);
  try {
    add_adapter(llama, name, adapter.options.with_targets(targets), generator);
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
  assign_head(model, adapter.head, adapter.path);
  model->eval();
  return model;
}

void write_peft_adapter(const std::filesystem::path& directory, Llama& llama,
                        const std::string& base_model, torch::ScalarType type) {
  write(directory, llama, {}, {{"format", "pt"}}, base_model, type);
}

void write_peft_adapter(const std::filesystem::path& directory, Classifier& model,
                        const std::string& base_model, torch::ScalarType type) {
  require_module(model, "the classifier");
  const auto& head = model->classifier_head;
  write(directory, model->llama, {{"score.weight", head->weight}, {"score.bias", head->bias}},
        {{"format", "pt"}, {kPeftClassifier, to_json(model->config()).dump()}}, base_model, type);
}

}  // namespace minillama
