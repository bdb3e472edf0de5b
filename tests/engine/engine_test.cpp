#include "minillama/engine/engine.h"

#include <cmath>

#include "minillama/core/device.h"
#include "minillama/core/error.h"
#include "minillama/kernels/q8_0.h"
#include "minillama/model/adapters.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/module_weights.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// A model with weights that differ enough for every one of them to matter, norms included.
LanguageModel random_model(const ModelConfig& config) {
  auto generator = make_generator(3);
  LanguageModel model(config, generator);
  const torch::NoGradGuard no_grad;
  for (auto& item : model->named_parameters()) {
    const bool norm = item.key().find("norm") != std::string::npos;
    item.value().normal_(norm ? 1 : 0, norm ? 0.3 : 0.15, generator);
  }
  model->eval();
  return model;
}

std::vector<std::int64_t> random_ids(const ModelConfig& config, std::int64_t count,
                                     std::uint64_t seed) {
  const auto ids = torch::randint(config.vocab_size, {count}, make_generator(seed), torch::kLong);
  return {ids.data_ptr<std::int64_t>(), ids.data_ptr<std::int64_t>() + count};
}

/// The module's logits [T, V] of all positions.
torch::Tensor module_logits(LanguageModel& model, const std::vector<std::int64_t>& ids) {
  const torch::NoGradGuard no_grad;
  return model(torch::tensor(ids).unsqueeze(0)).squeeze(0);
}

torch::Tensor to_tensor(std::span<const float> logits) {
  return torch::tensor(std::vector<float>(logits.begin(), logits.end()));
}

Engine make_engine(LanguageModel& model, std::size_t sequences = 1) {
  return {std::make_shared<const Weights>(weights_of(model)), sequences,
          static_cast<std::size_t>(model->config().max_seq_len)};
}

/// The models that a test goes through: both norms, grouped and single key/value heads, tied and
/// separate heads, widths that are no multiples of a vector.
std::vector<ModelConfig> configs() {
  const ModelConfig base{.dim = 48,
                         .n_layers = 3,
                         .n_heads = 6,
                         .n_kv_heads = 6,
                         .hidden_dim = 76,
                         .vocab_size = 101,
                         .max_seq_len = 40};
  std::vector<ModelConfig> all(6, base);
  all[1].norm = NormKind::rmsnorm;
  all[1].norm_eps = 0.1;
  all[2].n_kv_heads = 2;
  all[2].rope_theta = 100;
  all[3].n_kv_heads = 1;
  all[3].tied_embeddings = false;
  all[4].dim = 30;
  all[4].n_heads = 5;
  all[4].n_kv_heads = 5;
  all[4].hidden_dim = 33;
  all[4].norm = NormKind::rmsnorm;
  all[5].dim = 160;
  all[5].n_heads = 2;
  all[5].n_kv_heads = 1;
  return all;
}

}  // namespace

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

TEST_CASE("engine: quantized, it computes with the weights that the blocks stand for") {
  ModelConfig config = configs()[2];
  config.dim = 96;
  config.hidden_dim = 128;
  for (const bool tied : {true, false}) {
    config.tied_embeddings = tied;
    auto model = random_model(config), same = random_model(config);
    const auto quantized =
        std::make_shared<const Weights>(converted(weights_of(same), weight_format(DType::q8_0)));
    const torch::NoGradGuard no_grad;
    for (auto& item : model->named_parameters()) {
      if (item.value().dim() != 2) continue;
      std::vector<kernels::Q8Block> blocks(static_cast<std::size_t>(item.value().numel()) /
                                           kernels::kBlockSize);
      const auto size = static_cast<std::size_t>(item.value().numel());
      kernels::pack(size, item.value().data_ptr<float>(), blocks.data());
      kernels::unpack(size, blocks.data(), item.value().data_ptr<float>());
    }
    const auto ids = random_ids(config, 40, 1);
    const auto expected = module_logits(model, ids);
    Engine engine(quantized, 1, 40);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      engine.append(std::vector<Continuation>{{0, {&ids[i], 1}}});
      // What is left is the rounding of the inputs to eight bits.
      const auto error = to_tensor(engine.logits(0)) - expected[static_cast<std::int64_t>(i)];
      const auto spread = expected[static_cast<std::int64_t>(i)].std().item<double>();
      REQUIRE(error.square().mean().sqrt().item<double>() < 0.03 * spread);
    }
  }
}

TEST_CASE("engine: widths that blocks of 32 do not fill are not quantized") {
  ModelConfig config = configs()[0];
  auto model = random_model(config);
  CHECK_THROWS_WITH(converted(weights_of(model), weight_format(DType::q8_0)),
                    "weights of type q8_0 (--weights q8_0) need a dim that is a multiple of 32; "
                    "the model's is 48");
}

TEST_CASE("engine: eight bits cost less than 0.5 % of perplexity on reviews") {
  const auto model_path = test::data_file("reviews/reviews5M.pt");
  const auto text_path = test::data_file("reviews/reviews-valid.txt");
  const auto tokenizer_path = test::data_file("reviews/reviews8k.model");
  SKIP_WITHOUT(model_path, "reviews/reviews5M.pt");
  SKIP_WITHOUT(text_path, "reviews/reviews-valid.txt");
  SKIP_WITHOUT(tokenizer_path, "reviews/reviews8k.model");
  auto model = read_language_model(*model_path);
  const auto tokenizer = Tokenizer::load(*tokenizer_path);
  const auto text = tokenizer.encode(test::read_text(*text_path).substr(0, 30'000));
  constexpr std::size_t kSequences = 8, kLength = 256;
  REQUIRE(text.size() > kSequences * kLength);

  /// Mean negative log-likelihood, the sequences side by side.
  const auto loss = [&](Weights weights) {
    Engine engine(std::make_shared<const Weights>(std::move(weights)), kSequences, kLength);
    double sum = 0;
    for (std::size_t position = 0; position + 1 < kLength; ++position) {
      std::vector<Continuation> continuations;
      for (std::size_t i = 0; i < kSequences; ++i) {
        continuations.push_back({i, std::span(text).subspan(i * kLength + position, 1)});
      }
      engine.append(continuations);
      for (std::size_t i = 0; i < kSequences; ++i) {
        const auto next = text[i * kLength + position + 1];
        sum -= to_tensor(engine.logits(i)).log_softmax(0)[next].item<double>();
      }
    }
    return sum / static_cast<double>(kSequences * (kLength - 1));
  };
  const double exact = loss(weights_of(model)),
               rounded = loss(converted(weights_of(model), weight_format(DType::q8_0)));
  INFO("perplexity " << std::exp(exact) << " in float32, " << std::exp(rounded) << " in q8_0");
  CHECK(exact < 5);  // the model knows these texts' language
  CHECK(std::exp(rounded - exact) < 1.005);
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
    config.attention = AttentionKind::full;
    auto model = random_model(config);
    model->llama->set_attention(AttentionKind::causal);  // which weights_of() asks for
    auto weights = weights_of(model);
    weights.config.attention = AttentionKind::full;
    model->llama->set_attention(AttentionKind::full);
    Engine engine(std::make_shared<const Weights>(weights), 2, 40);
    const auto first = random_ids(config, 33, 1), second = random_ids(config, 7, 2);
    for (const auto wanted : {Wanted::logits, Wanted::last_state, Wanted::all_states}) {
      engine.restart(0);
      engine.restart(1);
      engine.append(std::vector<Continuation>{{0, first}, {1, second}}, wanted);
      std::size_t i = 0;
      for (const auto& ids : {first, second}) {
        const torch::NoGradGuard no_grad;
        const auto hidden = model->llama(torch::tensor(ids).unsqueeze(0)).squeeze(0);
        if (wanted == Wanted::logits) {
          CHECK(test::difference(to_tensor(engine.logits(i)), model->logits(hidden[-1]), 1e-4,
                                 1e-4) == "");
        } else {
          const auto states = to_tensor(engine.states(i)).view({-1, config.dim});
          const auto its = wanted == Wanted::all_states ? hidden : hidden.slice(0, -1);
          CHECK(test::difference(states, its, 1e-4, 1e-4) == "");
        }
        ++i;
      }
    }
    CHECK_THROWS_AS(engine.logits(0), OptionError);
  }
}

TEST_CASE("engine: hidden states of causal models, in passes of more tokens than one takes") {
  ModelConfig config = configs()[1];
  config.max_seq_len = 400;
  auto model = random_model(config);
  Engine engine(std::make_shared<const Weights>(weights_of(model)), 2, 400);
  const auto first = random_ids(config, 300, 1), second = random_ids(config, 50, 2);
  engine.append(std::vector<Continuation>{{0, first}, {1, second}}, Wanted::all_states);
  std::size_t i = 0;
  for (const auto& ids : {first, second}) {
    const torch::NoGradGuard no_grad;
    const auto hidden = model->llama(torch::tensor(ids).unsqueeze(0)).squeeze(0);
    const auto states = to_tensor(engine.states(i++)).view({-1, config.dim});
    CHECK(test::difference(states, hidden, 1e-4, 1e-4) == "");
  }
}
