#include "minillama/nn/attention.h"

#include <fmt/format.h>

#include "minillama/core/random.h"
#include "minillama/ops/attention.h"
#include "minillama/ops/rope.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

ModelConfig config_with(std::int64_t n_kv_heads, AttentionKind kind) {
  return ModelConfig{.dim = 16, .n_heads = 4, .n_kv_heads = n_kv_heads, .attention = kind}
      .resolved();
}

AttentionContext context_for(const ModelConfig& config, const Sequences& sequences) {
  return {.sequences = sequences,
          .rotations =
              rotations(sequences.positions(), config.head_dim, config.rope_theta, torch::kDouble),
          .visible = visible_positions(config.attention, sequences, torch::kCPU)};
}

/// For sequences that continue the rows of a cache.
AttentionContext context_for(const ModelConfig& config, const Sequences& sequences,
                             const CachePlaces& places) {
  return {.sequences = sequences,
          .rotations =
              rotations(places.positions(), config.head_dim, config.rope_theta, torch::kDouble),
          .visible = places.visible(),
          .places = places};
}

Attention random_attention(const ModelConfig& config) {
  Attention attention(config, make_generator(0));
  attention->to(torch::kDouble);
  auto generator = make_generator(5);
  const torch::NoGradGuard no_grad;
  for (auto& parameter : attention->parameters()) parameter.normal_(0, 0.4, generator);
  return attention;
}

}  // namespace

TEST_CASE("attention: computes what PyTorch computes, for every grouping and mask") {
  const auto expected = test::load_fixture(test::repository_file("tests/reference/nn.pt"));
  for (const auto kind : {AttentionKind::causal, AttentionKind::full}) {
    for (const std::int64_t n_kv_heads : {4, 2, 1}) {
      const auto key = fmt::format("attention.{}.{}.", n_kv_heads, to_string(kind));
      const auto config = config_with(n_kv_heads, kind);
      Attention attention(config, make_generator(0));
      for (auto& item : attention->named_parameters()) {
        item.value().set_data(expected.at(key + item.key()).clone());
      }
      const auto& x = expected.at(key + "x");
      const auto y = attention(x.flatten(0, 1), context_for(config, Sequences::rectangle(2, 7)));
      // The reference rotates by angles computed in float32.
      INFO(key);
      CHECK(test::difference(y.view_as(x), expected.at(key + "y"), 0, 1e-6) == "");
    }
  }
}

TEST_CASE("attention: gradients agree with finite differences") {
  auto generator = make_generator(1);
  const auto x = torch::randn({5, 16}, generator, torch::kDouble);
  for (const auto kind : {AttentionKind::causal, AttentionKind::full}) {
    for (const std::int64_t n_kv_heads : {4, 2, 1}) {
      const auto config = config_with(n_kv_heads, kind);
      auto attention = random_attention(config);
      const auto context = context_for(config, Sequences({2, 3}));
      CHECK(test::gradient_difference([&](const auto& in) { return attention(in[0], context); },
                                      {x}) == "");
      CHECK(test::parameter_gradient_difference(*attention,
                                                [&] { return attention(x, context); }) == "");
    }
  }
}

TEST_CASE("attention: a sequence does not see its neighbours in the batch") {
  auto generator = make_generator(2);
  const Sequences sequences({2, 5, 1});
  const auto x = torch::randn({8, 16}, generator, torch::kDouble);
  for (const auto kind : {AttentionKind::causal, AttentionKind::full}) {
    const auto config = config_with(2, kind);
    auto attention = random_attention(config);
    const auto together = attention(x, context_for(config, sequences));
    std::int64_t start = 0;
    for (const auto length : sequences.lengths()) {
      const auto alone =
          attention(x.narrow(0, start, length), context_for(config, Sequences({length})));
      CHECK(test::difference(together.narrow(0, start, length), alone, 0, 1e-12) == "");
      start += length;
    }
  }
}

TEST_CASE("attention: of the last tokens alone it computes the same, and the same gradients") {
  auto generator = make_generator(6);
  for (const auto& sequences : {Sequences({2, 5, 1}), Sequences::rectangle(2, 4)}) {
    const auto x = torch::randn({8, 16}, generator, torch::kDouble);
    for (const auto kind : {AttentionKind::causal, AttentionKind::full}) {
      const auto config = config_with(2, kind);
      auto attention = random_attention(config);
      const auto context = context_for(config, sequences);
      const auto last = context.for_last_tokens();
      const auto y = attention(x, last);
      CHECK(y.size(0) == sequences.size());
      CHECK(test::difference(y, attention(x, context).index_select(0, sequences.last_tokens()), 0,
                             1e-12) == "");
      CHECK(test::gradient_difference([&](const auto& in) { return attention(in[0], last); },
                                      {x}) == "");
    }
  }
}

TEST_CASE("attention: causal attention does not see the future, full attention does") {
  auto generator = make_generator(3);
  const auto x = torch::randn({6, 16}, generator, torch::kDouble);
  auto changed = x.clone();
  changed[5] += 1;
  const auto sequences = Sequences::rectangle(1, 6);
  const auto effect = [&](AttentionKind kind) {
    const auto config = config_with(2, kind);
    auto attention = random_attention(config);
    const auto context = context_for(config, sequences);
    return (attention(x, context) - attention(changed, context)).narrow(0, 0, 5).abs().amax(1);
  };
  CHECK(effect(AttentionKind::causal).max().item<double>() == 0);
  CHECK(effect(AttentionKind::full).min().item<double>() > 1e-3);
}

TEST_CASE("attention: with a cache, piece by piece, it gives the same") {
  auto generator = make_generator(4);
  const auto config = config_with(2, AttentionKind::causal);
  auto attention = random_attention(config);
  const torch::NoGradGuard no_grad;
  const auto x = torch::randn({2, 7, 16}, generator, torch::kDouble);
  const auto whole =
      attention(x.flatten(0, 1), context_for(config, Sequences::rectangle(2, 7))).view_as(x);

  const auto options = torch::TensorOptions().dtype(torch::kDouble);
  LayerCache cache{.keys = torch::zeros({2, 2, 7, 4}, options),
                   .values = torch::zeros({2, 2, 7, 4}, options)};
  const auto run = [&](const torch::Tensor& piece, const Sequences& sequences,
                       const std::vector<std::int64_t>& rows,
                       const std::vector<std::int64_t>& past) {
    const CachePlaces places(sequences, rows, past, torch::kCPU);
    return attention(piece, context_for(config, sequences, places), &cache);
  };
  std::int64_t past = 0;
  for (const std::int64_t length : {3, 1, 2, 1}) {
    const auto piece = x.narrow(1, past, length).flatten(0, 1);
    const auto y = run(piece, Sequences::rectangle(2, length), {0, 1}, {past, past});
    CHECK(test::difference(y.view({2, length, 16}), whole.narrow(1, past, length), 0, 1e-12) == "");
    past += length;
  }
  CHECK_THROWS_WITH(
      run(x.narrow(1, 0, 1).flatten(0, 1), Sequences::rectangle(2, 1), {0, 1}, {7, 7}),
      contains("of 7 positions has no room for 8"));

  // Rows of lengths of their own, and one of them alone.
  cache.keys.zero_();
  cache.values.zero_();
  const auto ragged = torch::cat({x[0].narrow(0, 0, 4), x[1].narrow(0, 0, 2)});
  const auto expected = torch::cat({whole[0].narrow(0, 0, 4), whole[1].narrow(0, 0, 2)});
  CHECK(test::difference(run(ragged, Sequences({4, 2}), {0, 1}, {0, 0}), expected, 0, 1e-12) == "");
  CHECK(test::difference(run(x[1].narrow(0, 2, 3), Sequences({3}), {1}, {2}),
                         whole[1].narrow(0, 2, 3), 0, 1e-12) == "");
  const auto one_each = torch::stack({x[0][4], x[1][5]});
  CHECK(test::difference(run(one_each, Sequences({1, 1}), {0, 1}, {4, 5}),
                         torch::stack({whole[0][4], whole[1][5]}), 0, 1e-12) == "");
}
