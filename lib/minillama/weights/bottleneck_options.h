#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/weights/adapter_options.h"

namespace minillama {

struct AdapterKind;

/// Bottleneck adapters (Houlsby et al. 2019, arXiv:1902.00751, section 2.1): behind a linear whose
/// output h is that of a sublayer,
///
///     h + U relu(D h + d) + u
///
/// of a width that is smaller than that of h. That is no affine map: only modules compute it.
struct BottleneckOptions {
  static constexpr std::string_view kKind = "bottleneck";

  std::int64_t width = 16;  ///< rows of D
  /// The linears behind which they stand, by their name or its end; of the two that end a sublayer:
  /// both, as in the paper. {"w2"} is the leaner placement of Pfeiffer et al. 2021
  /// (arXiv:2005.00247), one for each layer.
  std::vector<std::string> targets = {"compute_output", "w2"};

  /// Throws OptionError naming the field and the value if the width is not in [1, 65536], there is
  /// no target, or one names a linear that ends no sublayer.
  void validate() const;

  /// D, "bottleneck_down" [width, rows]; d, "bottleneck_down_bias" [width]; U, "bottleneck_up"
  /// [rows, width]; u, "bottleneck_up_bias" [rows].
  std::vector<AdapterTensor> tensors(std::string_view linear) const;

  bool operator==(const BottleneckOptions&) const = default;
};

/// The row of the table of kinds (weights/adapter_kinds.h).
extern const AdapterKind kBottleneck;

}  // namespace minillama
