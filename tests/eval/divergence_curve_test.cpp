#include "minillama/eval/divergence_curve.h"

#include <limits>
#include <vector>

#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/option_error.h"

using namespace minillama;

TEST_CASE("divergence curve: the area is that of the definition in Python") {
  const auto path = test::repository_file("tests/reference/text_measures.json");
  const auto cases = parse_json(test::read_text(path), path).at("curves");
  REQUIRE(cases.size() == 14);
  for (const auto& one : cases) {
    INFO(one.dump());
    const auto p = one.at("p").get<std::vector<double>>();
    const auto q = one.at("q").get<std::vector<double>>();
    const auto expected = Approx(one.at("area").get<double>()).epsilon(1e-9);
    CHECK(divergence_curve_area(p, q, one.at("scaling")) == expected);
    CHECK(divergence_curve_area(q, p, one.at("scaling")) == expected);
  }
}

TEST_CASE("divergence curve: equal distributions have the area 1, whatever their weights sum to") {
  CHECK(divergence_curve_area(std::vector{1.0, 2.0, 0.0}, std::vector{0.5, 1.0, 0.0}) ==
        Approx(1).epsilon(1e-12));
}

TEST_CASE("divergence curve: what is no distribution is refused") {
  const auto error = [](const std::vector<double>& p, const std::vector<double>& q) {
    return test::option_error([&] { divergence_curve_area(p, q); });
  };
  CHECK(error({1, 2}, {1}) ==
        "the number of outcomes is 1, must be that of the other distribution, 2");
  CHECK(error({1, -2}, {1, 1}).starts_with("a weight of a distribution is -2, must be"));
  CHECK(error({1, std::numeric_limits<double>::infinity()}, {1, 1})
            .starts_with("a weight of a distribution is inf"));
  CHECK(error({1, 1}, {0, 0}).starts_with("the sum of a distribution's weights is 0"));
  CHECK(error({}, {}).starts_with("the sum of a distribution's weights is 0"));
}
