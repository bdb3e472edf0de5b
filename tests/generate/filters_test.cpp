#include "minillama/generate/filters.h"

#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "support/catch.h"

using namespace minillama;

namespace {

using Values = std::vector<float>;

void check_close(const Values& actual, const Values& expected) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    INFO("element " << i);
    CHECK(actual[i] == Approx(expected[i]).margin(1e-6));
  }
}

/// A random distribution with ties.
Values random_distribution(std::mt19937& random, std::size_t n) {
  Values p(n);
  for (auto& x : p) x = static_cast<float>(random() % 20);
  p[random() % n] += 1;
  const float sum = std::accumulate(p.begin(), p.end(), 0.0f);
  for (auto& x : p) x /= sum;
  return p;
}

}  // namespace

TEST_CASE("filters: softmax with temperature") {
  Values p{1, 2, 3};
  softmax(p, 1);
  check_close(p, {0.09003057f, 0.24472847f, 0.66524096f});
  p = {1, 2, 3};
  softmax(p, 0.5);
  check_close(p, {0.01587624f, 0.11731043f, 0.86681333f});
  p = {1000, 0, -INFINITY};
  softmax(p, 1);
  check_close(p, {1, 0, 0});
}

TEST_CASE("filters: epsilon keeps what reaches it, or the most probable token") {
  Values p{0.5f, 0.3f, 0.15f, 0.05f};
  keep_epsilon(p, 0.15);
  check_close(p, {0.5f / 0.95f, 0.3f / 0.95f, 0.15f / 0.95f, 0});
  p = {0.2f, 0.3f, 0.3f, 0.2f};
  keep_epsilon(p, 0.9);  // the literal recipe would divide 0 by 0
  check_close(p, {0, 1, 0, 0});
}

TEST_CASE("filters: top-k keeps the k most probable, the lower ids among equals") {
  Values p{0.1f, 0.4f, 0.1f, 0.4f};
  keep_top_k(p, 3);
  check_close(p, {0.1f / 0.9f, 0.4f / 0.9f, 0, 0.4f / 0.9f});
  keep_top_k(p, 100);
  check_close(p, {0.1f / 0.9f, 0.4f / 0.9f, 0, 0.4f / 0.9f});
  keep_top_k(p, 1);
  check_close(p, {0, 1, 0, 0});
}

TEST_CASE("filters: top-p keeps the smallest set that reaches p") {
  Values p{0.1f, 0.5f, 0.15f, 0.25f};
  keep_top_p(p, 0.75);
  check_close(p, {0, 2.0f / 3, 0, 1.0f / 3});
  p = {0.1f, 0.5f, 0.15f, 0.25f};
  keep_top_p(p, 0.76);
  check_close(p, {0, 0.5f / 0.9f, 0.15f / 0.9f, 0.25f / 0.9f});
  p = {0.1f, 0.5f, 0.15f, 0.25f};
  keep_top_p(p, 1e-9);
  check_close(p, {0, 1, 0, 0});
}

TEST_CASE("filters: min-p is relative to the most probable token") {
  Values p{0.5f, 0.26f, 0.24f};
  keep_min_p(p, 0.5);
  check_close(p, {0.5f / 0.76f, 0.26f / 0.76f, 0});
  keep_min_p(p, 1);
  check_close(p, {1, 0, 0});
}

TEST_CASE("filters: what stays is a distribution, proportional to the old one") {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    const auto before = random_distribution(random, 1 + random() % 40);
    for (int which = 0; which < 4; ++which) {
      auto after = before;
      if (which == 0) keep_epsilon(after, static_cast<double>(random() % 100) / 200);
      if (which == 1) keep_top_k(after, static_cast<std::int64_t>(1 + random() % 10));
      if (which == 2) keep_top_p(after, static_cast<double>(1 + random() % 100) / 100);
      if (which == 3) keep_min_p(after, static_cast<double>(random() % 100) / 100);
      CHECK(std::accumulate(after.begin(), after.end(), 0.0) == Approx(1));
      const auto best = static_cast<std::size_t>(most_probable(before));
      REQUIRE(after[best] > 0);
      const float factor = after[best] / before[best];
      for (std::size_t i = 0; i < before.size(); ++i) {
        const bool kept_in_proportion = after[i] == Approx(before[i] * factor).epsilon(1e-5);
        CHECK((after[i] == 0 || kept_in_proportion));
        // Nothing is dropped that is more probable than something kept.
        for (std::size_t j = 0; j < before.size(); ++j) {
          if (before[i] > before[j] && after[j] > 0) CHECK(after[i] > 0);
        }
      }
    }
  }
}

TEST_CASE("filters: pick follows the running sum and never takes what is impossible") {
  const Values p{0, 0.25f, 0, 0.5f, 0.25f, 0};
  CHECK(pick(p, 0) == 1);
  CHECK(pick(p, 0.2499) == 1);
  CHECK(pick(p, 0.25) == 3);
  CHECK(pick(p, 0.7499) == 3);
  CHECK(pick(p, 0.75) == 4);
  CHECK(pick(p, 0.9999999999) == 4);
  CHECK(pick(Values{0.3f, 0.3f, 0}, 0.99) == 1);  // a sum that rounding left below 1
}
