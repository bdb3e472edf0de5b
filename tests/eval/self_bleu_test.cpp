#include "minillama/eval/self_bleu.h"

#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/option_error.h"

using namespace minillama;

TEST_CASE("self-BLEU: of each text it is that of the definition in Python") {
  const auto path = test::repository_file("tests/reference/text_measures.json");
  const auto cases = parse_json(test::read_text(path), path).at("texts");
  REQUIRE(cases.size() == 4);
  for (const auto& one : cases) {
    const auto texts = one.at("texts").get<std::vector<TokenIds>>();
    const auto scores = self_bleu(texts);
    REQUIRE(scores.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      INFO(one.at("texts").at(i).dump());
      CHECK(scores[i] == Approx(one.at("self_bleu").at(i).get<double>()).margin(1e-12));
    }
  }
}

TEST_CASE("self-BLEU: is 1 of a text that is there twice, and 0 of what has nothing in common") {
  const std::vector<TokenIds> texts{{1, 2, 3, 4, 5}, {6, 7, 8, 9}, {1, 2, 3, 4, 5}, {}};
  CHECK(self_bleu(texts) == std::vector{1.0, 0.0, 1.0, 0.0});
  CHECK(test::option_error([&] {
          self_bleu(std::span(texts).first(1));
        }).starts_with("the number of texts is 1, must be at least 2"));
}
