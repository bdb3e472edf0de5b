// What training and checkpoints say to wrong arguments, header by header: see coverage_test.cpp.

#include <cmath>
#include <limits>
#include <numeric>

#include "minillama/minillama.h"

#include "support/catch.h"
#include "support/option_error.h"
#include "support/small_model.h"

using namespace minillama;
using test::option_error;

namespace {

Classifier small_classifier() {
  return Classifier(Llama(test::small_config()), ClassifierConfig{.label_names = {"bad", "good"}},
                    make_generator(1));
}

TokenFile token_file(const test::TemporaryDirectory& directory, std::uint64_t vocab_size = 37) {
  const auto path = directory.path() / "ids.tokens";
  TokenFileWriter writer(path, {.text_size = 1, .vocab_size = vocab_size});
  std::vector<std::int64_t> ids(30);
  std::iota(ids.begin(), ids.end(), 0);
  writer.write(ids);
  writer.commit();
  return TokenFile(path);
}

}  // namespace

TEST_CASE("arguments: train/examples.h") {
  const auto check = [](const Examples& examples) {
    return option_error([&] { examples.validate(2); });
  };
  CHECK(check({}) == "accepted");
  CHECK(check({.ids = {{1}, {2}}, .labels = {0, 1}}) == "accepted");
  CHECK_THAT(check({.ids = {{1}, {2}}, .labels = {0}}), contains("1 labels for 2 examples"));
  CHECK_THAT(check({.ids = {{1}}, .labels = {0, 1}}), contains("2 labels for 1 examples"));
  CHECK_THAT(check({.ids = {{1}, {}}, .labels = {0, 1}}), contains("example 1 has no tokens"));
  CHECK_THAT(check({.ids = {{1}, {2}}, .labels = {0, 2}}), contains("example 1 has the label 2"));
  CHECK_THAT(check({.ids = {{1}, {2}}, .labels = {-1, 1}}), contains("example 0 has the label -1"));
  CHECK_THAT(check({.ids = {{1}, {2}}, .labels = {0, 1}, .weights = {1}}),
             contains("1 weights for 2 examples"));
  CHECK_THAT(check({.ids = {{1}, {2}}, .labels = {0, 1}, .weights = {1, 0}}),
             contains("example 1 has the weight 0"));
  ModuleTextClassifier classifier(small_classifier(), test::small_tokenizer());
  const std::vector<LabelledSentence> broken{{"\xFF", 0}};
  CHECK_THAT(option_error([&] { encode(classifier, broken); }), contains("UTF-8"));
}

TEST_CASE("arguments: train/cross_entropy.h") {
  const auto logits = torch::zeros({2, 3});
  const auto loss = [&](const torch::Tensor& labels, std::int64_t divisor) {
    return option_error([&] { classification_loss(logits, labels, divisor); });
  };
  const auto labels = torch::tensor({0, 2}, torch::kLong);
  CHECK(loss(labels, 1) == "accepted");
  CHECK_THAT(loss(labels + 1, 1), contains("labels holds 3"));
  CHECK_THAT(loss(labels - 1, 1), contains("labels holds -1"));
  CHECK_THAT(loss(labels.to(torch::kFloat), 1), contains("must be int64"));
  CHECK_THAT(loss(labels.narrow(0, 0, 1), 1), contains("labels is int64 [1], must be [2]"));
  CHECK_THAT(loss({}, 1), contains("undefined"));
  CHECK_THAT(loss(labels, 0), contains("divisor is 0"));
  CHECK_THAT(option_error([&] { classification_loss(torch::zeros({3}), labels, 1); }),
             contains("logits is"));
}

TEST_CASE("arguments: train/training_step.h, train/objective.h") {
  auto model = small_classifier();
  AdamW optimizer(model->parameters());
  const auto before = model->classifier_head->weight.clone();
  const auto step = [&](const Examples& examples, std::vector<std::size_t> indices,
                        std::int64_t divisor) {
    return option_error([&] { training_step(model, optimizer, examples, indices, divisor); });
  };
  struct NoScalar : Objective {
    std::string name() const override { return "no scalar"; }
    torch::Tensor loss(const ObjectiveBatch& batch) override { return batch.pooled; }
  };
  const Examples good{.ids = {{1}, {2, 3}}, .labels = {0, 1}};
  CHECK_THAT(step(good, {}, 1), contains("without examples"));
  const auto under = [&](const std::shared_ptr<Objective>& objective) {
    return option_error(
        [&] { training_step(model, optimizer, good, std::vector<std::size_t>{0}, 1, objective); });
  };
  CHECK_THAT(under(nullptr), contains("objective"));
  CHECK_THAT(under(std::make_shared<NoScalar>()), contains("the objective's loss is float32 [1, "));
  CHECK_THAT(step(good, {0, 2}, 1), contains("index is 2"));
  CHECK_THAT(step(good, {0}, 0), contains("divisor is 0"));
  CHECK_THAT(step({.ids = {{1}, {2}}, .labels = {0}}, {1}, 1), contains("index is 1"));
  CHECK_THAT(step({.ids = {{1}, {2}}, .labels = {0, 1}, .weights = {1}}, {1}, 1),
             contains("weight is 1, must be"));
  CHECK_THAT(step({.ids = {{1}, {37}}, .labels = {0, 1}}, {0, 1}, 1), contains("ids holds 37"));
  CHECK_THAT(step({.ids = {{1}, {}}, .labels = {0, 1}}, {0, 1}, 1), contains("length 0"));
  CHECK_THAT(step({.ids = {{1}, {2}}, .labels = {0, 2}}, {0, 1}, 1), contains("labels holds 2"));
  CHECK_THAT(step({.ids = {{1}, {2}}, .labels = {0, -1}}, {0, 1}, 1), contains("labels holds -1"));
  CHECK(model->classifier_head->weight.equal(before));
  Classifier nothing{nullptr};
  CHECK_THAT(option_error(
                 [&] { training_step(nothing, optimizer, good, std::vector<std::size_t>{0}, 1); }),
             contains("empty"));
}

TEST_CASE("arguments: train/epoch_batches.h") {
  const auto draw = [](std::vector<std::int64_t> lengths, const BatchOptions& options) {
    return option_error([&] { epoch_batches(lengths, options, make_generator(1)); });
  };
  CHECK_THAT(draw({1, 2}, {.size = 0}), contains("batch-size is 0"));
  CHECK_THAT(draw({1, 2}, {.size = -1}), contains("batch-size is -1"));
  CHECK_THAT(draw({1, 2}, {.max_tokens = -1}), contains("max-tokens is -1"));
  CHECK_THAT(draw({1, -1}, {}), contains("length -1"));
  const std::vector<std::int64_t> lengths{1, 2};
  CHECK_THAT(option_error([&] { epoch_batches(lengths, {}, torch::Generator()); }),
             contains("generator"));
}

TEST_CASE("arguments: train/language_modelling.h") {
  LanguageModel model(test::small_config());
  const auto loss = [&](const torch::Tensor& rows, std::int64_t divisor) {
    return option_error([&] { language_modelling_loss(model, rows, divisor); });
  };
  const auto rows = torch::tensor({{1, 2, 36}}, torch::kLong);
  CHECK(loss(rows, 1) == "accepted");
  CHECK_THAT(loss(rows + 1, 1), contains("rows holds 37, must lie between 0 and 36"));
  CHECK_THAT(loss(rows - 2, 1), contains("rows holds -1"));
  CHECK_THAT(loss(rows.flatten(), 1), contains("rows is int64 [3]"));
  CHECK_THAT(loss(rows.narrow(1, 0, 1), 1), contains("no token to predict"));
  CHECK_THAT(loss(rows.narrow(0, 0, 0), 1), contains("no token to predict"));
  CHECK_THAT(loss(rows.to(torch::kFloat), 1), contains("must be int64"));
  CHECK_THAT(loss({}, 1), contains("undefined"));
  CHECK_THAT(loss(rows, 0), contains("divisor is 0"));
  LanguageModel nothing{nullptr};
  CHECK_THAT(option_error([&] { language_modelling_loss(nothing, rows, 1); }), contains("empty"));

  const test::TemporaryDirectory directory;
  const auto ids = token_file(directory);
  const auto evaluate = [&](std::int64_t window, std::int64_t count) {
    return option_error([&] { evaluate_language_model(model, ids, window, count); });
  };
  CHECK_THAT(evaluate(0, 1), contains("window is 0"));
  CHECK_THAT(evaluate(-1, 1), contains("window is -1"));
  CHECK_THAT(evaluate(30, 1), contains("too few"));
  CHECK_THAT(evaluate(4, -1), contains("max_windows is -1"));
  CHECK_THAT(option_error([&] { evaluate_language_model(nothing, ids, 4, 1); }), contains("empty"));
  auto config = test::small_config();
  config.vocab_size = 20;
  LanguageModel smaller(config);
  CHECK_THAT(option_error([&] { evaluate_language_model(smaller, ids, 4, 0); }),
             contains("must lie between 0 and 19"));
}

TEST_CASE("arguments: train/windows.h") {
  const test::TemporaryDirectory directory;
  const auto ids = token_file(directory);
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const auto cut = [&](std::int64_t length, std::int64_t start) {
    return option_error([&] { Windows(ids, length, start); });
  };
  CHECK_THAT(cut(0, 0), contains("window is 0"));
  CHECK_THAT(cut(-4, 0), contains("window is -4"));
  CHECK_THAT(cut(kMost, 0), contains("too few"));
  CHECK_THAT(cut(4, -1), contains("start is -1"));
  CHECK_THAT(cut(4, kMost), contains("too few"));
  CHECK_THAT(option_error([&] { EpochWindows(ids, 0, 1, 0); }), contains("window is 0"));
  const Windows windows(ids, 4);
  for (const std::int64_t number : {std::int64_t{-1}, windows.size(), kMost}) {
    const std::vector<std::int64_t> numbers{0, number};
    CHECK_THAT(option_error([&] { windows.rows(numbers); }), contains("window number is"));
  }
}

TEST_CASE("arguments: train/fine_tuning.h and train/fine_tuning_options.h") {
  const Examples good{.ids = {{1}, {2, 3}}, .labels = {0, 1}};
  const auto make = [&](const Examples& train, const Examples& dev,
                        const FineTuningOptions& options = {}) {
    return option_error(
        [&] { FineTuning(small_classifier(), train, dev, options, make_generator(1)); });
  };
  CHECK(make(good, good) == "accepted");
  CHECK_THAT(make({}, good), contains("0 examples to train on"));
  CHECK_THAT(make(good, {}), contains("0 to evaluate on"));
  CHECK_THAT(make({.ids = {{1}, {2}}, .labels = {0}}, good), contains("1 labels for 2"));
  CHECK_THAT(make(good, {.ids = {{1}}, .labels = {2}}), contains("label 2"));
  CHECK_THAT(make(good, good, {.epochs = 0}), contains("epochs is 0"));
  CHECK_THAT(make(good, good, {.patience = -1}), contains("patience is -1"));
  CHECK_THAT(make(good, good, {.batches = {.size = 0}}), contains("batch-size is 0"));
  CHECK_THAT(make(good, good, {.optimizer = {.lr = -1}}), contains("lr is -1"));
  CHECK_THAT(make(good, good, {.max_grad_norm = -1}), contains("max_grad_norm is -1"));
  CHECK_THAT(make(good, good, {.warmup = 1}), contains("warmup is 1"));
  CHECK_THAT(
      option_error([&] { FineTuning(Classifier{nullptr}, good, good, {}, make_generator(1)); }),
      contains("empty"));
  CHECK_THAT(
      option_error([&] { FineTuning(small_classifier(), good, good, {}, torch::Generator()); }),
      contains("generator"));
}

TEST_CASE("arguments: train/pretraining.h") {
  const test::TemporaryDirectory directory;
  const auto ids = token_file(directory);
  const auto make = [&](const LanguageModel& model, const PretrainingOptions& options) {
    return option_error([&] {
      Pretraining(model, TokenFile(ids.path()), TokenFile(ids.path()), options, make_generator(1));
    });
  };
  const LanguageModel model(test::small_config());
  CHECK(make(model, {.window = 4}) == "accepted");
  CHECK_THAT(make(model, {.window = 0}), contains("window is 0"));
  CHECK_THAT(make(model, {.window = 21}), contains("window is 21"));
  CHECK_THAT(make(model, {.window = 4, .batch_size = 0}), contains("batch-size is 0"));
  CHECK_THAT(make(model, {.window = 4, .accumulate = 0}), contains("accumulate is 0"));
  CHECK_THAT(make(model, {.window = 4, .epochs = std::nan("")}), contains("epochs is nan"));
  CHECK_THAT(make(model, {.window = 4, .optimizer = {.beta1 = 2}}), contains("beta1 is 2"));
  CHECK_THAT(make(LanguageModel{nullptr}, {.window = 4}), contains("empty"));
  auto config = test::small_config();
  config.vocab_size = 20;
  CHECK_THAT(make(LanguageModel(config), {.window = 4}), contains("vocabulary of 37"));
}

TEST_CASE("arguments: io/token_file.h") {
  const test::TemporaryDirectory directory;
  const auto ids = token_file(directory);
  std::vector<std::int64_t> out(3);
  for (const std::int64_t begin :
       {std::int64_t{-1}, std::int64_t{28}, std::numeric_limits<std::int64_t>::max()}) {
    CHECK_THAT(option_error([&] { ids.copy(begin, out); }), contains("of 30"));
  }
  TokenFileWriter writer(directory.path() / "more.tokens", {.text_size = 1, .vocab_size = 37});
  for (const std::int64_t id : {-1, 37}) {
    const std::vector<std::int64_t> wrong{0, id};
    CHECK_THAT(option_error([&] { writer.write(wrong); }), contains("vocabulary of 37"));
  }
}

TEST_CASE("arguments: model/training_state.h and model/tensors.h") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "state";
  const auto one = torch::zeros({2});
  const auto write = [&](const NamedTensors& tensors) {
    return option_error([&] { write_training_state(path, {.tensors = tensors}); });
  };
  CHECK_THAT(write({{"a", {}}}), contains("\"a\" is undefined"));
  CHECK_THAT(write({{"a", one}, {"a", one}}), contains("\"a\" is there twice"));
  CHECK_THAT(write({{"a", torch::zeros({2}, torch::kComplexFloat)}}), contains("not stored"));
  CHECK_FALSE(std::filesystem::exists(path));
  for (const auto& saved : {NamedTensors{}, NamedTensors{{"b", one}}, NamedTensors{{"a", {}}},
                            NamedTensors{{"a", torch::zeros({3})}},
                            NamedTensors{{"a", torch::zeros({2}, torch::kDouble)}},
                            NamedTensors{{"a", one}, {"b", one}}}) {
    CHECK_THROWS_AS(restore({{"a", one}}, saved, path), FileError);
  }
  CHECK_THAT(option_error([&] { to_record("a", {}); }), contains("undefined"));
  CHECK_THAT(option_error([&] {
               to_record("a", torch::zeros({2, 3}).t());
             }),
             contains("contiguous"));
  CHECK_THAT(option_error([&] { dtype_of(torch::kComplexFloat); }), contains("not stored"));
  CHECK_THAT(option_error([&] { scalar_type(static_cast<DType>(99)); }), contains("99"));
  CHECK_THROWS_AS(assign({{"a", one}}, {}, path), FileError);
}

TEST_CASE("arguments: files of models") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "model";
  const auto tokenizer = test::small_tokenizer();
  LanguageModel model(test::small_config()), nothing{nullptr};
  auto classifier = small_classifier();
  Classifier no_classifier{nullptr};
  CHECK_THAT(option_error([&] { write_language_model(path, nothing, tokenizer); }),
             contains("empty"));
  CHECK_THAT(option_error([&] { write_language_model(path, model, tokenizer, torch::kLong); }),
             contains("real numbers"));
  CHECK_THAT(option_error([&] { write_classifier(path, no_classifier, tokenizer); }),
             contains("empty"));
  CHECK_THAT(option_error([&] { write_classifier(path, classifier, tokenizer, torch::kBool); }),
             contains("real numbers"));
  for (const auto format : {ModelFormat::directory, ModelFormat::hugging_face, ModelFormat::llama2c,
                            ModelFormat::torch_save, ModelFormat::gguf}) {
    CHECK_THAT(option_error([&] {
                 export_language_model(path, format, nothing, tokenizer, DType::float32);
               }),
               contains("empty"));
  }
  for (const auto format : {ModelFormat::directory, ModelFormat::hugging_face}) {
    CHECK_THAT(option_error([&] {
                 export_classifier(path, format, no_classifier, tokenizer, DType::float32);
               }),
               contains("empty"));
  }
  CHECK_THAT(option_error([&] { write_peft_adapter(path, model->llama, "base"); }),
             contains("adapter"));
  CHECK_THAT(option_error([&] { write_peft_adapter(path, no_classifier, "base"); }),
             contains("empty"));
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_THROWS_AS(read_language_model(path), InputError);
  CHECK_THROWS_AS(read_classifier(path), InputError);
  CHECK_THROWS_AS(read_tokenizer_for(path, test::small_config()), InputError);
  CHECK_THROWS_AS(load_language_model(path), InputError);
  CHECK_THROWS_AS(load_classifier(path), InputError);
  CHECK_THROWS_AS(open_peft_adapter(path), InputError);
  CHECK_THROWS_AS(Checkpoint::open(path), InputError);
  CHECK_THROWS_AS(TextGenerator::load(path), InputError);
  CHECK_THROWS_AS(read_training_state(path), InputError);
}
