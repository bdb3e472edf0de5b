#include "minillama/train/language_modelling.h"

#include <cmath>

#include "support/catch.h"
#include "support/pretraining_run.h"

using namespace minillama;

TEST_CASE("language modelling: perplexity and bits per byte are those of the loss") {
  const test::TemporaryDirectory directory;
  // A model that finds all of 37 tokens equally probable.
  LanguageModel model(test::rms_config(), make_generator(0));
  {
    const torch::NoGradGuard no_grad;
    model->llama->norm->weight.zero_();
  }
  const auto ids = test::walk(directory.path() / "ids", 400, 3);  // of a text of 1000 bytes
  for (const std::int64_t max_windows : {0, 3}) {
    const auto figures = evaluate_language_model(model, ids, 8, max_windows);
    CHECK(figures.loss == Approx(std::log(37.0)).epsilon(1e-6));
    CHECK(figures.perplexity == Approx(37.0).epsilon(1e-5));
    CHECK(figures.bits_per_byte == Approx(std::log2(37.0) * 400 / 1000).epsilon(1e-6));
  }
}
