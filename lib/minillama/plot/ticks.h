#pragma once

// Not part of the public interface: how an axis is marked.

#include <string>
#include <vector>

namespace minillama {

/// A mark on an axis.
struct Tick {
  double value = 0;
  std::string label;
};

/// At most `most` marks, at least 2 unless low and high are hardly told apart, of those at
/// multiples of 1, 2 or 5 times a power of ten that lie in [low, high], which are finite and low <
/// high. Numbers that are long are written in powers of ten.
std::vector<Tick> ticks(double low, double high, int most);

}  // namespace minillama
