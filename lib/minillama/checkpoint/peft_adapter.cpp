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
#include "minillama/io/safetensors.h"
#include "minillama/io/torch_save.h"
#include "minillama/weights/adapter_kinds.h"

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

/// A tensor's place in an adapter.
struct Place {
  std::string linear;                     ///< "layers.0.attention.compute_query"
  const AdapterTensor* tensor = nullptr;  ///< lora_A
};

/// Where "model.layers.0.self_attn.q_proj.lora_A.weight" belongs in an adapter that has `tensors`
/// beside its linears; empty if nowhere.
std::optional<Place> place_of(std::string_view name, const std::vector<AdapterTensor>& tensors) {
  const auto found = std::ranges::find_if(tensors, [&](const AdapterTensor& tensor) {
    return name.ends_with(fmt::format(".{}", tensor.peft_name));
  });
  if (found == tensors.end()) return {};
  name.remove_suffix(found->peft_name.size() + 1);
  const auto linear = from_spelling(kHuggingFace, name);
  if (!linear) return {};
  return Place{*linear, &*found};
}

/// Throws FileError if a tensor has not as many rows as the options say, where they say it.
void check_rows(const TensorRecord& record, const AdapterTensor& tensor,
                const std::filesystem::path& path) {
  const auto rows = tensor.shape.front();
  if (rows == kMatrixRows || rows == kMatrixCols) return;  // which the model says
  if (record.shape.size() == tensor.shape.size() && record.shape.front() == rows) return;
  throw FileError(path, fmt::format("tensor {}: has no {} rows, as many as {} says",
                                    quote(record.name), rows, kPeftConfig));
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

std::optional<AttentionKind> read_attention(const AdapterFile& file,
                                            const std::filesystem::path& path) {
  const auto found = file.metadata.find(kPeftAttention);
  if (found == file.metadata.end()) return {};
  try {
    return attention_kind(found->second);
  } catch (const OptionError& error) {
    throw FileError(path, fmt::format("metadata {}: {}", quote(kPeftAttention), error.what()));
  }
}

Json read_config(const std::filesystem::path& path) {
  const MappedFile config(path);
  return parse_json(as_text(config.bytes()), path);
}

/// What names the base; "" if nothing does.
std::string base_path(const Json& config, const std::filesystem::path& path) {
  constexpr const char* kField = "base_model_name_or_path";
  const JsonObject fields(config, path);
  return fields.has(kField) ? fields.string(kField) : "";
}

}  // namespace

bool is_peft_adapter(const std::filesystem::path& path) {
  return std::filesystem::exists(path / kPeftConfig);
}

PeftAdapter open_peft_adapter(const std::filesystem::path& directory) {
  // safetensors before the pickle of old versions, as in PEFT.
  const bool is_pickle = !std::filesystem::exists(directory / kPeftWeights) &&
                         std::filesystem::exists(directory / kPeftPickle);
  const auto config_path = directory / kPeftConfig;
  const Json config = read_config(config_path);
  PeftAdapter adapter{.path = directory / (is_pickle ? kPeftPickle : kPeftWeights),
                      .options = read_peft_config(config, config_path)};
  const auto tensors = adapter.options.tensors();
  std::vector<std::string> linears;  // those that have the first of the tensors

  const auto file = read_adapter_file(adapter.path);
  adapter.base = read_adapter_base(base_path(config, config_path), file.metadata, adapter.path);
  for (TensorRecord record : file.tensors) {
    std::string_view name = without_wrappers(record.name);
    if (name.starts_with(kPeftPrefix)) name.remove_prefix(kPeftPrefix.size());
    if (const auto head = head_name(name)) {
      record.name = *head;
      adapter.head.push_back(std::move(record));
    } else if (const auto place = place_of(name, tensors)) {
      const auto& [linear, tensor] = *place;
      record.name = fmt::format("{}.{}", linear, tensor->name);
      check_rows(record, *tensor, adapter.path);
      adapter.tensors.push_back(std::move(record));
      if (tensor == &tensors.front()) linears.push_back(linear);
    } else {
      throw FileError(adapter.path,
                      fmt::format("tensor {} is no adapter's of a Llama", quote(record.name)));
    }
  }
  adapter.attention = read_attention(file, adapter.path);
  if (!adapter.head.empty()) {
    adapter.classifier = read_head(file, adapter.head, adapter.path);
    adapter.has_labels = file.metadata.contains(kPeftClassifier);
  }
  adapter.options = adapter.options.with_targets(std::move(linears));
  try {
    adapter.options.validate();
  } catch (const OptionError& error) {
    throw FileError(adapter.path, error.what());
  }
  adapter.file = file.file;
  return adapter;
}

std::filesystem::path base_of_peft_adapter(const std::filesystem::path& directory) {
  return find_base(directory, open_peft_adapter(directory).base);
}

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

}  // namespace minillama
