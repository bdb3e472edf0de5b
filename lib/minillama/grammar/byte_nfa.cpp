#include "minillama/grammar/byte_nfa.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

using State = std::uint32_t;

/// Numbers of so many bits, with the bits in front of them in the first byte of their character.
struct Utf8Length {
  std::uint32_t last;
  std::size_t continuation_bytes;
  std::uint32_t mark;
};

constexpr std::array<Utf8Length, 4> kUtf8Lengths{
    {{0x7F, 0, 0}, {0x7FF, 1, 0xC0}, {0xFFFF, 2, 0xE0}, {0x10FFFF, 3, 0xF0}}};
constexpr std::uint32_t kContinuation = 0x80;

class NfaBuilder {
 public:
  ByteNfa build(const Language& language) {
    nfa_.start = new_state();
    nfa_.end = add(language, nfa_.start);
    return std::move(nfa_);
  }

 private:
  State new_state() {
    if (nfa_.states.size() == ByteNfa::kMostStates) {
      throw OptionError(fmt::format(
          "the constraint is too large: it takes more than {} states, as of repetitions with large "
          "numbers within each other",
          ByteNfa::kMostStates));
    }
    nfa_.states.emplace_back();
    return static_cast<State>(nfa_.states.size() - 1);
  }

  void join(State from, State to) { nfa_.states[from].empty.push_back(to); }

  void read(State from, std::uint32_t first, std::uint32_t last, State to) {
    nfa_.states[from].edges.push_back(
        {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last), to});
  }

  /// The end of an automaton of `language` that begins at `from`, to which it does not return.
  /// Makes at least one state, so that the time of building is bounded by their number.
  State add(const Language& language, State from) {
    return std::visit([&](const auto& value) { return add(value, from); }, language->value);
  }

  State add(const std::string& text, State from) {
    State at = new_state();
    join(from, at);
    for (const char c : text) {
      const State next = new_state();
      read(at, static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(c), next);
      at = next;
    }
    return at;
  }

  State add(const OneCharacter& character, State from) {
    // From each of them as many bytes lead to the end as its place says.
    std::vector<State> ends{new_state()};
    const auto before_end = [&](std::size_t bytes) {
      while (ends.size() <= bytes) {
        ends.push_back(new_state());
        read(ends.back(), 0x80, 0xBF, ends[ends.size() - 2]);
      }
      return ends[bytes];
    };
    // Reads the numbers from first to last, of which `mark` stands in the first byte.
    const auto add_range = [&](const auto& self, State at, std::uint32_t mark, std::uint32_t first,
                               std::uint32_t last, std::size_t bytes) -> void {
      const std::size_t shift = 6 * bytes;
      const std::uint32_t rest = (std::uint32_t{1} << shift) - 1;
      if (bytes > 0 && first >> shift == last >> shift) {
        const State next = new_state();
        read(at, mark | first >> shift, mark | first >> shift, next);
        return self(self, next, kContinuation, first & rest, last & rest, bytes - 1);
      }
      if ((first & rest) != 0) {
        self(self, at, mark, first, first | rest, bytes);
        first = (first | rest) + 1;
      }
      if ((last & rest) != rest) {
        self(self, at, mark, last & ~rest, last, bytes);
        last = (last & ~rest) - 1;
      }
      if (first > last) return;
      read(at, mark | first >> shift, mark | last >> shift, before_end(bytes));
    };
    for (const auto& [first, last] : character.set.ranges()) {
      std::uint32_t begin = 0;  // of the numbers of a length
      for (const auto& length : kUtf8Lengths) {
        const auto lowest = std::max(first, begin), highest = std::min(last, length.last);
        begin = length.last + 1;
        if (lowest > highest) continue;
        add_range(add_range, from, length.mark, lowest, highest, length.continuation_bytes);
      }
    }
    return ends[0];
  }

  State add(const Sequence& sequence, State from) {
    State at = new_state();
    join(from, at);
    for (const auto& part : sequence.parts) at = add(part, at);
    return at;
  }

  State add(const Union& all, State from) {
    const State end = new_state();
    for (const auto& language : all.languages) join(add(language, from), end);
    return end;
  }

  State add(const Repetition& repetition, State from) {
    const auto& [body, least, most, separator] = repetition;
    const State end = new_state();
    if (least == 0) join(from, end);
    // Without an upper bound the last of the copies is read again and again.
    const std::size_t copies = most.value_or(std::max<std::size_t>(least, 1));
    State at = from;
    for (std::size_t i = 0; i < copies; ++i) {
      if (i > 0) at = add(separator, at);
      const State begin = new_state();
      join(at, begin);
      at = add(body, begin);
      if (i + 1 >= least) join(at, end);
      if (!most && i + 1 == copies) join(add(separator, at), begin);
    }
    return end;
  }

  State add(const ItemList& list, State from) {
    // Two ways go along the items: one on which none was written, one on which one was, behind
    // which the next one has a separator in front.
    std::optional<State> none = from, some;
    for (const auto& item : list.items) {
      const State begin = new_state();
      if (none) join(*none, begin);
      if (some) join(add(list.separator, *some), begin);
      const State behind = new_state();
      join(add(item.language, begin), behind);
      if (item.is_required) {
        none.reset();
      } else if (some) {
        join(*some, behind);
      }
      some = behind;
    }
    const State end = new_state();
    if (none) join(*none, end);
    if (some) join(*some, end);
    return end;
  }

  ByteNfa nfa_;
};

}  // namespace

ByteNfa make_nfa(const Language& language) {
  return NfaBuilder().build(language);
}

}  // namespace minillama
