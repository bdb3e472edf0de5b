#pragma once

// Not part of the public interface.

#include <random>

namespace minillama {

/// A number in [0, 1), of 53 random bits: the same with every standard library.
inline double uniform(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1.0p-53;
}

}  // namespace minillama
