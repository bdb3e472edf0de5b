#include "minillama/generate/logits_processor.h"

#include "minillama/generate/sampler.h"
#include "minillama/generate/sampling_steps.h"
#include "minillama/model/module_decoder.h"

#include "support/catch.h"
#include "support/small_model.h"

using namespace minillama;

TEST_CASE("logits processors: repetition penalty divides or multiplies what came before, once") {
  const auto processors = make_processors({.repetition_penalty = 2});
  REQUIRE(processors.size() == 1);
  const std::vector<std::int64_t> tokens{3, 1, 3, 0, 9};  // 9 is beyond the vocabulary
  std::vector<float> logits{4, -1, 5, 0.5F, -6};
  processors[0]->apply(logits, {.tokens = tokens, .prompt = 2});
  CHECK(logits == std::vector<float>{2, -2, 5, 0.25F, -6});
  processors[0]->clone()->apply(logits, {.tokens = tokens, .prompt = 2});
  CHECK(logits == std::vector<float>{1, -4, 5, 0.125F, -6});
  CHECK(make_processors({}).empty());
  CHECK_THROWS_WITH(Sampler({.repetition_penalty = 0}), contains("repetition-penalty is 0"));
}

TEST_CASE("logits processors: what was generated is penalized, too, in batches as alone") {
  LanguageModel model(test::small_config(), make_generator(2));
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : model->parameters()) parameter.mul_(20);
  }
  GenerationOptions options{
      .max_new_tokens = 12, .temperature = 0, .repetition_penalty = 1e6, .stop_at_end = false};
  const Prompts prompts{{1, 5, 9}, {7}, {2, 3}};
  const auto together = generate_batch(model, prompts, options, {});
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    // With such a penalty nothing comes twice as long as another logit is positive.
    auto all = prompts[i];
    all.insert(all.end(), together[i].ids.begin(), together[i].ids.end());
    auto sorted = all;
    std::ranges::sort(sorted);
    CHECK(std::ranges::adjacent_find(sorted) == sorted.end());
    CHECK(generate(model, prompts[i], options, {}).ids == together[i].ids);
  }
  options.repetition_penalty = 1;
  const auto free = generate(model, prompts[0], options, {}).ids;
  CHECK(free != together[0].ids);
}
