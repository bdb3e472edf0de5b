#pragma once

// Not part of the public interface.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "minillama/grammar/language.h"

namespace minillama {

/// A deterministic automaton that reads the bytes of a text and says whether they begin, or are, a
/// text of a language (Rabin & Scott 1959, "Finite automata and their decision problems").
/// Immutable but for keep_only().
class ByteAutomaton {
 public:
  using State = std::uint32_t;

  /// No text of the language begins with what was read.
  static constexpr State kDead = 0;
  static constexpr State kStart = 1;
  /// As many states as a table of them may have.
  static constexpr std::size_t kMostStates = std::size_t{1} << 16;

  /// Throws OptionError if it would take more states, or more work to find them, than is allowed:
  /// time and memory are bounded whatever the language is.
  explicit ByteAutomaton(const Language& language);

  /// The states are 0 (kDead) to size() - 1.
  std::size_t size() const { return is_accepting_.size(); }

  State next(State state, std::uint8_t byte) const {
    return next_[state * n_classes_ + class_of_[byte]];
  }
  State next(State state, std::string_view bytes) const;

  /// Whether what was read is a text of the language.
  bool is_accepting(State state) const { return is_accepting_[state]; }
  /// Whether something may follow.
  bool goes_on(State state) const;

  /// From now on a state is dead unless `is_kept` says otherwise.
  void keep_only(const std::vector<bool>& is_kept);

 private:
  std::array<std::uint8_t, 256> class_of_{};  // bytes of a class lead to the same states
  std::size_t n_classes_ = 0;
  std::vector<State> next_;  // [size, n_classes]
  std::vector<bool> is_accepting_;
};

}  // namespace minillama
