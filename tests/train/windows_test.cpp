#include "minillama/train/windows.h"

#include <algorithm>
#include <numeric>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/files.h"

using namespace minillama;

namespace {

/// The ids 0, 1, 2, …
TokenFile counting_tokens(const test::TemporaryDirectory& directory, std::int64_t count) {
  const auto path = directory.path() / "ids.tokens";
  TokenFileWriter writer(path, {.text_size = 1, .vocab_size = 1000});
  std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
  std::iota(ids.begin(), ids.end(), 0);
  writer.write(ids);
  writer.commit();
  return TokenFile(path);
}

}  // namespace

TEST_CASE("windows: cover the stream, and each has the token behind it") {
  const test::TemporaryDirectory directory;
  const auto ids = counting_tokens(directory, 23);
  const Windows windows(ids, 5);
  CHECK(windows.size() == 4);
  const auto rows = windows.rows(std::vector<std::int64_t>{0, 3});
  CHECK(torch::equal(rows[0], torch::arange(0, 6)));
  CHECK(torch::equal(rows[1], torch::arange(15, 21)));
  CHECK(Windows(ids, 5, 2).size() == 4);
  CHECK(Windows(ids, 5, 3).size() == 3);
  CHECK(Windows(ids, 22).size() == 1);
  CHECK_THROWS_WITH(Windows(ids, 23), contains("23 tokens"));
}

TEST_CASE("windows: an epoch takes each once, in another order and with another shift") {
  const test::TemporaryDirectory directory;
  const auto ids = counting_tokens(directory, 500);
  std::vector<EpochWindows> epochs;
  for (std::int64_t epoch = 0; epoch < 4; ++epoch) epochs.emplace_back(ids, 7, 3, epoch);
  for (auto& epoch : epochs) {
    CHECK(epoch.order.size() == epochs[0].order.size());
    auto sorted = epoch.order;
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::int64_t> expected(sorted.size());
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(sorted == expected);
    CHECK(epoch.windows.rows(epoch.order).max().item<std::int64_t>() < 500);
  }
  CHECK(epochs[0].order != epochs[1].order);
  const auto start = [&](const EpochWindows& epoch) {
    return epoch.windows.rows(std::vector<std::int64_t>{0})[0][0].item<std::int64_t>();
  };
  CHECK(std::any_of(epochs.begin(), epochs.end(),
                    [&](const auto& epoch) { return start(epoch) != start(epochs[0]); }));
  const EpochWindows again(ids, 7, 3, 1);
  CHECK(again.order == epochs[1].order);
  CHECK(start(again) == start(epochs[1]));
}

TEST_CASE("windows: a stream is the epochs one after the other") {
  const test::TemporaryDirectory directory;
  const auto ids = counting_tokens(directory, 50);
  std::vector<torch::Tensor> epochs;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    const EpochWindows windows(ids, 7, 3, epoch);
    epochs.push_back(windows.windows.rows(windows.order));
  }
  const auto all = torch::cat(epochs);
  WindowStream stream(ids, 7, 3);
  REQUIRE(3 * stream.per_epoch() == all.size(0));
  for (const std::int64_t begin : {0, 4, 11, 2}) {  // and back
    for (const std::int64_t count : {1, 3, 7}) {
      CHECK(torch::equal(stream.rows(begin, count), all.narrow(0, begin, count)));
    }
  }
  CHECK_THROWS_AS(stream.rows(-1, 1), OptionError);
  CHECK_THROWS_AS(stream.rows(0, 0), OptionError);
}
