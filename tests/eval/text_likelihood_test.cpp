// How probable texts are, against PyTorch's logits of the golden files (tests/reference/formats.py)
// and against the engine's own, added up in double precision.

#include "minillama/eval/text_likelihood.h"

#include <cmath>
#include <numbers>

#include "minillama/core/error.h"
#include "minillama/engine/engine.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/golden_values.h"

using namespace minillama;
using test::expected;
using test::golden;

namespace {

/// log softmax(logits)[token]
double log_probability(std::span<const float> logits, std::int64_t token) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double(logit));
  return double(logits[static_cast<std::size_t>(token)]) - std::log(sum);
}

TextGenerator tiny() {
  return TextGenerator::load(test::repository_file("checkpoints/reviews-tiny"));
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("likelihood: of tokens it is PyTorch's") {
  const auto weights =
      std::make_shared<const Weights>(Checkpoint::open(golden(".bin")).language_model());
  std::size_t length = 0;
  const auto all_ids = expected<std::int64_t>("ids", &length);
  const auto logits = expected<float>("logits");
  const auto vocab_size = static_cast<std::size_t>(weights->config.vocab_size);
  REQUIRE(logits.size() == all_ids.size() * vocab_size);
  REQUIRE(length > 3);
  std::vector<TokenIds> rows;
  for (auto row = all_ids.begin(); row != all_ids.end(); row += std::ptrdiff_t(length)) {
    rows.emplace_back(row, row + std::ptrdiff_t(length));
  }
  const auto found = token_log_probabilities(decoder_source(weights), rows);
  REQUIRE(found.size() == rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    REQUIRE(found[row].size() == length - 1);
    for (std::size_t i = 0; i + 1 < length; ++i) {
      const auto here = std::span(logits).subspan((row * length + i) * vocab_size, vocab_size);
      CHECK(found[row][i] == Approx(log_probability(here, rows[row][i + 1])).margin(1e-5));
    }
  }
}

TEST_CASE("likelihood: of a text is the sum over its tokens, whatever stands beside it") {
  const auto model = tiny();
  // Of several lengths; one goes through the model in several pieces.
  std::vector<std::string> texts{"A delight .",
                                 "",
                                 repeated("It is long , and it knows it ; ", 40),
                                 "x",
                                 "na\u00efve caf\u00e9 \u00a0 ",
                                 " "};
  const auto likelihoods = text_likelihoods(model, texts);
  REQUIRE(likelihoods.size() == texts.size());
  const auto weights = std::make_shared<const Weights>(
      Checkpoint::open(test::repository_file("checkpoints/reviews-tiny")).language_model());
  for (std::size_t k = 0; k < texts.size(); ++k) {
    INFO(texts[k]);
    const auto& [tokens, logprobs, sum] = likelihoods[k];
    CHECK(tokens == with_bos(model.tokenizer(), model.tokenizer().encode(texts[k])));
    REQUIRE(tokens.front() == model.tokenizer().bos_id());
    REQUIRE(logprobs.size() == tokens.size() - 1);
    Engine engine(weights, 1, tokens.size());
    double total = 0;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      engine.append(std::vector<Continuation>{{0, std::span(tokens).subspan(i, 1)}});
      CHECK(logprobs[i] == Approx(log_probability(engine.logits(0), tokens[i + 1])).margin(1e-4));
      total += logprobs[i];
    }
    CHECK(sum == Approx(total).margin(1e-9));
    const auto bits = likelihoods[k].bits_per_byte(texts[k]);
    if (texts[k].empty()) {
      CHECK(std::isnan(bits));
    } else {
      CHECK(bits == Approx(-total / std::numbers::ln2 / double(texts[k].size())));
    }
    const auto alone = text_likelihoods(model, std::span(&texts[k], 1)).front();
    CHECK(alone.logprobs == logprobs);
  }
  CHECK(likelihoods[2].tokens.size() > 300);
  CHECK(likelihoods[0].log_probability < -1);
}

TEST_CASE("likelihood: a text fills the context, and a longer one has none") {
  const auto model = tiny();
  const auto most = static_cast<std::size_t>(model.config().max_seq_len);
  TokenIds tokens(most, 5);
  CHECK(token_log_probabilities(model.source(), std::vector<TokenIds>{tokens}).front().size() ==
        most - 1);
  tokens.push_back(5);
  CHECK_THROWS_WITH(token_log_probabilities(model.source(), std::vector<TokenIds>{tokens}),
                    contains("the text has 1025 tokens, the model's context 1024"));
  const std::vector<std::string> texts{repeated("movie ", 1100)};
  CHECK_THROWS_AS(text_likelihoods(model, texts), OptionError);
}

TEST_CASE("likelihood: what has none is refused") {
  const auto model = tiny();
  CHECK(text_likelihoods(model, {}).empty());
  CHECK_THROWS_AS(token_log_probabilities(model.source(), std::vector<TokenIds>{{}}), OptionError);
  CHECK_THROWS_WITH(token_log_probabilities(model.source(), std::vector<TokenIds>{{1, 8192}}),
                    contains("8192"));
  CHECK_THROWS_AS(token_log_probabilities(model.source(), std::vector<TokenIds>{{-1}}),
                  OptionError);
  CHECK_THROWS_AS(token_log_probabilities({}, std::vector<TokenIds>{{1}}), OptionError);
  const std::vector<std::string> broken{"caf\xe9"};
  CHECK_THROWS_WITH(text_likelihoods(model, broken), contains("not UTF-8 at byte 3"));
  const auto full = TextGenerator::load(test::repository_file("checkpoints/reviews-tiny"),
                                        {.attention = AttentionKind::full});
  const std::vector<std::string> text{"a"};
  CHECK_THROWS_WITH(text_likelihoods(full, text), contains("causal attention"));
}
