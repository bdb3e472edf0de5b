#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minillama/weights/linear_names.h"
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
  /// PEFT's, if that has a dimension of 1 besides: {kMatrixRows, 1}.
  std::vector<std::int64_t> peft_shape = {};

  /// The shape beside a matrix [rows, cols].
  std::vector<std::int64_t> shape_beside(std::int64_t rows, std::int64_t cols) const;
};

/// Gives the float32 elements, row-major, of an adapter's tensor by its name.
using AdapterFloats = std::function<const float*(std::string_view name)>;

/// The matrix of a linear as numbers, into which an adapter is merged.
struct DenseMatrix {
  std::size_t rows = 0;
  std::size_t cols = 0;
  float* weight = nullptr;  ///< [rows, cols], row-major
  float* bias = nullptr;    ///< [rows]; zeros if the linear has none
};

/// The options of an adapter of any kind, such as LoraOptions, and what it is as data: what a
/// program that knows no LibTorch needs in order to store, read and apply it. Immutable; copies
/// share what they hold, and may be used by several threads.
///
/// It is made from the options of a kind, a struct that can be compared and copied and has
///
///     static constexpr std::string_view kKind;                // "lora"
///     std::vector<std::string> targets;                       // the linears that get an adapter
///     void validate() const;                                  // throws OptionError
///     std::vector<AdapterTensor> tensors(std::string_view linear) const;
///
/// and what an executor makes of it, one of
///
///     LowRank low_rank(std::string_view linear, const AdapterFloats&) const;
///     const float* added_bias(std::string_view linear, const AdapterFloats&) const;  // [rows]
///     void merge(std::string_view linear, const AdapterFloats&, const DenseMatrix&) const;
///
/// the last if there is no term that leaves the matrix as it lies; or none of them if a linear with
/// the adapter is no affine map, which modules alone compute. If the options say other things of
/// some linears than of the rest, it also has
///
///     std::vector<std::string> exceptions() const;            // by their name or its end
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

  /// The tensors beside the linear of that full name, in the order in which they are stored; at
  /// least one. All linears have the same but for the shapes.
  std::vector<AdapterTensor> tensors(std::string_view linear) const {
    return value_->tensors(linear);
  }

  /// The linears of which the options say something of their own, by their name or its end.
  std::vector<std::string> exceptions() const { return value_->exceptions(); }

  /// Whether a linear with such an adapter is an affine map of its input, as without one: then
  /// engines compute it, by one of the three below.
  bool is_affine() const { return value_->is_affine(); }

  /// What the adapter adds to its matrix, for executors that compute with such a term; nothing if
  /// it is none of low rank. What is pointed to belongs to whoever gives `floats`.
  std::optional<LowRank> low_rank(std::string_view linear, const AdapterFloats& floats) const {
    return value_->low_rank(linear, floats);
  }

  /// What the adapter adds to the bias, [rows], if it changes nothing else; null if it does.
  /// Belongs to whoever gives `floats`.
  const float* added_bias(std::string_view linear, const AdapterFloats& floats) const {
    return value_->added_bias(linear, floats);
  }

  /// Makes the numbers of a linear those that alone compute what it does with the adapter, one that
  /// is affine and has neither low_rank() nor added_bias().
  void merge(std::string_view linear, const AdapterFloats& floats,
             const DenseMatrix& matrix) const {
    value_->merge(linear, floats, matrix);
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
    virtual std::vector<AdapterTensor> tensors(std::string_view linear) const = 0;
    virtual std::vector<std::string> exceptions() const = 0;
    virtual bool is_affine() const = 0;
    virtual std::optional<LowRank> low_rank(std::string_view linear,
                                            const AdapterFloats& floats) const = 0;
    virtual const float* added_bias(std::string_view linear, const AdapterFloats& floats) const = 0;
    virtual void merge(std::string_view linear, const AdapterFloats& floats,
                       const DenseMatrix& matrix) const = 0;
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
    std::vector<AdapterTensor> tensors(std::string_view linear) const override {
      return options.tensors(linear);
    }
    std::vector<std::string> exceptions() const override {
      if constexpr (requires { options.exceptions(); }) return options.exceptions();
      return {};
    }
    bool is_affine() const override { return kIsLowRank || kAddsBias || kMerges; }
    std::optional<LowRank> low_rank(std::string_view linear,
                                    const AdapterFloats& floats) const override {
      if constexpr (kIsLowRank) return options.low_rank(linear, floats);
      return {};
    }
    const float* added_bias(std::string_view linear, const AdapterFloats& floats) const override {
      if constexpr (kAddsBias) return options.added_bias(linear, floats);
      return nullptr;
    }
    void merge(std::string_view linear, const AdapterFloats& floats,
               const DenseMatrix& matrix) const override {
      if constexpr (kMerges) options.merge(linear, floats, matrix);
    }
    bool equals(const AdapterOptions& other) const override {
      const auto* same = other.as<Options>();
      return same != nullptr && *same == options;
    }

    // Of a kind that derives from another, as DoRA from LoRA, how it is merged goes before the
    // term.
    static constexpr bool kMerges =
        requires(const Options& kind, const AdapterFloats& floats, const DenseMatrix& matrix) {
      kind.merge(std::string_view(), floats, matrix);
    };
    static constexpr bool kIsLowRank =
        !kMerges && requires(const Options& kind, const AdapterFloats& floats) {
      kind.low_rank(std::string_view(), floats);
    };
    static constexpr bool kAddsBias = requires(const Options& kind, const AdapterFloats& floats) {
      kind.added_bias(std::string_view(), floats);
    };

    Options options;
  };

  std::shared_ptr<const Value> value_;
};

/// Whether one of the targets names the linear of that full name.
bool adapts(const AdapterOptions& options, std::string_view full_name);

/// Throws OptionError if an exception of the options is of none of `adapted`, the full names of the
/// linears that get an adapter.
void require_exceptions(const AdapterOptions& options, const std::vector<std::string>& adapted);

/// Whether a parameter of a Llama belongs to an adapter, which lies within the linear that it
/// adapts: layers.0.attention.compute_query.<adapter>.<tensor>.
bool is_adapter_parameter(std::string_view name);

}  // namespace minillama
