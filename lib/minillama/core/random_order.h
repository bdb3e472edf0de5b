#pragma once

// Not part of the public interface.

#include <cstddef>
#include <random>
#include <vector>

namespace minillama {

/// 0 to size - 1 in an order that is drawn: Fisher and Yates's, since std::shuffle() draws another
/// one with each standard library.
std::vector<std::size_t> random_order(std::size_t size, std::mt19937_64& random);

}  // namespace minillama
