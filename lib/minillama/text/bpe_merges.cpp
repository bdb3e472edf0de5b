#include "minillama/text/bpe_merges.h"

#include <algorithm>
#include <bit>

namespace minillama {
namespace {

constexpr std::uint64_t kNoPair = ~std::uint64_t{0};

std::uint64_t pair_of(std::int32_t left, std::int32_t right) {
  return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
}

}  // namespace

BpeMerges::BpeMerges(std::span<const BpeMerge> merges) {
  const auto size = std::bit_ceil(std::max<std::size_t>(2 * merges.size(), 2));
  shift_ = 64 - std::countr_zero(size);
  table_.assign(size, {kNoPair, 0, 0});
  std::int32_t rank = 0;
  for (const auto& merge : merges) {
    const auto pair = pair_of(merge.left, merge.right);
    // Of two of the same pair the later one counts.
    table_[place_of(pair)] = {pair, rank++, merge.result};
  }
}

/// Where the pair stands, or would.
std::size_t BpeMerges::place_of(std::uint64_t pair) const {
  std::size_t place = (pair ^ pair >> 29) * 0x9E3779B97F4A7C15U >> shift_;
  while (table_[place].pair != pair && table_[place].pair != kNoPair) {
    place = (place + 1) & (table_.size() - 1);
  }
  return place;
}

const BpeMerges::Entry* BpeMerges::find(std::int32_t left, std::int32_t right) const {
  const Entry& entry = table_[place_of(pair_of(left, right))];
  return entry.pair == kNoPair ? nullptr : &entry;
}

void BpeMerges::add_candidate(std::int32_t position, Workspace& workspace) const {
  const auto& symbols = workspace.symbols_;
  const auto& symbol = symbols[static_cast<std::size_t>(position)];
  if (symbol.next < 0) return;
  const auto right = symbols[static_cast<std::size_t>(symbol.next)].id;
  const Entry* merge = find(symbol.id, right);
  if (merge == nullptr) return;
  workspace.candidates_.push_back({std::uint64_t{static_cast<std::uint32_t>(merge->rank)} << 32 |
                                       static_cast<std::uint32_t>(position),
                                   symbol.id, right, merge->result});
}

void BpeMerges::apply(std::vector<std::int32_t>& ids, Workspace& workspace) const {
  auto& symbols = workspace.symbols_;
  auto& candidates = workspace.candidates_;
  const auto n = static_cast<std::int32_t>(ids.size());
  symbols.clear();
  candidates.clear();
  for (std::int32_t i = 0; i < n; ++i) {
    symbols.push_back({ids[static_cast<std::size_t>(i)], i - 1, i + 1 < n ? i + 1 : -1});
  }
  for (std::int32_t i = 0; i < n; ++i) add_candidate(i, workspace);

  const auto is_later = [](const auto& a, const auto& b) { return a.order > b.order; };
  std::ranges::make_heap(candidates, is_later);
  const auto add = [&](std::int32_t left) {
    const std::size_t before = candidates.size();
    if (left >= 0) add_candidate(left, workspace);
    if (candidates.size() > before) std::ranges::push_heap(candidates, is_later);
  };
  while (!candidates.empty()) {
    std::ranges::pop_heap(candidates, is_later);
    const auto candidate = candidates.back();
    candidates.pop_back();
    const auto position = static_cast<std::int32_t>(candidate.order & 0xFFFFFFFF);
    auto& left = symbols[static_cast<std::size_t>(position)];
    // Out of date if either of the two has been merged since.
    if (left.id != candidate.left || left.next < 0) continue;
    auto& right = symbols[static_cast<std::size_t>(left.next)];
    if (right.id != candidate.right) continue;
    left.id = candidate.result;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].previous = position;
    add(left.previous);
    add(position);
  }
  ids.clear();
  for (const auto& symbol : symbols) {
    if (symbol.id >= 0) ids.push_back(symbol.id);
  }
}

}  // namespace minillama
