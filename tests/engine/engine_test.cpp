#include "minillama/engine/engine.h"

#include "minillama/core/device.h"
#include "minillama/core/error.h"
#include "minillama/model/adapters.h"
#include "minillama/model/module_weights.h"

#include "support/catch.h"
#include "support/engine_models.h"
#include "support/tensors.h"

using namespace minillama;
using test::configs;
using test::make_engine;
using test::module_logits;
using test::random_ids;
using test::random_model;
using test::to_tensor;

TEST_CASE("engine: the module's logits at every position, to the end of the context") {
  for (const int threads : {1, 2, 3}) {
    set_threads(threads);
    for (const ModelConfig& config : configs()) {
      INFO(threads << " threads, dim " << config.dim << ", kv heads " << config.n_kv_heads);
      auto model = random_model(config);
      REQUIRE(suits_engine(model));
      auto engine = make_engine(model);
      const auto ids = random_ids(config, config.max_seq_len, 1);
      const auto expected = module_logits(model, ids);
      for (std::size_t i = 0; i < ids.size(); ++i) {
        engine.append(std::vector<Continuation>{{0, {&ids[i], 1}}});
        REQUIRE(test::difference(to_tensor(engine.logits(0)),
                                 expected[static_cast<std::int64_t>(i)], 1e-4, 1e-4) == "");
      }
      CHECK_THROWS(engine.append(std::vector<Continuation>{{0, {ids.data(), 1}}}));
    }
  }
  set_threads(available_processors());
}

TEST_CASE("engine: sequences side by side, of any lengths and in parts, are what each is alone") {
  for (const ModelConfig& config : configs()) {
    auto model = random_model(config);
    auto engine = make_engine(model, 4);
    std::vector<std::vector<std::int64_t>> all(4);
    // (sequence, tokens) of each call
    const std::vector<std::vector<std::pair<std::size_t, std::int64_t>>> calls{
        {{0, 40}, {2, 1}, {3, 33}}, {{1, 7}, {2, 20}}, {{1, 1}, {2, 1}, {3, 1}}, {{1, 30}}};
    std::uint64_t seed = 0;
    for (const auto& call : calls) {
      std::vector<std::vector<std::int64_t>> ids;
      std::vector<Continuation> continuations;
      for (const auto& [sequence, count] : call) ids.push_back(random_ids(config, count, ++seed));
      for (std::size_t i = 0; i < call.size(); ++i) {
        continuations.push_back({call[i].first, ids[i]});
        auto& its = all[call[i].first];
        its.insert(its.end(), ids[i].begin(), ids[i].end());
      }
      engine.append(continuations);
      for (std::size_t i = 0; i < call.size(); ++i) {
        const auto expected = module_logits(model, all[call[i].first]);
        REQUIRE(test::difference(to_tensor(engine.logits(i)), expected[-1], 1e-4, 1e-4) == "");
      }
    }
    engine.restart(0);
    const std::vector<std::int64_t> fresh{5, 6};
    engine.append(std::vector<Continuation>{{0, fresh}});
    CHECK(test::difference(to_tensor(engine.logits(0)), module_logits(model, fresh)[-1], 1e-4,
                           1e-4) == "");
  }
}

TEST_CASE("engine: a prompt longer than one pass") {
  const ModelConfig config{
      .dim = 16, .n_layers = 2, .n_heads = 2, .vocab_size = 30, .max_seq_len = 400};
  auto model = random_model(config);
  auto engine = make_engine(model, 2);
  const auto ids = random_ids(config, 400, 1), others = random_ids(config, 150, 2);
  engine.append(std::vector<Continuation>{{0, ids}, {1, others}});
  CHECK(test::difference(to_tensor(engine.logits(0)), module_logits(model, ids)[-1], 1e-4, 1e-4) ==
        "");
  CHECK(test::difference(to_tensor(engine.logits(1)), module_logits(model, others)[-1], 1e-4,
                         1e-4) == "");
}

TEST_CASE("engine: ids outside of the vocabulary and full sequences are refused") {
  auto model = random_model(configs()[0]);
  auto engine = make_engine(model, 2);
  for (const std::int64_t id : {std::int64_t{-1}, std::int64_t{101}, INT64_MAX, INT64_MIN}) {
    const std::vector<std::int64_t> ids{1, id};
    CHECK_THROWS_AS(engine.append(std::vector<Continuation>{{0, ids}}), OptionError);
  }
  const std::vector<std::int64_t> one{1}, too_many(41, 1);
  CHECK_THROWS(engine.append(std::vector<Continuation>{{0, too_many}}));
  CHECK_THROWS(engine.append(std::vector<Continuation>{{2, one}}));
  CHECK_THROWS(engine.append(std::vector<Continuation>{{1, one}, {0, one}}));
  CHECK_THROWS(engine.append(std::vector<Continuation>{{1, one}, {1, one}}));
  engine.append(std::vector<Continuation>{{0, one}});  // nothing of that has changed anything
  CHECK(test::difference(to_tensor(engine.logits(0)), module_logits(model, one)[-1], 1e-4, 1e-4) ==
        "");
}

TEST_CASE("engine: which models suit") {
  const ModelConfig config = configs()[0];
  auto model = random_model(config);
  CHECK(suits_engine(model));
  model->llama->set_attention(AttentionKind::full);
  CHECK_FALSE(suits_engine(model));
  model->llama->set_attention(AttentionKind::causal);
  add_adapter(model->llama, "a", {}, make_generator(1));
  CHECK_FALSE(suits_engine(model));
  merge_adapter(model->llama);
  CHECK(suits_engine(model));
  model->to(torch::kDouble);
  CHECK_FALSE(suits_engine(model));
}

TEST_CASE("engine: what happens to the module afterwards changes nothing under it") {
  const ModelConfig config = configs()[0];
  auto model = random_model(config);
  const auto ids = random_ids(config, 20, 1);
  const auto expected = module_logits(model, ids)[-1].clone();
  auto engine = make_engine(model);
  model->to(torch::kDouble);
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : model->parameters()) parameter.zero_();
  }
  model = nullptr;
  engine.append(std::vector<Continuation>{{0, ids}});
  CHECK(test::difference(to_tensor(engine.logits(0)), expected, 1e-4, 1e-4) == "");
}

TEST_CASE("engine: under full attention it computes what the module does, of all tokens at once") {
  for (ModelConfig config : configs()) {
    if (config.positions == "alibi") {
      auto causal = random_model(config);
      auto weights = weights_of(causal);
      weights.config.attention = AttentionKind::full;
      CHECK_THROWS_WITH(Engine(std::make_shared<const Weights>(weights), 1, 40),
                        contains("positions alibi need causal attention"));
      continue;
    }
    config.attention = AttentionKind::full;
    auto model = random_model(config);
    model->llama->set_attention(AttentionKind::causal);  // which weights_of() asks for
    auto weights = weights_of(model);
    weights.config.attention = AttentionKind::full;
    model->llama->set_attention(AttentionKind::full);
    Engine engine(std::make_shared<const Weights>(weights), 2, 40);
    const auto first = random_ids(config, 33, 1), second = random_ids(config, 7, 2);
    for (const auto& [n_logits, n_states] :
         std::vector<std::pair<std::size_t, std::size_t>>{{1, 0}, {0, 1}, {0, 7}, {1, 5}, {6, 2}}) {
      engine.restart(0);
      engine.restart(1);
      engine.append(std::vector<Continuation>{{0, first, n_logits, n_states},
                                              {1, second, n_logits, n_states}});
      std::size_t i = 0;
      for (const auto& ids : {first, second}) {
        const torch::NoGradGuard no_grad;
        const auto hidden = model->llama(torch::tensor(ids).unsqueeze(0)).squeeze(0);
        const auto check = [&](std::span<const float> rows, const torch::Tensor& its,
                               std::size_t n) {
          CHECK(rows.empty() == (n == 0));
          if (n == 0) return;
          CHECK(test::difference(to_tensor(rows).view({-1, its.size(1)}),
                                 its.slice(0, its.size(0) - std::int64_t(n)), 1e-4, 1e-4) == "");
        };
        check(engine.logits(i), model->logits(hidden), n_logits);
        check(engine.states(i), hidden, n_states);
        ++i;
      }
    }
    CHECK_THROWS_AS(engine.logits(2), OptionError);
    CHECK_THROWS_AS(engine.states(2), OptionError);
  }
}

TEST_CASE("engine: hidden states of causal models, in passes of more tokens than one takes") {
  ModelConfig config = configs()[1];
  config.max_seq_len = 400;
  auto model = random_model(config);
  Engine engine(std::make_shared<const Weights>(weights_of(model)), 2, 400);
  const auto first = random_ids(config, 300, 1), second = random_ids(config, 50, 2);
  engine.append(std::vector<Continuation>{{0, first, 0, 300}, {1, second, 2, 50}});
  std::size_t i = 0;
  for (const auto& ids : {first, second}) {
    const torch::NoGradGuard no_grad;
    const auto hidden = model->llama(torch::tensor(ids).unsqueeze(0)).squeeze(0);
    const auto states = to_tensor(engine.states(i++)).view({-1, config.dim});
    CHECK(test::difference(states, hidden, 1e-4, 1e-4) == "");
  }
  CHECK(engine.logits(0).empty());
  const torch::NoGradGuard no_grad;
  const auto hidden = model->llama(torch::tensor(second).unsqueeze(0)).squeeze(0);
  CHECK(test::difference(to_tensor(engine.logits(1)).view({2, -1}),
                         model->logits(hidden.slice(0, 48)), 1e-4, 1e-4) == "");
}
