#include "minillama/checkpoint/stored_weights.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/checkpoint/tensor_match.h"
#include "minillama/core/error.h"
#include "minillama/core/position_schemes.h"

namespace minillama {
namespace {

/// What weights point to.
struct Memory {
  std::shared_ptr<const void> file;
  std::deque<std::vector<float>> floats;
  std::deque<std::vector<std::byte>> copies;
};

std::vector<float> floats_of(const TensorRecord& record) {
  std::vector<float> numbers(static_cast<std::size_t>(element_count(record)));
  to_floats(record, numbers.data());
  return numbers;
}

/// Whether vectors of the elements can be loaded where they lie. Blocks have any alignment.
bool is_usable(const TensorRecord& record) {
  const auto address = reinterpret_cast<std::uintptr_t>(record.data.data());
  return is_contiguous(record) &&
         (block_size(record.dtype) > 1 || address % byte_size(record.dtype) == 0);
}

/// Takes the tensors of a stored model one after the other, in any order.
class Parts {
 public:
  explicit Parts(const StoredModel& stored)
      : stored_(stored), memory_(std::make_shared<Memory>(Memory{.file = stored.file})) {}

  void need(std::string name, std::vector<std::int64_t> shape) {
    needed_.push_back({std::move(name), std::move(shape)});
  }

  /// To be called when everything that is needed is known. The tensors must outlive this.
  void match(std::span<const TensorRecord> tensors) {
    const auto records = match_tensors(needed_, tensors, stored_.path);
    for (std::size_t i = 0; i < needed_.size(); ++i) by_name_.emplace(needed_[i].name, records[i]);
  }

  Matrix matrix(const std::string& name) {
    const TensorRecord& record = *by_name_.at(name);
    Matrix matrix{.rows = static_cast<std::size_t>(record.shape[0]),
                  .cols = static_cast<std::size_t>(record.shape[1])};
    if (record.dtype == DType::float64) {
      matrix.format = &weight_format(DType::float32);
      matrix.data = reinterpret_cast<const std::byte*>(floats(name));
      return matrix;
    }
    matrix.format = &weight_format(record.dtype);
    if (&computed_format(record.dtype) != matrix.format) return made_computable(matrix, record);
    if (is_usable(record)) {
      matrix.data = record.data.data();
      matrix.is_mapped = record.is_mapped;
    } else {
      auto& copy = memory_->copies.emplace_back(storage_size(record.dtype, element_count(record)));
      copy_elements(record, copy.data());
      matrix.data = copy.data();
    }
    return matrix;
  }

  /// Null for the bias of a norm that has none.
  const float* floats(const std::string& name) {
    const auto* record = by_name_.at(name);
    if (record == nullptr) return nullptr;
    if (record->dtype == DType::float32 && is_usable(*record)) {
      return reinterpret_cast<const float*>(record->data.data());
    }
    return memory_->floats.emplace_back(floats_of(*record)).data();
  }

  /// Makes a matrix and its bias numbers in memory of their own, which may be changed.
  DenseMatrix made_dense(Matrix& matrix) {
    auto& numbers = memory_->floats.emplace_back(matrix.rows * matrix.cols);
    const auto& format = weight_format(DType::float32);
    convert(matrix, format, reinterpret_cast<std::byte*>(numbers.data()));
    auto& bias = memory_->floats.emplace_back(matrix.rows);
    if (matrix.bias != nullptr) std::copy_n(matrix.bias, matrix.rows, bias.data());
    const DenseMatrix dense{
        .rows = matrix.rows, .cols = matrix.cols, .weight = numbers.data(), .bias = bias.data()};
    matrix = {.rows = matrix.rows,
              .cols = matrix.cols,
              .format = &format,
              .data = reinterpret_cast<const std::byte*>(dense.weight),
              .bias = dense.bias};
    ++n_dense_;
    return dense;
  }

  /// The sum of two biases; the second if the first is null.
  const float* sum_of(const float* bias, const float* added, std::size_t rows) {
    if (bias == nullptr) return added;
    auto& sum = memory_->floats.emplace_back(bias, bias + rows);
    for (std::size_t i = 0; i < rows; ++i) sum[i] += added[i];
    return sum.data();
  }

  std::shared_ptr<const void> memory() const { return memory_; }

  /// Weights::remark
  std::string remark() const {
    std::vector<std::string> remarks;
    if (n_converted_ > 0) {
      remarks.push_back(fmt::format(
          "{} matrices of type {} are made {} in memory: nothing computes with them as they lie",
          n_converted_, fmt::join(converted_, ", "), "q8_0"));
    }
    if (n_dense_ > 0) {
      remarks.push_back(
          fmt::format("{} matrices are made f32 in memory, with the adapter merged", n_dense_));
    }
    return fmt::format("{}", fmt::join(remarks, "; "));
  }

 private:
  /// A matrix in a format that is only read. Blocks lie row-major.
  Matrix made_computable(Matrix matrix, const TensorRecord& record) {
    const auto& format = computed_format(record.dtype);
    matrix.data = record.data.data();
    matrix.is_mapped = record.is_mapped;
    auto& made = memory_->copies.emplace_back(storage_size(format.dtype, element_count(record)));
    convert(matrix, format, made.data());
    ++n_converted_;
    converted_.insert(matrix.format->name);
    return {.rows = matrix.rows, .cols = matrix.cols, .format = &format, .data = made.data()};
  }

  const StoredModel& stored_;
  std::shared_ptr<Memory> memory_;
  std::vector<NeededTensor> needed_;
  std::map<std::string, const TensorRecord*> by_name_;
  std::size_t n_converted_ = 0;
  std::size_t n_dense_ = 0;
  std::set<std::string_view> converted_;  // formats
};

/// Needs the tensors of an adapter on a linear, or adds it to the matrix: as a term, to the bias or
/// else by merging it into the numbers. All adapters need theirs; the active one is used.
class Adapters {
 public:
  Adapters(const StoredModel& stored, Parts& parts) : stored_(stored), parts_(parts) {
    for (const auto& [name, options] : stored.adapters) {
      for (const auto& target : options.targets()) unnamed_.emplace(name, target);
    }
  }

  /// To be called when all linears were asked for. Throws FileError if a target names none of them,
  /// or an exception none that is adapted.
  void check_targets() const {
    if (!unnamed_.empty()) {
      const auto& [name, target] = *unnamed_.begin();
      throw FileError(stored_.path, fmt::format("adapter {}: target {} is the name of no linear",
                                                quote(name), quote(target)));
    }
    for (const auto& [name, options] : stored_.adapters) {
      try {
        require_exceptions(options, adapted_.at(name));
      } catch (const OptionError& error) {
        throw FileError(stored_.path, fmt::format("adapter {}: {}", quote(name), error.what()));
      }
    }
  }

  void need(const std::string& linear, std::int64_t rows, std::int64_t cols) {
    for (const auto& [name, options] : stored_.adapters) {
      if (!adapts(options, linear)) continue;
      adapted_[name].push_back(linear);
      for (const auto& target : options.targets()) {
        if (names_linear(target, linear)) unnamed_.erase({name, target});
      }
      for (const auto& tensor : options.tensors(linear)) {
        parts_.need(fmt::format("{}.{}.{}", linear, name, tensor.name),
                    tensor.shape_beside(rows, cols));
      }
    }
  }

  void add(const std::string& linear, Matrix& matrix) {
    const auto active = stored_.adapters.find(stored_.active_adapter);
    if (active == stored_.adapters.end() || !adapts(active->second, linear)) return;
    const auto& name = active->first;
    const auto& options = active->second;
    if (!options.is_affine()) {
      throw FileError(stored_.path,
                      fmt::format("adapter {} is of the kind {}, which an engine does "
                                  "not compute, only a module (LibTorch)",
                                  quote(name), options.kind()));
    }
    const AdapterFloats floats = [&](std::string_view tensor) {
      return parts_.floats(fmt::format("{}.{}.{}", linear, name, tensor));
    };
    if (const auto low_rank = options.low_rank(linear, floats)) {
      matrix.low_rank = *low_rank;
    } else if (const float* bias = options.added_bias(linear, floats)) {
      matrix.bias = parts_.sum_of(matrix.bias, bias, matrix.rows);
    } else {
      options.merge(linear, floats, parts_.made_dense(matrix));
    }
  }

 private:
  const StoredModel& stored_;
  Parts& parts_;
  std::set<std::pair<std::string, std::string>> unnamed_;  // adapter and target
  std::map<std::string, std::vector<std::string>> adapted_;
};

}  // namespace

Weights weights_of(const StoredModel& stored) {
  const ModelConfig& config = stored.config;
  Parts parts(stored);
  Adapters adapters(stored, parts);
  const auto need_norm = [&](const std::string& name, std::int64_t size, bool biased) {
    parts.need(name + ".weight", {size});
    if (biased) parts.need(name + ".bias", {size});
  };
  const auto norm = [&](const std::string& name, bool biased) -> NormWeights {
    return {parts.floats(name + ".weight"), biased ? parts.floats(name + ".bias") : nullptr};
  };
  const bool last_is_biased = config.norm == NormKind::layernorm;
  const auto layer_name = [](std::size_t layer, std::string_view part) {
    return fmt::format("layers.{}.{}", layer, part);
  };
  const auto n_layers = static_cast<std::size_t>(config.n_layers);
  const bool has_head = !config.tied_embeddings && !stored.classifier;

  parts.need("tok_embeddings.weight", {config.vocab_size, config.dim});
  const bool has_positions = position_scheme(config).has_embeddings;
  if (has_positions) parts.need("position_embeddings.weight", {config.max_seq_len, config.dim});
  if (has_head) parts.need("output.weight", {config.vocab_size, config.dim});
  need_norm("norm", config.dim, last_is_biased);
  for (std::size_t i = 0; i < n_layers; ++i) {
    for (const auto& part : norm_parts()) {
      if (!is_present(part, config)) continue;
      need_norm(layer_name(i, part.name), part.size(config), has_bias(part, config));
    }
    for (const auto& part : matrix_parts()) {
      const auto name = layer_name(i, part.name);
      parts.need(name + ".weight", {part.rows(config), part.cols(config)});
      if (has_bias(part, config)) parts.need(name + ".bias", {part.rows(config)});
      adapters.need(name, part.rows(config), part.cols(config));
    }
  }
  adapters.check_targets();
  parts.match(stored.tensors);

  Weights weights{.config = config,
                  .embeddings = parts.matrix("tok_embeddings.weight"),
                  .layers = std::vector<LayerWeights>(n_layers),
                  .norm = norm("norm", last_is_biased)};
  if (has_positions) weights.position_embeddings = parts.matrix("position_embeddings.weight");
  weights.head = has_head ? parts.matrix("output.weight") : weights.embeddings;
  for (std::size_t i = 0; i < n_layers; ++i) {
    auto& layer = weights.layers[i];
    for (const auto& part : norm_parts()) {
      if (!is_present(part, config)) continue;
      layer.*part.norm = norm(layer_name(i, part.name), has_bias(part, config));
    }
    for (const auto& part : matrix_parts()) {
      const auto name = layer_name(i, part.name);
      layer.*part.matrix = parts.matrix(name + ".weight");
      if (has_bias(part, config)) (layer.*part.matrix).bias = parts.floats(name + ".bias");
      adapters.add(name, layer.*part.matrix);
    }
  }
  weights.memory = parts.memory();
  weights.remark = parts.remark();
  return weights;
}

ClassifierHead head_of(const StoredModel& stored) {
  const auto n_labels = std::ssize(stored.classifier->label_names);
  std::vector<NeededTensor> needed{{"classifier_head.weight", {n_labels, stored.config.dim}}};
  if (stored.head.size() > 1) needed.push_back({"classifier_head.bias", {n_labels}});
  const auto records = match_tensors(needed, stored.head, stored.path);
  ClassifierHead head{.weight = floats_of(*records[0]),
                      .bias = std::vector<float>(static_cast<std::size_t>(n_labels))};
  if (records.size() > 1) head.bias = floats_of(*records[1]);
  return head;
}

}  // namespace minillama
