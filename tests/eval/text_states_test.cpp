#include "minillama/eval/text_states.h"

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/core/error.h"
#include "minillama/engine/engine.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/option_error.h"
#include "support/toy_model.h"

using namespace minillama;

TEST_CASE("text states: each is that of the last token, whatever stands beside it") {
  const test::ToyModel toy{.seed = 3, .vocabulary = 9};
  const std::vector<TokenIds> texts{{1, 2, 3}, {8}, {4, 4, 4, 4, 4, 4, 4}, {1, 2, 3}};
  const auto states = last_states(toy.source(), texts);
  REQUIRE(states.size() == 4 * 9);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto own = std::span(states).subspan(i * 9, 9);
    CHECK(std::vector(own.begin(), own.end()) == toy.state(texts[i]));
  }
}

TEST_CASE("text states: of a real model they are those that it has token by token") {
  const auto weights = std::make_shared<const Weights>(
      Checkpoint::open(test::repository_file("checkpoints/reviews-tiny")).language_model());
  const auto dim = static_cast<std::size_t>(weights->config.dim);
  std::vector<TokenIds> texts{{1, 507, 360, 299}, {1}};
  texts.emplace_back(400, 393);  // longer than a batch
  const auto states = last_states(decoder_source(weights), texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Engine engine(weights, 1, texts[i].size());
    for (std::size_t k = 0; k < texts[i].size(); ++k) {
      engine.append(std::vector<Continuation>{
          {.sequence = 0, .ids = std::span(texts[i]).subspan(k, 1), .n_states = 1}});
    }
    for (std::size_t d = 0; d < dim; ++d) {
      CHECK(states[i * dim + d] == Approx(engine.states(0)[d]).margin(1e-4));
    }
  }
}

TEST_CASE("text states: what has none is refused") {
  const test::ToyModel toy{.vocabulary = 9};
  CHECK(last_states(toy.source(), {}).empty());
  const auto error = [&](const TokenIds& text) {
    return test::option_error([&] { last_states(toy.source(), std::vector<TokenIds>{text}); });
  };
  CHECK(error({1, 9}) == "a token id of the text is 9, must be at least 0 and less than 9");
  CHECK(error(TokenIds(65, 1)) == "the text has 65 tokens, the model's context 64");
  CHECK(error({}) != "accepted");
  auto full = toy.source();
  full.config.attention = AttentionKind::full;
  CHECK_THROWS_WITH(last_states(full, std::vector<TokenIds>{{1}}), contains("causal attention"));
}
