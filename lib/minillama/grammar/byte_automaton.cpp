#include "minillama/grammar/byte_automaton.h"

#include <algorithm>
#include <bit>
#include <map>
#include <span>
#include <string>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/grammar/byte_nfa.h"

namespace minillama {
namespace {

/// States that a text may lead to, in ascending order.
using StateSet = std::vector<std::uint32_t>;

/// How many states of sets are looked at and compared, at most: about a quarter of a second.
constexpr std::size_t kMostWork = std::size_t{1} << 23;

/// How many states there are in all sets together, at most: 16 MiB of them.
constexpr std::size_t kMostInSets = std::size_t{1} << 22;

[[noreturn]] void refuse(const std::string& what) {
  throw OptionError(fmt::format(
      "the constraint is too large: to be made deterministic it takes more than {}", what));
}

/// Finds what can be reached without reading a byte.
class Closure {
 public:
  explicit Closure(const ByteNfa& nfa) : nfa_(nfa), seen_in_(nfa.states.size()) {}

  /// Those states of it that read a byte or are the end; the others make no difference.
  StateSet of(std::span<const std::uint32_t> states) {
    ++round_;
    StateSet found;
    for (const auto state : states) see(state);
    while (!open_.empty()) {
      const auto state = open_.back();
      open_.pop_back();
      const auto& [edges, empty] = nfa_.states[state];
      if (!edges.empty() || state == nfa_.end) found.push_back(state);
      for (const auto to : empty) see(to);
    }
    spend(found.size() * static_cast<std::size_t>(std::bit_width(found.size())));
    std::ranges::sort(found);
    return found;
  }

 private:
  void spend(std::size_t work) {
    work_ += work;
    if (work_ > kMostWork) refuse(fmt::format("{} steps", kMostWork));
  }

  void see(std::uint32_t state) {
    spend(1);
    if (seen_in_[state] == round_) return;
    seen_in_[state] = round_;
    open_.push_back(state);
  }

  const ByteNfa& nfa_;
  std::vector<std::uint32_t> seen_in_;  // the round
  std::uint32_t round_ = 0;
  std::vector<std::uint32_t> open_;
  std::size_t work_ = 0;
};

/// Bytes that no edge tells apart have the same class, a number from 0 on.
std::array<std::uint8_t, 256> classes_of(const ByteNfa& nfa) {
  std::array<bool, 257> begins_one{};
  for (const auto& state : nfa.states) {
    for (const auto& edge : state.edges) {
      begins_one[edge.first] = true;
      begins_one[std::size_t{edge.last} + 1] = true;
    }
  }
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t byte = 1; byte < 256; ++byte) {
    classes[byte] = static_cast<std::uint8_t>(classes[byte - 1] + (begins_one[byte] ? 1 : 0));
  }
  return classes;
}

}  // namespace

ByteAutomaton::ByteAutomaton(const Language& language) {
  const auto nfa = make_nfa(language);
  class_of_ = classes_of(nfa);
  n_classes_ = std::size_t{class_of_[255]} + 1;
  Closure closure(nfa);
  std::map<StateSet, State> known;
  std::vector<const StateSet*> sets;  // of the states
  std::size_t in_sets = 0;
  const auto state_of = [&](StateSet set) {
    const auto [place, is_new] = known.emplace(std::move(set), static_cast<State>(sets.size()));
    if (!is_new) return place->second;
    if (sets.size() == kMostStates) refuse(fmt::format("{} states", kMostStates));
    in_sets += place->first.size();
    if (in_sets > kMostInSets) refuse(fmt::format("{} states in sets of them", kMostInSets));
    sets.push_back(&place->first);
    next_.resize(sets.size() * n_classes_);
    is_accepting_.push_back(std::ranges::binary_search(place->first, nfa.end));
    return place->second;
  };
  state_of({});  // kDead
  const std::uint32_t start[] = {nfa.start};
  state_of(closure.of(start));
  std::vector<StateSet> targets(n_classes_);
  for (State state = kStart; state < sets.size(); ++state) {
    for (const auto from : *sets[state]) {
      for (const auto& [first, last, to] : nfa.states[from].edges) {
        for (std::size_t c = class_of_[first]; c <= class_of_[last]; ++c) targets[c].push_back(to);
      }
    }
    for (std::size_t c = 0; c < n_classes_; ++c) {
      if (targets[c].empty()) continue;
      const auto next = state_of(closure.of(targets[c]));
      next_[state * n_classes_ + c] = next;
      targets[c].clear();
    }
  }
}

ByteAutomaton::State ByteAutomaton::next(State state, std::string_view bytes) const {
  for (const char byte : bytes) state = next(state, static_cast<std::uint8_t>(byte));
  return state;
}

bool ByteAutomaton::goes_on(State state) const {
  const auto row = std::span(next_).subspan(state * n_classes_, n_classes_);
  return std::ranges::any_of(row, [](State to) { return to != kDead; });
}

void ByteAutomaton::keep_only(const std::vector<bool>& is_kept) {
  for (auto& to : next_) {
    if (!is_kept[to]) to = kDead;
  }
}

}  // namespace minillama
