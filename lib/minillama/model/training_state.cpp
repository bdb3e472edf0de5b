#include "minillama/model/training_state.h"

#include <map>
#include <set>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/safetensors.h"
#include "minillama/model/tensors.h"

namespace minillama {
namespace {

constexpr const char* kFormat = "format";
constexpr const char* kFormatName = "minillama training state, version 1";

}  // namespace

void TrainingState::add(const std::string& group, const NamedTensors& named) {
  for (const auto& [name, tensor] : named) tensors.emplace_back(group + "." + name, tensor);
}

NamedTensors TrainingState::group(const std::string& group) const {
  NamedTensors members;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(group + ".")) members.emplace_back(name.substr(group.size() + 1), tensor);
  }
  return members;
}

std::string TrainingState::text(const std::string& name) const {
  const auto found = texts.find(name);
  return found == texts.end() ? "" : found->second;
}

void write_training_state(const std::filesystem::path& path, const TrainingState& state) {
  std::vector<torch::Tensor> memory;
  std::vector<TensorRecord> records;
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : state.tensors) {
    if (!tensor.defined()) throw OptionError(fmt::format("tensor {} is undefined", quote(name)));
    if (!names.insert(name).second) {
      throw OptionError(fmt::format("tensor {} is there twice", quote(name)));
    }
    memory.push_back(tensor.detach().to(torch::kCPU).contiguous());
    records.push_back(to_record(name, memory.back()));
  }
  auto metadata = state.texts;
  metadata[kFormat] = kFormatName;
  write_safetensors(path, records, metadata);
}

TrainingState read_training_state(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  TrainingState state{.texts = file.metadata()};
  if (state.text(kFormat) != kFormatName) {
    throw FileError(path, fmt::format("is no {}", kFormatName));
  }
  for (const auto& record : file.tensors()) {
    state.tensors.emplace_back(record.name, to_tensor(record));
  }
  return state;
}

void restore(const NamedTensors& into, const NamedTensors& saved,
             const std::filesystem::path& path) {
  const std::map<std::string, torch::Tensor> by_name(saved.begin(), saved.end());
  for (const auto& [name, tensor] : into) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) throw FileError(path, fmt::format("tensor {} is missing", name));
    if (!found->second.defined() || found->second.sizes() != tensor.sizes() ||
        found->second.dtype() != tensor.dtype()) {
      throw FileError(path, fmt::format("tensor {} has another shape or type", name));
    }
  }
  if (by_name.size() != into.size()) {
    throw FileError(
        path, fmt::format("holds {} tensors where the run has {}", by_name.size(), into.size()));
  }
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : into) tensor.copy_(by_name.at(name));
}

}  // namespace minillama
