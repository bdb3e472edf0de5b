// What classification and generation say to wrong arguments, header by header: see
// coverage_test.cpp.

#include <cmath>
#include <limits>
#include <sstream>

#include "minillama/minillama.h"

#include "support/catch.h"
#include "support/option_error.h"
#include "support/small_model.h"

using namespace minillama;
using test::option_error;

namespace {

/// A model for the small tokenizer.
LanguageModel small_model() {
  auto config = test::small_config();
  config.vocab_size = test::small_tokenizer().vocab_size();
  return LanguageModel(config);
}

Classifier classifier_pooling(PoolingKind pooling = PoolingKind::mean) {
  return Classifier(small_model()->llama,
                    ClassifierConfig{.label_names = {"bad", "good"}, .pooling = pooling},
                    make_generator(1));
}

}  // namespace

TEST_CASE("arguments: eval/confusion_matrix.h") {
  for (const auto n :
       {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max()}) {
    CHECK_THAT(option_error([&] { ConfusionMatrix{n}; }), contains("n_labels is"));
  }
  ConfusionMatrix matrix(3);
  for (const std::int64_t label : {-1, 3, 1000}) {
    CHECK_THAT(option_error([&] { matrix.add(label, 0); }), contains("label is"));
    CHECK_THAT(option_error([&] { matrix.add(0, label); }), contains("label is"));
    CHECK_THAT(option_error([&] { matrix.count(label, 0); }), contains("label is"));
    CHECK_THAT(option_error([&] { matrix.precision(label); }), contains("label is"));
    CHECK_THAT(option_error([&] { matrix.recall(label); }), contains("label is"));
    CHECK_THAT(option_error([&] { matrix.f1(label); }), contains("label is"));
    CHECK_THAT(option_error([&] { matrix.support(label); }), contains("label is"));
  }
  CHECK(matrix.total() == 0);
}

TEST_CASE("arguments: eval/predictions.h") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "predictions";
  const std::vector<std::int64_t> labels{0, 1};
  const std::vector<std::string> one{"a"}, three{"a", "b", "c"};
  CHECK_THAT(option_error([&] { write_predictions(path, labels, one); }),
             contains("2 labels for 1 sentences"));
  CHECK_THAT(option_error([&] { write_predictions(path, labels, three); }),
             contains("2 labels for 3 sentences"));
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("arguments: eval/sentence_classifier.h and eval/label_plan.h") {
  CHECK_THAT(option_error([] { to_prediction({}); }), contains("no scores"));
  const std::vector<TokenIds> none, empty{{1}, {}};
  CHECK_THAT(option_error([&] { LabelPlan{none}; }), contains("no labels"));
  CHECK_THAT(option_error([&] { LabelPlan{empty}; }), contains("label 1 has no tokens"));
}

TEST_CASE("arguments: eval/label_likelihoods.h") {
  auto model = small_model();
  const std::vector<TokenIds> labels{{3}, {4, 5}}, outside{{3}, {100000}};
  const std::vector<TokenIds> prompts{{1, 2}}, empty{{1}, {}}, strange{{1, 100000}};
  const auto score = [&](const std::vector<TokenIds>& of, const LabelPlan& plan) {
    return option_error([&] { label_log_likelihoods(decoder_source(model), of, plan); });
  };
  CHECK(score(prompts, LabelPlan(labels)) == "accepted");
  CHECK_THAT(score(empty, LabelPlan(labels)), contains("length 0"));
  CHECK_THAT(score(strange, LabelPlan(labels)), contains("100000"));
  CHECK_THAT(score(prompts, LabelPlan(outside)), contains("token is 100000"));
  LabelPlan changed(labels);
  changed.labels[0][0].offset = 9;
  CHECK_THAT(score(prompts, changed), contains("behind its continuations"));
  changed = LabelPlan(labels);
  changed.labels[1][0].continuation = 9;
  CHECK_THAT(score(prompts, changed), contains("behind its continuations"));
  model->llama->set_attention(AttentionKind::full);
  CHECK_THAT(score(prompts, LabelPlan(labels)), contains("causal"));
  const DecoderSource nothing;
  CHECK_THAT(option_error([&] { label_log_likelihoods(nothing, prompts, LabelPlan(labels)); }),
             contains("no language model"));

  const auto at_end = [&](const std::vector<TokenIds>& rows, const std::vector<TokenIds>& of) {
    return option_error([&] { label_scores_at_end(decoder_source(model), rows, of); });
  };
  CHECK(at_end(prompts, labels) == "accepted");
  CHECK_THAT(at_end(prompts, outside), contains("token is 100000"));
  CHECK_THAT(at_end(prompts, empty), contains("a label has no tokens"));
  CHECK_THAT(at_end(strange, labels), contains("100000"));
  CHECK_THAT(at_end(empty, labels), contains("the length of a row is 0"));
  CHECK_THAT(option_error([&] { label_scores_at_end(nothing, prompts, labels); }),
             contains("no language model"));
}

TEST_CASE("arguments: eval/label_probabilities.h") {
  for (const auto pooling : {PoolingKind::mean, PoolingKind::padded_last}) {
    auto model = classifier_pooling(pooling);
    model->train();
    const std::vector<TokenIds> good{{1}, {1, 2}}, empty{{1}, {}}, outside{{1, -7}};
    const auto score = [&](const std::vector<TokenIds>& of, std::int64_t batch_size) {
      return option_error([&] { label_log_probabilities(model, of, batch_size, 0); });
    };
    CHECK(score(good, 1) == "accepted");
    CHECK(score({}, 1) == "accepted");
    CHECK_THAT(score(good, 0), contains("batch_size is 0"));
    CHECK_THAT(score(empty, 2), contains("length 0"));
    CHECK_THAT(score(outside, 2), contains("ids holds -7"));
    CHECK(model->is_training());
  }
  Classifier nothing{nullptr};
  const std::vector<TokenIds> good{{1}};
  CHECK_THAT(option_error([&] { label_log_probabilities(nothing, good, 1, 0); }),
             contains("empty"));
}

TEST_CASE("arguments: model/module_text_classifier.h") {
  const auto make = [](const Classifier& model, const TextClassifierOptions& options) {
    return option_error([&] { ModuleTextClassifier(model, test::small_tokenizer(), options); });
  };
  CHECK_THAT(make(classifier_pooling(), {.batch_size = 0}), contains("batch-size is 0"));
  CHECK_THAT(make(classifier_pooling(), {.max_sentence_len = -1}),
             contains("max-sentence-len is -1"));
  CHECK_THAT(make(Classifier{nullptr}, {}), contains("empty"));
  ModuleTextClassifier classifier(classifier_pooling(), test::small_tokenizer());
  const std::vector<std::string> broken{"fine", "\xC3"};
  CHECK_THAT(option_error([&] { classifier.classify(broken); }), contains("UTF-8"));
  CHECK_THAT(option_error([&] { classifier.classify(std::string("\xFF")); }), contains("UTF-8"));
  CHECK(classifier.classify(std::span<const std::string>{}).empty());
}

TEST_CASE("arguments: eval/zero_shot.h") {
  const auto make = [](const std::vector<std::string>& labels,
                       const ZeroShotOptions& options = {}) {
    return option_error([&] {
      ZeroShotClassifier(decoder_source(small_model()), test::small_tokenizer(), labels, options);
    });
  };
  for (const bool compatible : {false, true}) {
    const ZeroShotOptions options{.compatible = compatible};
    CHECK_THAT(make({}, options), contains("0 labels"));
    CHECK_THAT(make({"good"}, options), contains("1 labels"));
    CHECK_THAT(make({"good", ""}, options), contains("\"\" is empty"));
    CHECK_THAT(make({"good", "good"}, options), contains("there twice"));
    CHECK_THAT(make({"good", "\xFF"}, options), contains("UTF-8"));
  }
  const std::vector<std::string> two{"bad", "good"};
  CHECK_THAT(make(two, {.batch_size = 0}), contains("batch-size is 0"));
  CHECK_THAT(make(two, {.max_sentence_len = -1}), contains("-1"));
  CHECK_THAT(make(two, {.compatible = true, .prior = LabelPrior{}}), contains("calibration"));
  CHECK_THAT(make(two, {.templates = {"none"}}), contains("template"));
  CHECK_THAT(
      option_error([&] { ZeroShotClassifier(DecoderSource{}, test::small_tokenizer(), two); }),
      contains("no language model"));
}

TEST_CASE("arguments: generate/filters.h") {
  std::vector<float> none, zeros{0, 0}, broken{0.5F, std::nanf("")}, good{0.5F, 0.5F};
  CHECK_THAT(option_error([&] { softmax(none, 1); }), contains("no tokens"));
  CHECK_THAT(option_error([&] { softmax(good, 0); }), contains("temperature is 0"));
  CHECK_THAT(option_error([&] { softmax(good, std::nan("")); }), contains("temperature is nan"));
  std::vector<float> infinite{1, std::numeric_limits<float>::infinity()};
  CHECK_THAT(option_error([&] { softmax(infinite, 1); }), contains("sum"));
  CHECK_THAT(option_error([&] { softmax(broken, 1); }), contains("sum"));
  CHECK_THAT(option_error([&] { keep_top_k(good, 0); }), contains("top-k is 0"));
  CHECK_THAT(option_error([&] { keep_top_k(good, -1); }), contains("top-k is -1"));
  CHECK_THAT(option_error([&] { keep_top_p(good, 0); }), contains("top-p is 0"));
  CHECK_THAT(option_error([&] { keep_top_p(good, 1.5); }), contains("top-p is 1.5"));
  CHECK_THAT(option_error([&] { keep_min_p(good, -1); }), contains("min-p is -1"));
  CHECK_THAT(option_error([&] { keep_epsilon(good, std::nan("")); }), contains("epsilon is nan"));
  CHECK_THAT(option_error([&] { most_probable(none); }), contains("no tokens"));
  CHECK_THAT(option_error([&] { pick(none, 0); }), contains("no tokens"));
  CHECK_THAT(option_error([&] { pick(good, 1); }), contains("u is 1"));
  CHECK_THAT(option_error([&] { pick(good, std::nan("")); }), contains("u is nan"));
  for (auto* numbers : {&none, &zeros}) {
    CHECK(option_error([&] { keep_top_k(*numbers, 1); }) != "accepted");
    CHECK(option_error([&] { keep_top_p(*numbers, 0.5); }) != "accepted");
    CHECK(option_error([&] { keep_min_p(*numbers, 0.5); }) != "accepted");
    CHECK(option_error([&] { keep_epsilon(*numbers, 0.5); }) != "accepted");
  }
}

TEST_CASE("arguments: generate/generate.h, generate/generation_options.h, generate/decoder.h") {
  auto model = small_model();
  const auto engine = decoder_source(std::make_shared<const Weights>(weights_of(model)));
  const auto go_on = [&](const TokenIds& prompt, const GenerationOptions& options) {
    const auto error = option_error([&] { generate(model, prompt, options, {}); });
    CHECK(option_error([&] { generate(engine, prompt, options, {}); }) == error);
    CHECK(option_error([&] { generate_batch(model, {prompt}, options, {}); }) == error);
    return error;
  };
  CHECK_THAT(go_on({}, {}), contains("no tokens"));
  CHECK_THAT(go_on({1, 100000}, {}), contains("is 100000, must be at least 0"));
  CHECK_THAT(go_on({-1}, {}), contains("is -1"));
  CHECK_THAT(go_on(TokenIds(21, 1), {}), contains("21 tokens"));
  CHECK_THAT(go_on({1}, {.max_new_tokens = -1}), contains("max-new-tokens is -1"));
  CHECK_THAT(go_on({1}, {.temperature = -1}), contains("temperature is -1"));
  CHECK_THAT(go_on({1}, {.temperature = std::nan("")}), contains("temperature is nan"));
  CHECK_THAT(go_on({1}, {.top_k = -1}), contains("top-k is -1"));
  CHECK_THAT(go_on({1}, {.top_p = 0}), contains("top-p is 0"));
  CHECK_THAT(go_on({1}, {.min_p = 2}), contains("min-p is 2"));
  CHECK_THAT(go_on({1}, {.epsilon = -1}), contains("epsilon is -1"));
  CHECK_THAT(go_on({1}, {.repetition_penalty = 0}), contains("repetition-penalty is 0"));
  CHECK_THAT(go_on({1}, {.batch_size = 0}), contains("batch-size is 0"));
  const TokenIds prompt{1};
  LanguageModel nothing{nullptr};
  CHECK_THAT(option_error([&] { generate(nothing, prompt, {}, {}); }), contains("empty"));
  CHECK_THAT(option_error([&] { decoder_source(std::shared_ptr<const Weights>()); }),
             contains("no weights"));
}

TEST_CASE("arguments: generate/text_generator.h") {
  CHECK_THAT(
      option_error([] { ModuleTextGenerator(LanguageModel{nullptr}, test::small_tokenizer()); }),
      contains("empty"));
  CHECK_THAT(option_error(
                 [] { TextGenerator(std::shared_ptr<const Weights>(), test::small_tokenizer()); }),
             contains("no weights"));
  ModuleTextGenerator generator(small_model(), test::small_tokenizer());
  const auto& q8_0 = weight_format(DType::q8_0);
  CHECK_THAT(option_error([&] { generator.use_weights(q8_0); }), contains("an engine computes"));
  std::ostringstream out;
  CHECK_THAT(option_error([&] { generator.generate("\xFF", {}, out); }), contains("UTF-8"));
  CHECK_THAT(option_error([&] { generator.generate_batch({"a", "\xFF"}, {}); }), contains("UTF-8"));
  CHECK_THAT(option_error([&] { generator.generate("a", {.top_p = 2}, out); }), contains("top-p"));
  CHECK_THAT(option_error([&] { generator.quantize(); }), contains("multiple of 32"));
  CHECK(out.str().empty());
}

TEST_CASE("arguments: engine/engine.h, weights/weights.h and weights/weight_format.h") {
  auto model = small_model();
  const auto shared = std::make_shared<const Weights>(weights_of(model));
  CHECK_THAT(option_error([] { Engine(nullptr, 1, 1); }), contains("null"));
  CHECK_THAT(option_error([&] { Engine(shared, 0, 1); }), contains("sequences is 0"));
  CHECK_THAT(option_error([&] { Engine(shared, 1, 0); }), contains("capacity is 0"));
  constexpr auto kMost = std::numeric_limits<std::size_t>::max();
  CHECK_THAT(option_error([&] { Engine(shared, 1, kMost); }), contains("more than any memory"));
  CHECK_THAT(option_error([&] { Engine(shared, kMost / 2, 3); }), contains("more than any memory"));
  Engine engine(shared, 2, 3);
  CHECK_THAT(option_error([&] { engine.logits(0); }), contains("less than 0"));
  CHECK_THAT(option_error([&] { engine.restart(2); }), contains("sequence is 2"));
  const TokenIds one{1}, four{1, 2, 3, 4}, outside{100000}, none;
  const auto append = [&](const std::vector<Continuation>& continuations) {
    return option_error([&] { engine.append(continuations); });
  };
  CHECK_THAT(append({{2, one}}), contains("sequence is 2"));
  CHECK_THAT(append({{0, none}}), contains("0 tokens for sequence 0"));
  CHECK_THAT(append({{0, four}}), contains("4 tokens for sequence 0"));
  CHECK_THAT(append({{0, outside}}), contains("100000"));
  CHECK_THAT(append({{1, one}, {0, one}}), contains("must increase"));
  CHECK_THAT(append({{1, one}, {1, one}}), contains("must increase"));
  CHECK(append({{0, one}, {1, one}}) == "accepted");
  CHECK(engine.logits(1).size() == static_cast<std::size_t>(model->config().vocab_size));
  CHECK_THAT(option_error([&] { engine.logits(2); }), contains("less than 2"));

  CHECK_THAT(option_error([&] { converted(*shared, weight_format(DType::q8_0)); }),
             contains("multiple of 32"));
  CHECK_THAT(option_error([] { weight_format("q3"); }), contains("f32, f16, bf16, q8_0, q4_0"));
  CHECK_THAT(option_error([] { weight_format(DType::int8); }), contains("int8"));

  Weights full = *shared;
  full.config.attention = AttentionKind::full;
  Engine of_full(std::make_shared<const Weights>(full), 1, 3);
  of_full.append(std::vector<Continuation>{{0, one}});
  CHECK_THAT(option_error([&] {
               of_full.append(std::vector<Continuation>{{0, one}});
             }),
             contains("restart it first"));
}

TEST_CASE("arguments: model/module_decoder.h and model/module_weights.h") {
  LanguageModel nothing{nullptr};
  CHECK_THAT(option_error([&] { decoder_source(nothing); }), contains("empty"));
  CHECK_THAT(option_error([&] { suits_engine(nothing); }), contains("empty"));
  CHECK_THAT(option_error([&] { weights_of(nothing); }), contains("empty"));
  auto model = small_model();
  model->llama->set_attention(AttentionKind::full);
  CHECK_THAT(option_error([&] { weights_of(model); }), contains("causal"));
  model->to(torch::kDouble);
  CHECK_THAT(option_error([&] { weights_of(model); }), contains("float32"));
}
