#include "minillama/grammar/token_trie.h"

#include <algorithm>

namespace minillama {

TokenTrie::TokenTrie(std::span<const std::string> texts) {
  for (std::size_t id = 0; id < texts.size(); ++id) {
    if (!texts[id].empty()) tokens_.push_back(static_cast<std::int64_t>(id));
  }
  const auto text_of = [&](std::int64_t id) -> const std::string& {
    return texts[static_cast<std::size_t>(id)];
  };
  std::ranges::stable_sort(tokens_, {}, text_of);
  roots_.fill(kNone);
  std::vector<std::size_t> path;  // the nodes of the latest text
  const auto leave = [&](std::size_t depth) {
    for (; path.size() > depth; path.pop_back()) {
      nodes_[path.back()].end = static_cast<std::uint32_t>(nodes_.size());
    }
  };
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const auto& text = text_of(tokens_[i]);
    std::size_t common = 0;
    while (common < path.size() && common < text.size() &&
           nodes_[path[common]].byte == static_cast<std::uint8_t>(text[common])) {
      ++common;
    }
    leave(common);
    for (std::size_t depth = common; depth < text.size(); ++depth) {
      const auto byte = static_cast<std::uint8_t>(text[depth]);
      if (depth == 0) roots_[byte] = nodes_.size();
      path.push_back(nodes_.size());
      nodes_.push_back({.byte = byte,
                        .depth = static_cast<std::uint32_t>(depth),
                        .end = 0,
                        .tokens_begin = static_cast<std::uint32_t>(i),
                        .tokens_end = static_cast<std::uint32_t>(i)});
    }
    ++nodes_[path.back()].tokens_end;
    deepest_ = std::max(deepest_, text.size());
  }
  leave(0);
}

std::size_t TokenTrie::child(std::size_t node, std::uint8_t byte) const {
  for (std::size_t i = node + 1; i < nodes_[node].end; i = nodes_[i].end) {
    if (nodes_[i].byte == byte) return i;
  }
  return kNone;
}

}  // namespace minillama
