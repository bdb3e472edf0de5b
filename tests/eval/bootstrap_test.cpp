#include "minillama/eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/option_error.h"

using namespace minillama;
using Sample = std::span<const std::size_t>;

namespace {

double mean(Sample sample) {
  return std::accumulate(sample.begin(), sample.end(), 0.0) / static_cast<double>(sample.size());
}

}  // namespace

TEST_CASE("bootstrap: intervals are those of numpy's quantiles") {
  const auto path = test::repository_file("tests/reference/text_measures.json");
  const auto cases = parse_json(test::read_text(path), path).at("intervals");
  REQUIRE(cases.size() == 4);
  for (const auto& one : cases) {
    const auto [low, high] =
        interval({one.at("value"), one.at("replicates").get<std::vector<double>>()});
    CHECK(low == Approx(one.at("interval").at(0).get<double>()));
    CHECK(high == Approx(one.at("interval").at(1).get<double>()));
  }
}

TEST_CASE("bootstrap: the first sample is all numbers, the others are drawn from them") {
  const Bootstrap bootstrap(50, 200, 3);
  std::vector<std::vector<std::size_t>> samples;
  const auto estimate = bootstrap.estimate([&](Sample sample) {
    samples.emplace_back(sample.begin(), sample.end());
    return mean(sample);
  });
  REQUIRE(samples.size() == 201);
  CHECK(estimate.value == 24.5);
  REQUIRE(estimate.replicates.size() == 200);
  std::vector<std::size_t> counts(50);
  for (std::size_t k = 1; k < samples.size(); ++k) {
    REQUIRE(samples[k].size() == 50);
    CHECK(estimate.replicates[k - 1] == mean(samples[k]));
    for (const auto i : samples[k]) ++counts.at(i);
  }
  // 200 of each are expected, with a deviation of 14.
  CHECK(std::ranges::min(counts) > 140);
  CHECK(std::ranges::max(counts) < 260);
  CHECK(std::set(samples.begin(), samples.end()).size() == 201);
  CHECK(Bootstrap(50, 200, 3).estimate(mean).replicates == estimate.replicates);
  CHECK(Bootstrap(50, 200, 4).estimate(mean).replicates != estimate.replicates);
}

TEST_CASE("bootstrap: an interval of a mean is as wide as its standard error says") {
  const auto [low, high] = interval(Bootstrap(400).estimate(mean));
  const double error = std::sqrt((400.0 * 400 - 1) / 12 / 400);
  CHECK(low == Approx(199.5 - 1.96 * error).margin(0.15 * error));
  CHECK(high == Approx(199.5 + 1.96 * error).margin(0.15 * error));
}

TEST_CASE("bootstrap: figures of the same resamples are paired") {
  const Bootstrap bootstrap(30);
  const auto one = bootstrap.estimate(mean);
  const auto other = bootstrap.estimate([](Sample sample) { return mean(sample) + 2; });
  const auto [low, high] = interval(combined(other, one, std::minus<>()));
  CHECK(low == Approx(2));
  CHECK(high == Approx(2));
  CHECK(test::option_error([&] { combined(one, {.value = 1}, std::minus<>()); }) ==
        "the number of replicates is 0, must be that of the other figure, 1000");
}

TEST_CASE("bootstrap: what is not defined has no interval, and nothing is drawn from nothing") {
  const double none = std::nan("");
  CHECK(std::isnan(interval({.value = 1, .replicates = {1, none, 2}}).low));
  CHECK(std::isnan(interval({.value = none, .replicates = {1, 2}}).high));
  CHECK(std::isnan(interval({.value = 1}).low));
  CHECK(test::option_error([] { Bootstrap(0); }) ==
        "the size of a sample is 0, must be at least 1");
  CHECK(test::option_error([] { Bootstrap(3, 0); }) == "resamples is 0, must be at least 1");
}
