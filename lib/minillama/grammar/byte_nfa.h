#pragma once

// Not part of the public interface.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "minillama/grammar/language.h"

namespace minillama {

/// A nondeterministic automaton that reads the bytes of a text (Thompson 1968, "Regular expression
/// search algorithm"). Every state is on a way from the start to the end.
struct ByteNfa {
  /// More states than this take too long to make deterministic.
  static constexpr std::size_t kMostStates = std::size_t{1} << 17;

  /// The bytes from first to last lead to another state.
  struct Edge {
    std::uint8_t first;
    std::uint8_t last;
    std::uint32_t to;
  };
  struct State {
    std::vector<Edge> edges = {};
    std::vector<std::uint32_t> empty = {};  ///< the states that it leads to without a byte
  };

  std::vector<State> states;
  std::uint32_t start = 0;
  std::uint32_t end = 0;  ///< a text that leads here is one of the language
};

/// Characters are read as the bytes of UTF-8. Throws OptionError if it takes more than kMostStates.
ByteNfa make_nfa(const Language& language);

}  // namespace minillama
