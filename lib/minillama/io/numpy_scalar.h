#pragma once

// Not part of the public interface.

#include <optional>
#include <string_view>

#include "minillama/io/pickle_value.h"
#include "minillama/io/torch_save.h"

namespace minillama {

/// The number in the little-endian `bytes` of a numpy type such as "f8"; nothing if it is of
/// another type or size.
std::optional<PythonScalar> numpy_number(std::string_view type, std::string_view bytes);

/// What numpy.core.multiarray.scalar(dtype, bytes) would have made, if `value` is such a call.
std::optional<PythonScalar> numpy_scalar(PickleValue value);

}  // namespace minillama
