// An engine on weights of eight bits.

#include <cmath>

#include "minillama/core/error.h"
#include "minillama/engine/engine.h"
#include "minillama/kernels/block_kinds.h"
#include "minillama/model/language_model_file.h"

#include "support/catch.h"
#include "support/engine_models.h"
#include "support/files.h"

using namespace minillama;
using test::configs;
using test::module_logits;
using test::random_ids;
using test::random_model;
using test::to_tensor;

TEST_CASE("engine: quantized, it computes with the weights that the blocks stand for") {
  std::vector<ModelConfig> all(5, configs()[2]);
  all[1].tied_embeddings = false;
  all[2].head_dim = 32;
  all[2].qkv_bias = all[2].output_bias = all[2].qk_norm = true;
  all[3].positions = "learned";
  all[4].positions = "alibi";
  for (ModelConfig& config : all) {
    config.dim = 96;
    config.hidden_dim = 128;
    auto model = random_model(config), same = random_model(config);
    const auto quantized =
        std::make_shared<const Weights>(converted(weights_of(same), weight_format(DType::q8_0)));
    const torch::NoGradGuard no_grad;
    for (auto& item : model->named_parameters()) {
      if (item.value().dim() != 2) continue;
      std::vector<kernels::Q8_0Block> blocks(static_cast<std::size_t>(item.value().numel()) /
                                             kernels::kPartSize);
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
