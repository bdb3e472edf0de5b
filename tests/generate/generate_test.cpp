#include "minillama/generate/generate.h"

#include <cmath>
#include <limits>

#include "minillama/core/error.h"
#include "minillama/generate/sampler.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/module_decoder.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// A small model with weights large enough that its choices are not all alike.
LanguageModel small_model(AttentionKind attention = AttentionKind::causal) {
  LanguageModel model(ModelConfig{.dim = 16,
                                  .n_layers = 2,
                                  .n_heads = 4,
                                  .n_kv_heads = 2,
                                  .vocab_size = 50,
                                  .max_seq_len = 24,
                                  .attention = attention},
                      make_generator(2));
  const torch::NoGradGuard no_grad;
  for (auto& parameter : model->parameters()) parameter.mul_(8);
  model->eval();
  return model;
}

const std::vector<std::int64_t> kPrompt{1, 7, 30, 12};

}  // namespace

TEST_CASE("generate: greedy decoding matches the pretrained model's golden ids") {
  const auto model_path = test::data_file("reviews/reviews5M.pt");
  const auto golden_path = test::data_file("reviews/golden.pt");
  SKIP_WITHOUT(model_path, "reviews/reviews5M.pt");
  SKIP_WITHOUT(golden_path, "reviews/golden.pt");
  const auto golden = test::load_fixture(*golden_path);
  for (const std::string attention : {"causal", "full"}) {
    auto model = read_language_model(*model_path, {.attention = attention_kind(attention)});
    const auto& expected = golden.at("greedy_ids_" + attention);
    const auto* ids = expected.data_ptr<std::int64_t>();
    const std::vector<std::int64_t> all(ids, ids + expected.numel());
    const std::vector<std::int64_t> prompt(all.begin(), all.end() - 40);
    const auto generation = generate(model, prompt, {.max_new_tokens = 40, .temperature = 0}, {});
    CHECK(generation.ids == std::vector<std::int64_t>(all.end() - 40, all.end()));
  }
}

TEST_CASE("generate: the tokens are the same with the engine, a cache or neither") {
  auto model = small_model();
  for (const double temperature : {0.0, 1.0}) {
    const GenerationOptions engine{.max_new_tokens = 18, .temperature = temperature};
    auto cached = engine, uncached = engine;
    cached.use_engine = false;
    uncached.use_cache = false;
    const auto ids = generate(model, kPrompt, engine, {}).ids;
    CHECK(ids.size() == 18);
    CHECK(ids == generate(model, kPrompt, cached, {}).ids);
    CHECK(ids == generate(model, kPrompt, uncached, {}).ids);
  }
}

TEST_CASE("generate: prompts together become what each becomes alone") {
  auto model = small_model();
  const Prompts prompts{{1, 7, 30, 12}, {1}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 40}, {1, 7}, {1, 9}};
  const std::vector<std::int64_t> stop{3};
  for (const std::int64_t batch_size : {1, 2, 4, 16}) {
    for (const bool use_engine : {true, false}) {
      for (const bool use_cache : {true, false}) {
        const GenerationOptions options{.max_new_tokens = 22,
                                        .temperature = 1.5,
                                        .seed = 5,
                                        .use_cache = use_cache,
                                        .use_engine = use_engine,
                                        .batch_size = batch_size};
        const auto together = generate_batch(model, prompts, options, stop);
        REQUIRE(together.size() == prompts.size());
        for (std::size_t i = 0; i < prompts.size(); ++i) {
          auto alone_options = options;
          alone_options.seed = 5 + i;
          const auto alone = generate(model, prompts[i], alone_options, stop);
          CHECK(together[i].ids == alone.ids);
          CHECK(together[i].stop == alone.stop);
        }
      }
    }
  }
  CHECK(generate_batch(model, {}, {}, {}).empty());
  CHECK_THROWS_AS(generate_batch(model, {{1}, {}}, {}, {}), OptionError);
  CHECK_THROWS_WITH(generate_batch(model, {{1}}, {.batch_size = 0}, {}),
                    "batch-size is 0, must lie between 1 and 1024");
}

TEST_CASE("generate: the seed decides") {
  auto model = small_model();
  const auto with_seed = [&](std::uint64_t seed) {
    return generate(model, kPrompt, {.max_new_tokens = 15, .temperature = 2, .seed = seed}, {}).ids;
  };
  CHECK(with_seed(1) == with_seed(1));
  CHECK(with_seed(1) != with_seed(2));
}

TEST_CASE("generate: stops at a stop id, without it") {
  auto model = small_model();
  const auto free_run = generate(model, kPrompt, {.max_new_tokens = 10, .temperature = 0}, {}).ids;
  const std::vector<std::int64_t> stop{free_run[3]};
  const auto first = std::find(free_run.begin(), free_run.end(), stop[0]);
  const auto stopped = generate(model, kPrompt, {.max_new_tokens = 10, .temperature = 0}, stop);
  CHECK(stopped.stop == StopReason::end_of_text);
  CHECK(stopped.ids == std::vector<std::int64_t>(free_run.begin(), first));
  const auto ignored = generate(
      model, kPrompt, {.max_new_tokens = 10, .temperature = 0, .stop_at_end = false}, stop);
  CHECK(ignored.ids == free_run);
  CHECK(ignored.stop == StopReason::max_new_tokens);
}

TEST_CASE("generate: ends when the context is full, at the same place with and without a cache") {
  for (const bool use_cache : {true, false}) {
    auto model = small_model();
    const auto generation = generate(
        model, kPrompt, {.max_new_tokens = 100, .temperature = 0, .use_cache = use_cache}, {});
    CHECK(generation.stop == StopReason::context_full);
    // 24 positions can be read; the token after the last of them is still predicted.
    CHECK(generation.ids.size() == 24 - kPrompt.size() + 1);
  }
}

TEST_CASE("generate: a cropped context goes on, each step seeing the last positions alone") {
  auto model = small_model(AttentionKind::full);
  const GenerationOptions options{.max_new_tokens = 40, .temperature = 0, .crop_context = true};
  const auto generation = generate(model, kPrompt, options, {});
  REQUIRE(generation.ids.size() == 40);
  auto all = kPrompt;
  all.insert(all.end(), generation.ids.begin(), generation.ids.end());
  const std::vector<std::int64_t> window(all.end() - 25, all.end() - 1);
  const torch::NoGradGuard no_grad;
  const auto logits = model(torch::tensor(window).unsqueeze(0)).select(1, -1);
  CHECK(logits.argmax(-1).item<std::int64_t>() == all.back());
}

TEST_CASE("generate: the callback sees every token and can end it") {
  auto model = small_model();
  std::vector<std::int64_t> seen;
  const auto generation = generate(model, kPrompt, {.temperature = 0}, {}, [&](std::int64_t id) {
    seen.push_back(id);
    return seen.size() < 5;
  });
  CHECK(generation.stop == StopReason::callback);
  CHECK(seen.size() == 5);
  CHECK(seen == generation.ids);
}

TEST_CASE("generate: unusable prompts and options are refused") {
  auto model = small_model();
  const std::vector<std::int64_t> too_long(25, 1);
  CHECK_THROWS_WITH(generate(model, too_long, {}, {}),
                    "the prompt has 25 tokens, the model's context 24");
  CHECK_THROWS_AS(generate(model, {}, {}, {}), OptionError);
  CHECK_THROWS_WITH(generate(model, kPrompt, {.temperature = NAN}, {}),
                    contains("temperature is nan"));
  CHECK_THROWS_WITH(generate(model, kPrompt, {.top_p = 1.5}, {}),
                    "top-p is 1.5, must lie in (0, 1]");
  for (const GenerationOptions& options :
       {GenerationOptions{.max_new_tokens = -1}, GenerationOptions{.temperature = -1},
        GenerationOptions{.temperature = INFINITY}, GenerationOptions{.top_k = -1},
        GenerationOptions{.top_p = 0}, GenerationOptions{.top_p = NAN},
        GenerationOptions{.min_p = -0.1}, GenerationOptions{.min_p = 1.1},
        GenerationOptions{.epsilon = 2}, GenerationOptions{.epsilon = NAN},
        GenerationOptions{.batch_size = 1025}}) {
    CHECK_THROWS_AS(generate(model, kPrompt, options, {}), OptionError);
  }
}

TEST_CASE("generate: broken weights are noticed, not sampled from") {
  Sampler greedy({.temperature = 0});
  Sampler warm({.temperature = 1});
  for (const float broken : {NAN, INFINITY}) {
    std::vector<float> logits{1, broken, 2};
    CHECK_THROWS_AS(greedy.next(logits), InputError);
    CHECK_THROWS_AS(warm.next(logits), InputError);
  }
}

TEST_CASE("generate: samples follow the filtered distribution") {
  Sampler sampler({.temperature = 1, .epsilon = 0.1});
  std::vector<int> counts(4);
  for (int i = 0; i < 20000; ++i) {
    std::vector<float> logits{std::log(0.6f), std::log(0.05f), std::log(0.2f), std::log(0.15f)};
    ++counts[static_cast<std::size_t>(sampler.next(logits))];
  }
  CHECK(counts[1] == 0);
  CHECK(counts[0] / 20000.0 == Approx(0.6 / 0.95).margin(0.015));
  CHECK(counts[2] / 20000.0 == Approx(0.2 / 0.95).margin(0.015));
}
