#include "minillama/model/classifier.h"

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/small_model.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

const std::vector<TokenIds> kSequences{{1, 5, 6, 7}, {1, 9}, {1, 20, 21, 22, 23, 24, 25}};

Classifier make_classifier(PoolingKind pooling, double dropout = 0,
                           AttentionKind attention = AttentionKind::causal) {
  const auto generator = make_generator(1);
  auto config = test::small_config();
  config.attention = attention;
  return Classifier(
      Llama(config, generator),
      ClassifierConfig{.label_names = {"a", "b", "c"}, .pooling = pooling, .dropout = dropout},
      generator);
}

}  // namespace

TEST_CASE("classifier: has the reference's parameter names and draws a bounded head") {
  auto model = make_classifier(PoolingKind::last);
  const auto parameters = model->named_parameters();
  CHECK(parameters.contains("llama.layers.1.attention.compute_query.weight"));
  CHECK(parameters["classifier_head.weight"].sizes() == torch::IntArrayRef({3, 16}));
  CHECK(parameters["classifier_head.bias"].sizes() == torch::IntArrayRef({3}));
  const auto largest = parameters["classifier_head.weight"].abs().max().item<double>();
  CHECK(largest <= 0.25);  // 1 / sqrt(16)
  CHECK(largest > 0.2);
}

TEST_CASE("classifier: pools the last token or the mean of each sequence, whoever its neighbours") {
  const torch::NoGradGuard no_grad;
  for (const auto pooling : {PoolingKind::last, PoolingKind::mean}) {
    auto model = make_classifier(pooling);
    model->eval();
    const auto together = model(classifier_input(kSequences, pooling, 0));
    for (std::int64_t i = 0; i < 3; ++i) {
      const auto& ids = kSequences[static_cast<std::size_t>(i)];
      const auto hidden = model->llama(torch::tensor(ids).unsqueeze(0))[0];
      const auto pooled = pooling == PoolingKind::last ? hidden[-1] : hidden.mean(0);
      const auto& head = *model->classifier_head;
      const auto expected = torch::mv(head.weight, pooled) + head.bias;
      CHECK(test::difference(together[i], expected, 1e-5, 1e-6) == "");
      const auto alone = model(classifier_input(std::span(&ids, 1), pooling, 0))[0];
      CHECK(test::difference(alone, expected, 1e-5, 1e-6) == "");
    }
  }
}

TEST_CASE("classifier: padded-last takes the last position of the padded row") {
  const torch::NoGradGuard no_grad;
  auto model = make_classifier(PoolingKind::padded_last, 0, AttentionKind::full);
  model->eval();
  const auto logits = model(classifier_input(kSequences, PoolingKind::padded_last, 3));
  const auto rows =
      torch::tensor({1, 5, 6, 7, 3, 3, 3, 1, 9, 3, 3, 3, 3, 3, 1, 20, 21, 22, 23, 24, 25})
          .view({3, 7});
  const auto pooled = model->llama(rows).select(1, -1);
  const auto expected =
      torch::linear(pooled, model->classifier_head->weight, model->classifier_head->bias);
  CHECK(test::difference(logits, expected, 1e-5, 1e-6) == "");
}

TEST_CASE("classifier: dropout falls on the pooled state, in training only, from its generator") {
  auto model = make_classifier(PoolingKind::mean, 0.5);
  const auto input = classifier_input(kSequences, PoolingKind::mean, 0);
  const torch::NoGradGuard no_grad;
  model->eval();
  CHECK(torch::equal(model(input), model(input)));
  model->train();
  const auto first = model(input);
  CHECK_FALSE(torch::equal(model(input), first));
  CHECK(torch::equal(make_classifier(PoolingKind::mean, 0.5)(input), first));  // the same seed
}

TEST_CASE("classifier: gradients of every parameter agree with finite differences") {
  for (const auto pooling : {PoolingKind::last, PoolingKind::mean}) {
    const auto generator = make_generator(2);
    const ModelConfig tiny{.dim = 4,
                           .n_layers = 1,
                           .n_heads = 2,
                           .n_kv_heads = 1,
                           .hidden_dim = 6,
                           .vocab_size = 7,
                           .max_seq_len = 8};
    Classifier model(Llama(tiny, generator),
                     ClassifierConfig{.label_names = {"a", "b"}, .pooling = pooling}, generator);
    model->eval();
    model->to(torch::kDouble);
    const std::vector<TokenIds> sequences{{1, 5, 6}, {2, 3, 4, 0, 1}};
    const auto input = classifier_input(sequences, pooling, 0);
    {
      const torch::NoGradGuard no_grad;
      for (auto& parameter : model->parameters()) parameter.mul_(10);
    }
    CHECK(test::parameter_gradient_difference(*model, [&] { return model(input); }) == "");
  }
}

TEST_CASE("classifier: configs that cannot be used are refused by name") {
  using Config = ClassifierConfig;
  CHECK_THROWS_WITH((Config{.label_names = {"a"}}.validate()), contains("1 labels"));
  CHECK_THROWS_WITH((Config{.label_names = {"a", "a"}}.validate()), contains("\"a\""));
  CHECK_THROWS_WITH((Config{.label_names = {"a", "b"}, .dropout = 1}.validate()),
                    contains("dropout is 1"));
  CHECK_THROWS_WITH((Config{.label_names = {"a", "b"}, .sentence_template = "x"}.validate()),
                    contains("{sentence}"));
  CHECK_THROWS_AS(pooling_kind("first"), OptionError);
  CHECK(pooling_kind("padded-last") == PoolingKind::padded_last);
}
