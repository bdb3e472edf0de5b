#include "minillama/nn/mode_scope.h"

#include <stdexcept>

#include "minillama/model/module_decoder.h"

#include "support/catch.h"
#include "support/small_model.h"

using namespace minillama;

namespace {

LanguageModel model_with_dropout() {
  auto config = test::small_config();
  config.dropout = 0.5;
  const auto generator = make_generator(3);
  return LanguageModel(config, generator);
}

}  // namespace

TEST_CASE("mode_scope: every module is afterwards as it was, also after an exception") {
  auto model = model_with_dropout();
  model->train();
  model->llama->norm->eval();
  try {
    const ModeScope evaluating(*model, Mode::evaluation);
    for (const auto& module : model->modules()) CHECK_FALSE(module->is_training());
    throw std::runtime_error("in between");
  } catch (const std::runtime_error&) {
  }
  CHECK(model->is_training());
  CHECK(model->llama->is_training());
  CHECK_FALSE(model->llama->norm->is_training());
  {
    const ModeScope training(*model, Mode::training);
    CHECK(model->llama->norm->is_training());
  }
  CHECK_FALSE(model->llama->norm->is_training());
}

TEST_CASE("mode_scope: a model in training mode generates without dropout, and stays in it") {
  auto model = model_with_dropout();
  const std::vector<std::int64_t> prompt{1, 5, 9};
  for (const bool use_cache : {true, false}) {
    GenerationOptions options{.max_new_tokens = 8, .temperature = 0, .use_cache = use_cache};
    options.use_engine = false;
    model->eval();
    const auto expected = generate(model, prompt, options, {}).ids;
    model->train();
    CHECK(generate(model, prompt, options, {}).ids == expected);
    CHECK(model->is_training());
  }
}
