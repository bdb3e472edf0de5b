#include "minillama/eval/ngrams.h"

#include <cmath>

#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/option_error.h"

using namespace minillama;

TEST_CASE("n-grams: distinct and repeated ones are those of the definition in Python") {
  const auto path = test::repository_file("tests/reference/text_measures.json");
  const auto cases = parse_json(test::read_text(path), path).at("texts");
  REQUIRE(cases.size() == 4);
  for (const auto& one : cases) {
    const auto texts = one.at("texts").get<std::vector<TokenIds>>();
    for (std::size_t n = 1; n <= 3; ++n) {
      CHECK(distinct_ngrams(texts, n) == Approx(one.at("distinct").at(n - 1).get<double>()));
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto expected = one.at("repeated").at(i);
      for (std::size_t k = 0; k < 3; ++k) {
        const auto [repeated, all] = repeated_ngrams(texts[i], std::vector{1, 2, 4}[k]);
        CHECK(repeated == expected.at(k).at(0));
        CHECK(all == expected.at(k).at(1));
      }
    }
  }
}

TEST_CASE("n-grams: they are counted") {
  const TokenIds text{4, 4, 4, 7, 4, 4};
  CHECK(ngram_counts(text, 2) == NgramCounts{{{4, 4}, 3}, {{4, 7}, 1}, {{7, 4}, 1}});
  CHECK(ngram_counts(text, 6) == NgramCounts{{text, 1}});
  CHECK(ngram_counts(text, 7).empty());
}

TEST_CASE("n-grams: where there are none, and where n is none") {
  CHECK(std::isnan(distinct_ngrams({}, 1)));
  const std::vector<TokenIds> texts{{1, 2}, {}};
  CHECK(std::isnan(distinct_ngrams(texts, 3)));
  CHECK(repeated_ngrams({}, 4).all == 0);
  for (const auto& error : {test::option_error([&] { distinct_ngrams(texts, 0); }),
                            test::option_error([&] { repeated_ngrams(texts[0], 0); })}) {
    CHECK(error == "the n of n-grams is 0, must be at least 1");
  }
}
