#include "minillama/text/batch.h"

#include <algorithm>

#include "support/catch.h"

using namespace minillama;

TEST_CASE("batch: concatenated and padded") {
  const std::vector<TokenIds> sequences{{4, 5}, {6}, {7, 8, 9}};
  CHECK(concatenate(sequences).equal(torch::tensor({4, 5, 6, 7, 8, 9})));
  CHECK(lengths_of(sequences) == std::vector<std::int64_t>{2, 1, 3});
  CHECK(pad_right(sequences, 3).equal(torch::tensor({4, 5, 3, 6, 3, 3, 7, 8, 9}).view({3, 3})));
}

TEST_CASE("batch: by length, every sequence once, within the limit") {
  const std::vector<std::int64_t> lengths{3, 9, 1, 5, 5, 2, 30, 4};
  const auto batches = batches_by_length(lengths, 12, 1);
  std::vector<std::size_t> seen;
  for (const auto& batch : batches) {
    std::int64_t longest = 0;
    for (const auto index : batch) {
      longest = std::max(longest, lengths[index]);
      seen.push_back(index);
    }
    const bool within = longest * std::ssize(batch) <= 12;
    CHECK((within || batch.size() == 1));
  }
  std::sort(seen.begin(), seen.end());
  CHECK(seen == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(batches.front() == std::vector<std::size_t>{6});
  CHECK(batches_by_length({}, 12, 2).empty());
  // Four sequences that would fit into one batch, for two workers.
  const std::vector<std::int64_t> few{3, 3, 3, 3};
  CHECK(batches_by_length(few, 12, 1).size() == 1);
  CHECK(batches_by_length(few, 12, 2).size() == 2);
  CHECK(batches_by_length(few, 12, 100).size() == 4);
}
