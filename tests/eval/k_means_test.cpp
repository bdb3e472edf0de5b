#include "minillama/eval/k_means.h"

#include <algorithm>
#include <limits>

#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/option_error.h"

using namespace minillama;
using Clusters = std::vector<std::size_t>;

namespace {

/// The same clusters, named in the order in which they come.
Clusters in_order(const Clusters& clusters) {
  Clusters names, ordered;
  for (const auto cluster : clusters) {
    auto name = std::ranges::find(names, cluster);
    if (name == names.end()) name = names.insert(name, cluster);
    ordered.push_back(static_cast<std::size_t>(name - names.begin()));
  }
  return ordered;
}

}  // namespace

TEST_CASE("k-means: it finds the best of all ways to divide a few points") {
  const auto path = test::repository_file("tests/reference/text_measures.json");
  const auto cases = parse_json(test::read_text(path), path).at("k_means");
  REQUIRE(cases.size() == 3);
  for (const auto& one : cases) {
    const auto points = one.at("points").get<std::vector<float>>();
    const auto found = k_means(points, one.at("dim"), {.clusters = one.at("k"), .restarts = 50});
    CHECK(in_order(found) == one.at("clusters").get<Clusters>());
  }
}

TEST_CASE("k-means: groups that lie apart are found at once, with any seed") {
  std::vector<float> points;
  Clusters expected;
  for (std::size_t i = 0; i < 90; ++i) {
    const auto group = i % 3;
    points.push_back(static_cast<float>(100 * group) + static_cast<float>(i % 7));
    points.push_back(static_cast<float>(i % 5));
    expected.push_back(group);
  }
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CHECK(in_order(k_means(points, 2, {.clusters = 3, .restarts = 1, .seed = seed})) == expected);
  }
}

TEST_CASE("k-means: as many clusters as points, one cluster, equal points") {
  const std::vector<float> points{3, 1, 2, 8};
  CHECK(in_order(k_means(points, 1, {.clusters = 4})) == Clusters{0, 1, 2, 3});
  CHECK(k_means(points, 1, {.clusters = 1}) == Clusters{0, 0, 0, 0});
  const std::vector<float> equal{5, 5, 5, 5};
  CHECK(k_means(equal, 1, {.clusters = 2}) == Clusters{0, 0, 0, 0});
}

TEST_CASE("k-means: what makes no sense is refused") {
  const std::vector<float> points{1, 2, 3, 4};
  const auto error = [&](std::size_t dim, const KMeansOptions& options) {
    return test::option_error([&] { k_means(points, dim, options); });
  };
  CHECK(error(1, {.clusters = 5}) ==
        "the number of points is 4, must be at least that of clusters, 5");
  CHECK(error(3, {}) == "the number of coordinates is 4, must be a multiple of the dimension, 3");
  CHECK(error(0, {}).starts_with("the number of coordinates is 4"));
  CHECK(error(1, {.clusters = 0}) == "clusters is 0, must be at least 1");
  CHECK(error(1, {.restarts = 0}) == "restarts is 0, must be at least 1");
  const std::vector<float> broken{1, std::numeric_limits<float>::quiet_NaN()};
  CHECK(test::option_error([&] { k_means(broken, 1, {}); }) ==
        "a point that is to be clustered is not finite");
}
