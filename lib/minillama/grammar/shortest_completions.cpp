#include "minillama/grammar/shortest_completions.h"

#include <algorithm>
#include <cstddef>

namespace minillama {
namespace {

using State = ByteAutomaton::State;

/// The bytes that are a token by themselves.
std::vector<std::uint8_t> single_bytes(const TokenTrie& trie) {
  std::vector<std::uint8_t> bytes;
  for (int byte = 0; byte < 256; ++byte) {
    const auto node = trie.root(static_cast<std::uint8_t>(byte));
    if (node != TokenTrie::kNone && !trie.tokens_at(node).empty()) {
      bytes.push_back(static_cast<std::uint8_t>(byte));
    }
  }
  return bytes;
}

/// Of each state those that a byte leads from to it.
std::vector<std::vector<State>> reversed(const ByteAutomaton& automaton,
                                         const std::vector<std::uint8_t>& bytes) {
  std::vector<std::vector<State>> from(automaton.size());
  for (State state = ByteAutomaton::kStart; state < automaton.size(); ++state) {
    for (const auto byte : bytes) {
      auto& list = from[automaton.next(state, byte)];
      if (list.empty() || list.back() != state) list.push_back(state);
    }
  }
  return from;
}

}  // namespace

std::vector<std::uint32_t> shortest_completions(const ByteAutomaton& automaton,
                                                const TokenTrie& trie) {
  const auto bytes = single_bytes(trie);
  const auto from = reversed(automaton, bytes);
  // How many bytes complete a text, from the shortest completion to the longest.
  std::vector<std::uint32_t> n_bytes(automaton.size(), kNever);
  std::vector<State> order;
  for (State state = ByteAutomaton::kStart; state < automaton.size(); ++state) {
    if (!automaton.is_accepting(state)) continue;
    n_bytes[state] = 0;
    order.push_back(state);
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (const auto state : from[order[i]]) {
      if (n_bytes[state] != kNever) continue;
      n_bytes[state] = n_bytes[order[i]] + 1;
      order.push_back(state);
    }
  }
  // The first byte of a shortest completion. There is one if the text is not complete.
  const auto next_byte = [&](State state) {
    return *std::ranges::find_if(bytes, [&](std::uint8_t byte) {
      const auto next = automaton.next(state, byte);
      return n_bytes[next] != kNever && n_bytes[next] + 1 == n_bytes[state];
    });
  };
  std::vector<std::uint32_t> n_tokens(automaton.size(), kNever);
  for (const auto state : order) {
    if (n_bytes[state] == 0) {
      n_tokens[state] = 0;
      continue;
    }
    // The tokens that the completion begins with, each with what follows it.
    State at = state;
    for (std::size_t node = TokenTrie::kNone; n_bytes[at] > 0;) {
      const auto byte = next_byte(at);
      node = at == state ? trie.root(byte) : trie.child(node, byte);
      if (node == TokenTrie::kNone) break;
      at = automaton.next(at, byte);
      if (!trie.tokens_at(node).empty()) {
        n_tokens[state] = std::min(n_tokens[state], 1 + n_tokens[at]);
      }
    }
  }
  return n_tokens;
}

}  // namespace minillama
