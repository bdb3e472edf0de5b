#pragma once

// Not part of the public interface.

#include <cstdint>
#include <limits>
#include <vector>

#include "minillama/grammar/byte_automaton.h"
#include "minillama/grammar/token_trie.h"

namespace minillama {

/// No tokens complete it.
constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();

/// For each state of the automaton, how many tokens are enough to complete the text: as many as
/// spell the shortest completion, of those that are spelled in single bytes, at best. A longer text
/// may take fewer tokens. kNever where the vocabulary lacks a byte of all completions.
std::vector<std::uint32_t> shortest_completions(const ByteAutomaton& automaton,
                                                const TokenTrie& trie);

}  // namespace minillama
