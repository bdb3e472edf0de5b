#include "minillama/train/epoch_batches.h"

#include <algorithm>

#include "minillama/core/random.h"

#include "support/catch.h"

using namespace minillama;

namespace {

using Batches = std::vector<std::vector<std::size_t>>;

std::vector<std::size_t> sorted_members(const Batches& batches) {
  std::vector<std::size_t> all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  std::ranges::sort(all);
  return all;
}

}  // namespace

TEST_CASE("epoch_batches: file order if nothing else is asked for") {
  const std::vector<std::int64_t> lengths{5, 1, 9, 2, 2};
  const BatchOptions options{.size = 2, .by_length = false, .shuffle = false};
  CHECK(epoch_batches(lengths, options, make_generator(1)) == Batches{{0, 1}, {2, 3}, {4}});
  const BatchOptions by_length{.size = 2, .shuffle = false};
  CHECK(epoch_batches(lengths, by_length, make_generator(1)) == Batches{{1, 3}, {4, 0}, {2}});
}

TEST_CASE("epoch_batches: every example once, in an order that the generator decides") {
  std::vector<std::int64_t> lengths;
  for (std::int64_t i = 0; i < 103; ++i) lengths.push_back(1 + i * i % 17);
  std::vector<std::size_t> everyone(lengths.size());
  for (std::size_t i = 0; i < everyone.size(); ++i) everyone[i] = i;
  for (const bool by_length : {false, true}) {
    const BatchOptions options{.size = 8, .by_length = by_length};
    const auto generator = make_generator(3);
    const auto first = epoch_batches(lengths, options, generator);
    const auto second = epoch_batches(lengths, options, generator);
    CHECK(sorted_members(first) == everyone);
    CHECK(sorted_members(second) == everyone);
    CHECK(first.size() == 13);
    CHECK(second.size() == 13);
    CHECK(first != second);
    CHECK(epoch_batches(lengths, options, make_generator(3)) == first);
    if (!by_length) continue;
    // No batch begins below where the one before it, by length, ends.
    auto sorted = first;
    std::ranges::sort(sorted, {},
                      [&](auto& b) { return std::pair(lengths[b.front()], lengths[b.back()]); });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
      CHECK(lengths[sorted[i - 1].back()] <= lengths[sorted[i].front()]);
    }
    // The batches themselves come in random order.
    CHECK_FALSE(std::ranges::is_sorted(first, {}, [&](auto& b) { return lengths[b.front()]; }));
  }
}

TEST_CASE("epoch_batches: rows have at most max_tokens, but always one example") {
  const std::vector<std::int64_t> lengths{2, 3, 50, 3, 4, 1, 6, 6};
  const BatchOptions options{.size = 3, .max_tokens = 12, .shuffle = false};
  for (const auto& batch : epoch_batches(lengths, options, make_generator(1))) {
    std::int64_t longest = 0;
    for (const auto index : batch) longest = std::max(longest, lengths[index]);
    CHECK(batch.size() <= 3);
    CHECK((batch.size() == 1 || longest * std::ssize(batch) <= 12));
  }
}
