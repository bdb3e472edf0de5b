// What models say to wrong arguments, header by header: see coverage_test.cpp.

#include <cmath>

#include "minillama/minillama.h"

#include "support/catch.h"
#include "support/option_error.h"
#include "support/small_model.h"
#include "support/small_tensors.h"

using namespace minillama;
using test::ids;
using test::option_error;

TEST_CASE("arguments: model/llama.h") {
  Llama llama(test::small_config());
  const auto run = [&](const torch::Tensor& x) { return option_error([&] { llama(x); }); };
  CHECK(run(ids({1, 2}).unsqueeze(0)) == "accepted");
  CHECK_THAT(run(ids({1, 37}).unsqueeze(0)), contains("ids holds 37, must lie between 0 and 36"));
  CHECK_THAT(run(ids({1, -3}).unsqueeze(0)), contains("ids holds -3"));
  CHECK_THAT(run(ids({1, 2})), contains("ids is int64 [2], must be [any, any]"));
  CHECK_THAT(run(torch::zeros({1, 2})), contains("ids is float32 [2], must be int64"));
  CHECK_THAT(run(torch::zeros({1, 2}, torch::kInt)), contains("int32"));
  CHECK_THAT(run(torch::zeros({1, 0}, torch::kLong)), contains("there are none"));
  CHECK_THAT(run(torch::zeros({0, 2}, torch::kLong)), contains("there are none"));
  CHECK_THAT(run({}), contains("undefined"));
  CHECK_THAT(run(torch::zeros({1, 2}, torch::TensorOptions(torch::kLong).device(torch::kMeta))),
             contains("meta"));

  const Sequences sequences({2, 1});
  CHECK_THAT(option_error([&] {
               llama->forward_packed(ids({1, 2}), sequences);
             }),
             contains("ids is int64 [2], must be [3]"));
  CHECK_THAT(option_error([&] {
               llama->forward_embedded(torch::zeros({3, 15}), sequences);
             }),
             contains("embeddings is float32 [3, 15], must be [3, 16]"));
  CHECK_THAT(option_error([&] {
               llama->forward_last(ids({1, 2, 3, 4}), sequences);
             }),
             contains("must be [3]"));
  CHECK_THAT(option_error([&] {
               llama->forward_last(ids({1, 2, 99}), sequences);
             }),
             contains("ids holds 99"));
  CHECK_THAT(option_error([&] { llama->reset_parameters({}); }), contains("generator"));
  CHECK_THAT(option_error([] { Llama(test::small_config(), torch::Generator()); }),
             contains("generator"));
  CHECK_THAT(option_error([] { Llama(ModelConfig{.dim = 15, .n_heads = 4}); }), contains("15"));
}

TEST_CASE("arguments: model/kv_cache.h") {
  const auto config = test::small_config();
  CHECK_THAT(option_error([&] { KVCache(config, 0, 4, {}); }), contains("rows is 0"));
  CHECK_THAT(option_error([&] { KVCache(config, 1, 0, {}); }), contains("capacity is 0"));
  CHECK_THAT(option_error([&] { KVCache(config, 1, -4, {}); }), contains("capacity is -4"));
  CHECK_THAT(option_error([&] { KVCache(ModelConfig{.n_layers = 0}, 1, 4, {}); }), contains("0"));
  KVCache cache(config, 1, 4, {});
  CHECK_THAT(option_error([&] { cache.layer(2); }), contains("layer is 2"));
  CHECK_THAT(option_error([&] { cache.copy(0, 1); }), contains("row is 1"));
  CHECK_THAT(option_error([&] { cache.copy(-1, 0); }), contains("row is -1"));
  CHECK_THAT(option_error([&] { cache.truncate(1, 0); }), contains("row is 1"));
  CHECK_THAT(option_error([&] { cache.truncate(0, 1); }), contains("row of a KV cache is 1"));
  CHECK_THAT(option_error([&] { cache.truncate(0, -1); }), contains("row of a KV cache is -1"));

  Llama llama(config);
  const Sequences one_token({1});
  CHECK_THAT(option_error([&] {
               cache.advance({one_token, {1}, {0}, torch::kCPU});
             }),
             contains("row is 1"));
  CHECK_THAT(option_error([&] {
               cache.advance({one_token, {0}, {4}, torch::kCPU});
             }),
             contains("row of a KV cache is 5"));
  CHECK(cache.lengths() == std::vector<std::int64_t>{0});
  const std::vector<std::int64_t> absent{1}, none;
  const auto packed = [&](std::span<const std::int64_t> rows) {
    return option_error([&] { llama->forward_packed(ids({1}), Sequences({1}), cache, rows); });
  };
  CHECK_THAT(packed(absent), contains("row is 1"));
  CHECK_THAT(packed(none), contains("0 rows"));
  const auto one_row = ids({1, 2, 3}).unsqueeze(0);
  const auto run = [&](const torch::Tensor& x, KVCache& used) {
    const auto before = used.lengths();
    const auto error = option_error([&] { llama(x, &used); });
    if (error != "accepted") CHECK(used.lengths() == before);
    return error;
  };
  CHECK(run(one_row, cache) == "accepted");
  CHECK_THAT(run(one_row, cache),
             contains("row 0 of the KV cache of 4 positions holds 3, no room for 3"));
  CHECK_THAT(run(ids({1, 2}).unsqueeze(1), cache), contains("is 1, must be that of ids, 2"));
  KVCache two(config, 2, 4, {});
  CHECK_THAT(run(one_row, two), contains("is 2, must be that of ids, 1"));
  auto other = config;
  other.n_layers = 3;
  KVCache deeper(other, 1, 4, {});
  CHECK_THAT(run(one_row, deeper), contains("of 3 layers, the model has 2"));
  other = config;
  other.n_kv_heads = 4;
  KVCache wider(other, 1, 4, {});
  CHECK_THAT(run(one_row, wider), contains("the KV cache is"));
  llama->set_attention(AttentionKind::full);
  KVCache fresh(config, 1, 4, {});
  CHECK_THAT(run(one_row, fresh), contains("causal"));
}

TEST_CASE("arguments: model/language_model.h") {
  for (const bool tied : {true, false}) {
    auto config = test::small_config();
    config.tied_embeddings = tied;
    LanguageModel model(config);
    CHECK_THAT(option_error([&] { model(ids({1, 40}).unsqueeze(0)); }), contains("ids holds 40"));
    CHECK_THAT(option_error([&] { model(ids({1})); }), contains("ids is"));
    CHECK_THAT(option_error([&] { model->logits(torch::zeros({2, 15})); }), contains("[2, 15]"));
    CHECK_THAT(option_error([&] { model->logits({}); }), contains("undefined"));
    CHECK_THAT(option_error([&] { model->reset_parameters({}); }), contains("generator"));
  }
}

TEST_CASE("arguments: model/classifier.h") {
  Llama llama(test::small_config());
  const auto make = [&](const ClassifierConfig& config) {
    return option_error([&] { Classifier(llama, config, make_generator(1)); });
  };
  CHECK_THAT(make({}), contains("0 labels"));
  CHECK_THAT(make({.label_names = {"a"}}), contains("1 labels"));
  CHECK_THAT(make({.label_names = {"a", "a"}}), contains("\"a\""));
  CHECK_THAT(make({.label_names = {"a", ""}}), contains("\"\""));
  CHECK_THAT(make({.label_names = {"a", "b"}, .dropout = 1}), contains("dropout is 1"));
  CHECK_THAT(make({.label_names = {"a", "b"}, .sentence_template = "x"}), contains("template"));
  CHECK_THAT(
      option_error([] {
        Classifier(Llama{nullptr}, ClassifierConfig{.label_names = {"a", "b"}}, make_generator(1));
      }),
      contains("Llama is empty"));
  CHECK_THAT(option_error([] { pooling_kind("max"); }), contains("\"max\""));
  CHECK_THAT(option_error([] { to_string(static_cast<PoolingKind>(9)); }), contains("9"));

  const std::vector<TokenIds> none, empty{{1}, {}}, outside{{1, 37}};
  for (const auto pooling : {PoolingKind::last, PoolingKind::mean, PoolingKind::padded_last}) {
    CHECK_THAT(option_error([&] { classifier_input(none, pooling, 0); }), contains("sequences"));
    CHECK_THAT(option_error([&] { classifier_input(empty, pooling, 0); }), contains("length 0"));
    Classifier model(llama, ClassifierConfig{.label_names = {"a", "b"}, .pooling = pooling},
                     make_generator(1));
    CHECK_THAT(option_error([&] { model(classifier_input(outside, pooling, 0)); }),
               contains("ids holds 37"));
    CHECK_THAT(option_error([&] {
                 model(ClassifierInput{ids({1, 2}), Sequences({3})});
               }),
               contains("must be [3]"));
    CHECK_THAT(option_error([&] { model->classify(torch::zeros({2, 3})); }), contains("[2, 3]"));
  }
  const std::vector<TokenIds> uneven{{1}, {1, 2}};
  Classifier padded(
      llama, ClassifierConfig{.label_names = {"a", "b"}, .pooling = PoolingKind::padded_last},
      make_generator(1));
  CHECK_THAT(option_error([&] { padded(classifier_input(uneven, PoolingKind::padded_last, -1)); }),
             contains("ids holds -1"));
}

TEST_CASE("arguments: model/adapters.h") {
  Llama llama(test::small_config());
  const auto add = [&](const std::string& name, const LoraOptions& options) {
    return option_error([&] { add_adapter(llama, name, options, make_generator(1)); });
  };
  CHECK_THAT(add("", {}), contains("adapter name"));
  CHECK_THAT(add("a.b", {}), contains("adapter name"));
  CHECK_THAT(add("a", {.rank = 0}), contains("rank is 0"));
  CHECK_THAT(add("a", {.targets = {"compute_query", "w9"}}), contains("\"w9\""));
  CHECK(adapters_of(llama).empty());
  CHECK_THAT(option_error([&] { add_adapter(llama, "a", {}, torch::Generator()); }),
             contains("generator"));
  CHECK(add("b", {}) == "accepted");
  CHECK_THAT(add("b", {}), contains("already"));
  CHECK_THAT(option_error([&] { activate_adapter(llama, "c"); }),
             contains("no adapter named \"c\""));
  CHECK_THAT(option_error([&] { adapter_parameters(llama, "c"); }), contains("\"c\""));
  CHECK_THAT(option_error([&] { train_only_adapter(llama, ""); }), contains("no adapter named"));
  Llama empty{nullptr};
  CHECK_THAT(option_error([&] { merge_adapter(empty); }), contains("empty"));
  CHECK_THAT(option_error([&] { active_adapter(empty); }), contains("empty"));
  CHECK_THAT(option_error([&] { add_adapter(empty, "a", {}, make_generator(1)); }),
             contains("empty"));
}
