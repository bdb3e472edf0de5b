#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minillama/weights/weights.h"

namespace minillama {

/// Stand in the shape of an adapter's tensor for the rows and columns of the adapted matrix.
inline constexpr std::int64_t kMatrixRows = -1;
inline constexpr std::int64_t kMatrixCols = -2;

/// A tensor that an adapter has beside each matrix that it adapts.
struct AdapterTensor {
  std::string_view name;            ///< "lora_A"; holds no dot
  std::string_view peft_name;       ///< "lora_A.weight": as Hugging Face's PEFT calls it
  std::vector<std::int64_t> shape;  ///< {rank, kMatrixCols}

  /// The shape beside a matrix [rows, cols].
  std::vector<std::int64_t> shape_beside(std::int64_t rows, std::int64_t cols) const;
};

/// Gives the float32 elements, row-major, of an adapter's tensor by its name.
using AdapterFloats = std::function<const float*(std::string_view name)>;

/// The options of an adapter of any kind, such as LoraOptions, and what it is as data: what a
/// program that knows no LibTorch needs in order to store, read and apply it. Immutable; copies
/// share what they hold, and may be used by several threads.
///
/// It is made from the options of a kind, a struct that can be compared and copied and has
///
///     static constexpr std::string_view kKind;                // "lora"
///     std::vector<std::string> targets;                       // the linears that get an adapter
///     void validate() const;                                  // throws OptionError
///     std::vector<AdapterTensor> tensors() const;             // beside each linear
///     std::optional<LowRank> low_rank(const AdapterFloats&) const;
class AdapterOptions {
 public:
  template <typename Options>
  requires requires { Options::kKind; }
  AdapterOptions(Options options)  // NOLINT(google-explicit-constructor): it is one of these
      : value_(std::make_shared<const Of<Options>>(std::move(options))) {}

  /// The name of the kind, "lora".
  std::string_view kind() const { return value_->kind(); }

  /// The linears that get an adapter, by their name or its end (names_linear()).
  const std::vector<std::string>& targets() const { return value_->targets(); }

  /// The same options for other linears.
  AdapterOptions with_targets(std::vector<std::string> targets) const {
    return value_->with_targets(std::move(targets));
  }

  /// Throws OptionError naming the field and the value if one cannot be used.
  void validate() const { value_->validate(); }

  /// The tensors beside each linear, in the order in which they are stored; at least one.
  std::vector<AdapterTensor> tensors() const { return value_->tensors(); }

  /// What the adapter adds to its matrix, for executors that compute with such a term; nothing if
  /// it is none of low rank. What is pointed to belongs to whoever gives `floats`.
  std::optional<LowRank> low_rank(const AdapterFloats& floats) const {
    return value_->low_rank(floats);
  }

  /// The options of that kind; null if these are of another one.
  template <typename Options>
  const Options* as() const {
    const auto* of = dynamic_cast<const Of<Options>*>(value_.get());
    return of == nullptr ? nullptr : &of->options;
  }

  bool operator==(const AdapterOptions& other) const { return value_->equals(other); }

 private:
  struct Value {
    virtual ~Value() = default;
    virtual std::string_view kind() const = 0;
    virtual const std::vector<std::string>& targets() const = 0;
    virtual AdapterOptions with_targets(std::vector<std::string> targets) const = 0;
    virtual void validate() const = 0;
    virtual std::vector<AdapterTensor> tensors() const = 0;
    virtual std::optional<LowRank> low_rank(const AdapterFloats& floats) const = 0;
    virtual bool equals(const AdapterOptions& other) const = 0;
  };

  template <typename Options>
  struct Of final : Value {
    explicit Of(Options given) : options(std::move(given)) {}
    std::string_view kind() const override { return Options::kKind; }
    const std::vector<std::string>& targets() const override { return options.targets; }
    AdapterOptions with_targets(std::vector<std::string> targets) const override {
      Options other = options;
      other.targets = std::move(targets);
      return other;
    }
    void validate() const override { options.validate(); }
    std::vector<AdapterTensor> tensors() const override { return options.tensors(); }
    std::optional<LowRank> low_rank(const AdapterFloats& floats) const override {
      return options.low_rank(floats);
    }
    bool equals(const AdapterOptions& other) const override {
      const auto* same = other.as<Options>();
      return same != nullptr && *same == options;
    }

    Options options;
  };

  std::shared_ptr<const Value> value_;
};

/// Whether `target` is the full name of a linear or what follows one of its dots.
bool names_linear(std::string_view target, std::string_view full_name);

/// Whether one of the targets names the linear of that full name.
bool adapts(const AdapterOptions& options, std::string_view full_name);

/// Whether a parameter of a Llama belongs to an adapter, which lies within the linear that it
/// adapts: layers.0.attention.compute_query.<adapter>.<tensor>.
bool is_adapter_parameter(std::string_view name);

}  // namespace minillama
