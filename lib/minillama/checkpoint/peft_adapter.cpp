#include "minillama/checkpoint/peft_adapter.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "minillama/checkpoint/model_json.h"
#include "minillama/checkpoint/peft_names.h"
#include "minillama/checkpoint/spelling.h"
#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/mapped_file.h"
#include "minillama/io/module_wrappers.h"
#include "minillama/io/peft_config.h"
#include "minillama/io/safetensors.h"
#include "minillama/io/torch_save.h"

namespace minillama {
namespace {

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
  if (!name.ends_with(kPeftSuffix)) return {};
  name.remove_suffix(kPeftSuffix.size());
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
  if (path.filename() == kPeftPickle) {
    const auto file = std::make_shared<TorchSaveFile>(path);
    return {.tensors = file->tensors(), .metadata = {}, .file = file};
  }
  const auto file = std::make_shared<SafetensorsFile>(path);
  return {.tensors = file->tensors(), .metadata = file->metadata(), .file = file};
}

ClassifierConfig read_head(const AdapterFile& file, const std::vector<TensorRecord>& head,
                           const std::filesystem::path& path) {
  const auto found = file.metadata.find(kPeftClassifier);
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

Json read_config(const std::filesystem::path& directory) {
  const MappedFile config(directory / kPeftConfig);
  return parse_json(as_text(config.bytes()), config.path());
}

}  // namespace

bool is_peft_adapter(const std::filesystem::path& path) {
  return std::filesystem::exists(path / kPeftConfig);
}

std::filesystem::path base_of_peft_adapter(const std::filesystem::path& directory) {
  const Json config = read_config(directory);
  const auto name = JsonObject(config, directory / kPeftConfig).string("base_model_name_or_path");
  if (name.empty()) {
    throw FileError(directory / kPeftConfig, "field \"base_model_name_or_path\" names no model");
  }
  return (directory / name).lexically_normal();
}

PeftAdapter open_peft_adapter(const std::filesystem::path& directory) {
  // safetensors before the pickle of old versions, as in PEFT.
  const bool is_pickle = !std::filesystem::exists(directory / kPeftWeights) &&
                         std::filesystem::exists(directory / kPeftPickle);
  PeftAdapter adapter{.path = directory / (is_pickle ? kPeftPickle : kPeftWeights)};
  const auto [rank, alpha, dropout] =
      read_peft_config(read_config(directory), directory / kPeftConfig);
  adapter.options = {.rank = rank, .alpha = alpha, .dropout = dropout};

  const auto file = read_adapter_file(adapter.path);
  for (TensorRecord record : file.tensors) {
    std::string_view name = without_wrappers(record.name);
    if (name.starts_with(kPeftPrefix)) name.remove_prefix(kPeftPrefix.size());
    if (const auto head = head_name(name)) {
      record.name = *head;
      adapter.head.push_back(std::move(record));
    } else if (const auto ours = adapter_name(name)) {
      record.name = *ours;
      if (ours->ends_with(".lora_A") &&
          (record.shape.size() != 2 || record.shape[0] != adapter.options.rank)) {
        throw FileError(adapter.path, fmt::format("tensor {}: has no {} rows, as many as r in {}",
                                                  quote(*ours), adapter.options.rank, kPeftConfig));
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

}  // namespace minillama
