#include "minillama/grammar/character_set.h"

#include <algorithm>

namespace minillama {
namespace {

constexpr std::uint32_t kLast = 0x10FFFF;
constexpr CodePointRange kSurrogates{0xD800, 0xDFFF};

}  // namespace

CharacterSet::CharacterSet(std::initializer_list<CodePointRange> ranges) {
  for (const auto& range : ranges) add(range);
}

CharacterSet CharacterSet::all() {
  return {{0, kLast}};
}

void CharacterSet::add(CodePointRange range) {
  if (range.first < kSurrogates.first && range.last > kSurrogates.last) {
    add({range.first, kSurrogates.first - 1});
    return add({kSurrogates.last + 1, range.last});
  }
  if (range.first >= kSurrogates.first && range.first <= kSurrogates.last) {
    range.first = kSurrogates.last + 1;
  }
  if (range.last >= kSurrogates.first && range.last <= kSurrogates.last) {
    range.last = kSurrogates.first - 1;
  }
  if (range.first > range.last) return;
  // Those that it overlaps or touches become part of it.
  const auto begin = std::ranges::partition_point(
      ranges_, [&](const auto& other) { return other.last + 1 < range.first; });
  auto end = begin;
  for (; end != ranges_.end() && end->first <= range.last + 1; ++end) {
    range.first = std::min(range.first, end->first);
    range.last = std::max(range.last, end->last);
  }
  ranges_.insert(ranges_.erase(begin, end), range);
}

void CharacterSet::add(const CharacterSet& other) {
  for (const auto& range : other.ranges_) add(range);
}

CharacterSet CharacterSet::complement() const {
  CharacterSet rest;
  std::uint32_t next = 0;
  for (const auto& [first, last] : ranges_) {
    if (first > next) rest.add({next, first - 1});
    next = last + 1;
  }
  if (next <= kLast) rest.add({next, kLast});
  return rest;
}

CharacterSet CharacterSet::without(const CharacterSet& other) const {
  auto dropped = complement();
  dropped.add(other);
  return dropped.complement();
}

bool CharacterSet::contains(std::uint32_t code_point) const {
  return std::ranges::any_of(ranges_, [&](const auto& range) {
    return range.first <= code_point && code_point <= range.last;
  });
}

}  // namespace minillama
