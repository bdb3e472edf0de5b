// What the layers say to wrong arguments, header by header: see coverage_test.cpp.

#include <cmath>

#include "minillama/minillama.h"

#include "support/catch.h"
#include "support/option_error.h"
#include "support/small_tensors.h"

using namespace minillama;
using test::ids;
using test::option_error;
using test::zeros;

TEST_CASE("arguments: nn/layer_norm.h") {
  CHECK_THAT(option_error([] { LayerNorm(0, 1e-5); }), contains("dim is 0"));
  CHECK_THAT(option_error([] { LayerNorm(4, -1.0); }), contains("eps is -1"));
  LayerNorm norm(4, 1e-5);
  CHECK_THAT(option_error([&] { norm(zeros({2, 5})); }), contains("float32 [2, 5]"));
  CHECK_THAT(option_error([&] { norm(zeros({})); }), contains("must be […, 4]"));
  CHECK_THAT(option_error([&] { norm(torch::Tensor()); }), contains("undefined"));
}

TEST_CASE("arguments: nn/rms_norm.h and ops/norm.h") {
  const auto x = torch::ones({2, 4}), gain = torch::ones({4}), other = torch::ones({5});
  CHECK_THAT(option_error([&] { rms_norm(x, other, 1e-5); }), contains("input of a norm"));
  CHECK_THAT(option_error([&] { rms_norm(x, x, 1e-5); }), contains("weight of a norm"));
  CHECK_THAT(option_error([&] { layer_norm(x, other, other, 1e-5); }), contains("input of a norm"));
  CHECK_THAT(option_error([&] { layer_norm(x, gain, other, 1e-5); }), contains("bias of a norm"));
  CHECK_THAT(option_error([&] { layer_norm(x, gain, {}, 1e-5); }), contains("bias of a norm"));
  CHECK_THAT(option_error([] { RMSNorm(-2, 1e-5); }), contains("dim is -2"));
  CHECK_THAT(option_error([] { RMSNorm(4, std::nan("")); }), contains("eps is nan"));
  RMSNorm norm(4, 1e-5);
  CHECK_THAT(option_error([&] { norm(zeros({2, 3})); }), contains("float32 [2, 3]"));
  CHECK_THAT(option_error([&] { norm(torch::Tensor()); }), contains("undefined"));
}

TEST_CASE("arguments: nn/attention.h") {
  const auto config =
      ModelConfig{.dim = 8, .n_layers = 1, .n_heads = 2, .vocab_size = 5}.resolved();
  Attention attention(config, make_generator(1));
  const Sequences sequences({2, 1});
  const AttentionContext context{
      .sequences = sequences,
      .rotations = rotations(sequences.positions(), 4, 1e4, torch::kFloat),
      .visible = {}};
  CHECK_THAT(option_error([&] { attention(zeros({4, 8}), context); }), contains("[4, 8]"));
  CHECK_THAT(option_error([&] { attention(zeros({3, 6}), context); }), contains("[3, 6]"));
  AttentionContext other = context;
  other.rotations = torch::Tensor();
  CHECK_THAT(option_error([&] { attention(zeros({3, 8}), other); }), contains("rotations is"));
  other = context;
  other.slopes = {0.5, 0.25};
  CHECK_THAT(option_error([&] {
               attention(zeros({3, 8}), other);
             }),
             contains("2 slopes of biases, must be 0"));
  auto biased = config;
  biased.positions = "alibi";
  Attention without_rotations(biased, make_generator(1));
  CHECK_THAT(option_error([&] {
               without_rotations(zeros({3, 8}), context);
             }),
             contains("rotations, but positions that are not rotary"));
  other.rotations = torch::Tensor();
  CHECK(without_rotations(zeros({3, 8}), other).size(0) == 3);
  other.slopes.pop_back();
  CHECK_THAT(option_error([&] {
               without_rotations(zeros({3, 8}), other);
             }),
             contains("1 slopes of biases, must be 2"));
  LayerCache cache{zeros({2, 2, 4, 4}), zeros({2, 2, 4, 4})};
  CHECK_THAT(option_error([&] {
               attention(zeros({3, 8}), context, &cache);
             }),
             contains("no places"));
}

TEST_CASE("arguments: nn/layer_cache.h") {
  const auto places = [](const Sequences& sequences, std::vector<std::int64_t> rows,
                         std::vector<std::int64_t> past) {
    return option_error([&] { CachePlaces(sequences, rows, past, torch::kCPU); });
  };
  CHECK(places(Sequences({1, 2}), {0, 4}, {3, 0}) == "accepted");
  CHECK_THAT(places(Sequences({1, 2}), {0}, {3, 0}), contains("1 rows and 2 lengths"));
  CHECK_THAT(places(Sequences({1, 2}), {0, 1}, {3}), contains("2 rows and 1 lengths"));
  CHECK_THAT(places(Sequences({1, 2}), {1, 1}, {3, 0}), contains("is 1, must be more than 1"));
  CHECK_THAT(places(Sequences({1}), {-1}, {0}), contains("is -1, must be more than -1"));
  CHECK_THAT(places(Sequences({1}), {0}, {-1}), contains("is -1, must not be negative"));

  LayerCache cache{zeros({2, 2, 3, 4}), zeros({2, 2, 3, 4})};
  const auto append = [&](std::vector<std::int64_t> keys, std::vector<std::int64_t> values,
                          std::int64_t row = 0, std::int64_t past = 0) {
    const CachePlaces of_two(Sequences({2}), {row}, {past}, torch::kCPU);
    return option_error([&] { cache.append(torch::ones(keys), torch::ones(values), of_two); });
  };
  CHECK_THAT(append({1, 2, 4}, {2, 2, 4}), contains("new keys is"));
  CHECK_THAT(append({2, 1, 4}, {2, 2, 4}), contains("new keys is"));
  CHECK_THAT(append({2, 2, 4}, {2, 2, 1}), contains("new values is"));
  CHECK_THAT(append({2, 2, 4}, {2, 2, 4}, 0, 2), contains("of 3 positions has no room for 4"));
  CHECK_THAT(append({2, 2, 4}, {2, 2, 4}, 2), contains("a row of a KV cache is 2"));
  CHECK(cache.keys.sum().item<double>() == 0);
  CHECK(append({2, 2, 4}, {2, 2, 4}, 1, 1) == "accepted");
  CHECK(cache.keys.sum().item<double>() == 16);
}

TEST_CASE("arguments: nn/linear.h, ops/linear.h and nn/embedding.h") {
  CHECK_THAT(option_error([] { Linear(0, 3); }), contains("in_features is 0"));
  CHECK_THAT(option_error([] { Linear(3, -1); }), contains("out_features is -1"));
  Linear linear(4, 3, true);
  CHECK_THAT(option_error([&] { linear(zeros({2, 5})); }), contains("[2, 5], must be […, 4]"));
  CHECK_THAT(option_error([&] { linear(zeros({})); }), contains("must be […, 4]"));
  CHECK_THAT(option_error([&] { linear(zeros({4}).to(torch::kDouble)); }),
             contains("of two types"));
  CHECK_THAT(option_error([&] { linear(torch::Tensor()); }), contains("undefined"));
  CHECK_THAT(option_error([&] { apply_linear(zeros({4}), zeros({4})); }), contains("weight is"));
  CHECK_THAT(option_error([&] {
               apply_linear(zeros({4}), zeros({3, 4}), zeros({4}));
             }),
             contains("bias is"));
  const auto adapter = Lora(linear->weight, LoraOptions(), make_generator(0)).ptr();
  CHECK_THAT(option_error([&] { linear->add_adapter("", adapter); }), contains("empty"));
  CHECK_THAT(option_error([&] { linear->add_adapter("a.b", adapter); }), contains("dot"));
  linear->add_adapter("a", adapter);
  CHECK_THAT(option_error([&] { linear->add_adapter("a", adapter); }), contains("already"));
  CHECK_THAT(option_error([&] { linear->reset_parameters({}); }),
             contains("generator is undefined"));

  CHECK_THAT(option_error([] { Embedding(0, 3); }), contains("count is 0"));
  CHECK_THAT(option_error([] { Embedding(3, 0); }), contains("dim is 0"));
  Embedding embedding(5, 2);
  CHECK_THAT(option_error([&] { embedding(ids({5})); }), contains("ids holds 5"));
  CHECK_THAT(option_error([&] { embedding(ids({-1})); }), contains("ids holds -1"));
  CHECK_THAT(option_error([&] { embedding(zeros({1})); }), contains("must be int64"));
  CHECK_THAT(option_error([&] { embedding(torch::Tensor()); }), contains("undefined"));
}

TEST_CASE("arguments: adapters/lora.h") {
  const auto weight = zeros({3, 4});
  const auto make = [&](const LoraOptions& options) {
    return option_error([&] { Lora(weight, options, make_generator(0)); });
  };
  CHECK_THAT(make({.rank = 0}), contains("rank is 0"));
  CHECK_THAT(make({.rank = -1}), contains("rank is -1"));
  CHECK_THAT(make({.rank = 1 << 20}), contains("rank is 1048576"));
  CHECK_THAT(make({.alpha = std::nan("")}), contains("alpha is nan"));
  CHECK_THAT(make({.dropout = 1}), contains("dropout is 1"));
  CHECK_THAT(make({.targets = {}}), contains("targets"));
  CHECK_THAT(option_error([] { Lora(zeros({3}), LoraOptions{}, make_generator(0)); }),
             contains("weight is float32 [3]"));
  CHECK_THAT(option_error([] { Lora(torch::Tensor(), LoraOptions{}, make_generator(0)); }),
             contains("undefined"));
  CHECK_THAT(option_error([&] { Lora(weight, LoraOptions{}, torch::Generator()); }),
             contains("generator is undefined"));
  Lora lora(weight, LoraOptions{}, make_generator(0));
  CHECK_THAT(option_error([&] { lora(zeros({2, 3}), zeros({2, 3}), weight); }), contains("[2, 3]"));
}

TEST_CASE("arguments: nn/feed_forward.h and nn/dropout.h") {
  FeedForward feed_forward(ModelConfig{.dim = 8, .n_heads = 2}.resolved(), make_generator(0));
  CHECK_THAT(option_error([&] { feed_forward(zeros({2, 7})); }), contains("[2, 7]"));
  CHECK_THAT(option_error([&] { feed_forward(torch::Tensor()); }), contains("undefined"));
  CHECK_THAT(option_error([] { Dropout(1.0, make_generator(0)); }), contains("dropout is 1"));
  CHECK_THAT(option_error([] { Dropout(-0.1, make_generator(0)); }), contains("dropout is -0.1"));
  CHECK_THAT(option_error([] { Dropout(std::nan(""), make_generator(0)); }), contains("nan"));
  CHECK_THAT(option_error([] { Dropout(0.5, torch::Generator()); }), contains("generator"));
}
