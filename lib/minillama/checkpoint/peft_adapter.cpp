#include "minillama/checkpoint/peft_adapter.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/checkpoint/model_json.h"
#include "minillama/checkpoint/peft_names.h"
#include "minillama/checkpoint/peft_prefix.h"
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
  PeftLinear linear;      ///< that it lies beside
  std::string peft_name;  ///< "lora_A.weight"
};

/// Where "model.layers.0.self_attn.q_proj.lora_A.weight" belongs; empty if beside no linear.
std::optional<Place> place_of(std::string_view name) {
  const auto ours = from_spelling(kHuggingFace, name);  // but for the end
  if (!ours) return {};
  for (const auto& part : matrix_parts()) {
    const auto found = ours->find(fmt::format(".{}.", part.name));
    if (found == std::string::npos) continue;
    const auto size = found + 1 + part.name.size();
    const auto rest = ours->substr(size + 1);
    name.remove_suffix(rest.size() + 1);
    return Place{{ours->substr(0, size), std::string(name)}, rest};
  }
  return {};
}

[[noreturn]] void refuse_tensor(const TensorRecord& record, const std::filesystem::path& path) {
  throw FileError(path, fmt::format("tensor {} is no adapter's of a Llama", quote(record.name)));
}

/// Takes the dimensions from a record that are 1 in `peft_shape`. Throws FileError if they are not.
void drop_ones(TensorRecord& record, const std::vector<std::int64_t>& peft_shape,
               const std::filesystem::path& path) {
  for (std::size_t i = peft_shape.size(); i-- > 0;) {
    if (peft_shape[i] != 1) continue;
    if (record.shape.size() != peft_shape.size() || record.shape[i] != 1) {
      throw FileError(path, fmt::format("tensor {} is [{}], whose dimension {} must be 1",
                                        quote(record.name), fmt::join(record.shape, ", "), i));
    }
    record.shape.erase(record.shape.begin() + static_cast<std::ptrdiff_t>(i));
    record.strides.erase(record.strides.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

/// Gives a record its place's name, which it must have in an adapter with these options, and checks
/// what the options say of its shape. Throws FileError.
void take_place(TensorRecord& record, const Place& place, const AdapterOptions& options,
                const std::filesystem::path& path) {
  const auto tensors = options.tensors(place.linear.name);
  const auto tensor = std::ranges::find(tensors, place.peft_name, &AdapterTensor::peft_name);
  if (tensor == tensors.end()) refuse_tensor(record, path);
  const auto rows = tensor->shape.front();
  const bool is_known = rows != kMatrixRows && rows != kMatrixCols;  // which the model says
  if (is_known && (record.shape.size() != tensor->shape.size() || record.shape.front() != rows)) {
    throw FileError(path, fmt::format("tensor {}: has no {} rows, as many as {} says",
                                      quote(record.name), rows, kPeftConfig));
  }
  drop_ones(record, tensor->peft_shape, path);
  record.name = fmt::format("{}.{}", place.linear.name, tensor->name);
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
  const auto path = directory / (is_pickle ? kPeftPickle : kPeftWeights);
  const auto file = read_adapter_file(path);
  std::vector<TensorRecord> records;
  for (const auto& record : file.tensors) {
    for (auto& part : split_peft_prefix(record, config, path)) records.push_back(std::move(part));
  }

  std::vector<TensorRecord> head;
  std::vector<std::pair<TensorRecord, Place>> placed;
  std::map<std::string, std::string> peft_names;  // of the linears
  for (TensorRecord record : records) {
    std::string_view name = without_wrappers(record.name);
    if (name.starts_with(kPeftPrefix)) name.remove_prefix(kPeftPrefix.size());
    if (const auto in_head = head_name(name)) {
      record.name = *in_head;
      head.push_back(std::move(record));
    } else if (auto place = place_of(name)) {
      peft_names.emplace(place->linear.name, place->linear.peft_name);
      placed.emplace_back(std::move(record), std::move(*place));
    } else {
      refuse_tensor(record, path);
    }
  }
  std::vector<PeftLinear> linears;
  std::vector<std::string> targets;
  for (const auto& [name, peft_name] : peft_names) {
    linears.push_back({name, peft_name});
    targets.push_back(name);
  }
  PeftAdapter adapter{
      .path = path,
      .base = read_adapter_base(base_path(config, config_path), file.metadata, path),
      .options = read_peft_config(config, config_path, linears).with_targets(std::move(targets)),
      .head = std::move(head)};
  for (auto& [record, place] : placed) {
    take_place(record, place, adapter.options, path);
    adapter.tensors.push_back(std::move(record));
  }
  adapter.attention = read_attention(file, adapter.path);
  if (!adapter.head.empty()) {
    adapter.classifier = read_head(file, adapter.head, adapter.path);
    adapter.has_labels = file.metadata.contains(kPeftClassifier);
  }
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
