#pragma once

// Not part of the public interface: the adapters of all kinds as modules.

#include <memory>
#include <string_view>

#include "minillama/nn/adapter.h"

namespace minillama {

/// A new adapter of the kind of `options` for `weight` [out, in] of the linear of that full name,
/// with the weight's dtype and device.
///
/// @param generator draws its parameters now and, if it has dropout, the masks later
/// Throws OptionError if the options cannot be used or their kind is none of the table's.
std::shared_ptr<Adapter> make_adapter(const torch::Tensor& weight, const AdapterOptions& options,
                                      const torch::Generator& generator, std::string_view linear);

}  // namespace minillama
