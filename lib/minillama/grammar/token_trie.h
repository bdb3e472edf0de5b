#pragma once

// Not part of the public interface.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "minillama/grammar/byte_automaton.h"

namespace minillama {

/// The texts of tokens as a tree of bytes, laid out in the order in which it is walked: what cannot
/// come is passed over with everything that begins so.
class TokenTrie {
 public:
  /// @param texts of each token; one without a text is not in the tree
  explicit TokenTrie(std::span<const std::string> texts);

  /// Calls `found(tokens, state)` for each text of tokens that leads from `from` to a state that is
  /// not dead; tokens are those with this text.
  template <typename Found>
  void walk(const ByteAutomaton& automaton, ByteAutomaton::State from, const Found& found) const {
    std::vector<ByteAutomaton::State> states(deepest_ +
                                             1);  // behind the bytes on the way to a node
    states[0] = from;
    for (std::size_t i = 0; i < nodes_.size();) {
      const Node& node = nodes_[i];
      const auto state = automaton.next(states[node.depth], node.byte);
      if (state == ByteAutomaton::kDead) {
        i = node.end;
        continue;
      }
      states[node.depth + 1] = state;
      if (node.tokens_begin != node.tokens_end) found(tokens_at(i), state);
      ++i;
    }
  }

  static constexpr std::size_t kNone = ~std::size_t{0};

  /// The node of a text's first byte, and of one more byte behind a node; kNone if no token's text
  /// begins so.
  std::size_t root(std::uint8_t byte) const { return roots_[byte]; }
  std::size_t child(std::size_t node, std::uint8_t byte) const;

  /// The tokens whose text ends at a node.
  std::span<const std::int64_t> tokens_at(std::size_t node) const {
    return std::span(tokens_).subspan(nodes_[node].tokens_begin,
                                      nodes_[node].tokens_end - nodes_[node].tokens_begin);
  }

 private:
  struct Node {
    std::uint8_t byte;
    std::uint32_t depth;  // how many bytes stand in front of it
    std::uint32_t end;    // the node behind all that begins as this one
    std::uint32_t tokens_begin;
    std::uint32_t tokens_end;
  };

  std::vector<Node> nodes_;
  std::vector<std::int64_t> tokens_;
  std::array<std::size_t, 256> roots_;
  std::size_t deepest_ = 0;  // of all nodes
};

}  // namespace minillama
