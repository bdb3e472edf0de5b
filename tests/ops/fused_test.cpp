// Where the hand-written kernels compute a layer, it is what LibTorch's operations compute, forward
// and backward.

#include <functional>

#include <torch/autograd.h>

#include "minillama/core/alibi.h"
#include "minillama/core/random.h"
#include "minillama/nn/attention.h"
#include "minillama/nn/layer_norm.h"
#include "minillama/nn/rms_norm.h"
#include "minillama/ops/attention.h"
#include "minillama/ops/bfloat16_linear.h"
#include "minillama/ops/head_rows.h"
#include "minillama/ops/linear_cross_entropy.h"
#include "minillama/ops/precision.h"
#include "minillama/ops/product.h"
#include "minillama/ops/rope.h"
#include "minillama/ops/swiglu.h"

#include "support/catch.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

using Tensors = std::vector<torch::Tensor>;
using Function = std::function<torch::Tensor(const Tensors&)>;

/// The value of `function` at `inputs` and its gradients, as float64.
Tensors value_and_gradients(const Function& function, const Tensors& inputs,
                            torch::ScalarType type) {
  Tensors leaves;
  for (const auto& input : inputs) leaves.push_back(input.to(type).detach().requires_grad_());
  const auto y = function(leaves);
  const auto direction = torch::randn(y.sizes(), make_generator(99), torch::kDouble);
  y.backward(direction.to(y.scalar_type()));
  Tensors all{y.detach().to(torch::kDouble)};
  for (const auto& leaf : leaves) all.push_back(leaf.grad().to(torch::kDouble));
  return all;
}

/// Compares `fast` in `type` with `plain` in float64, on the same rounded inputs.
void check_same(const Function& fast, const Function& plain, const Tensors& inputs,
                torch::ScalarType type) {
  const double tolerance = type == torch::kFloat ? 2e-5 : 3e-2;
  Tensors rounded;
  for (const auto& input : inputs) rounded.push_back(input.to(type));
  const auto found = value_and_gradients(fast, rounded, type);
  const auto expected = value_and_gradients(plain, rounded, torch::kDouble);
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO((i == 0 ? std::string("value") : "gradient " + std::to_string(i)));
    CHECK(test::difference(found[i], expected[i], tolerance, tolerance) == "");
  }
}

torch::Tensor random(torch::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, make_generator(seed), torch::kDouble);
}

}  // namespace

TEST_CASE("fused: swiglu") {
  const Tensors inputs{random({5, 33}, 1), random({5, 33}, 2)};
  for (const auto type : {torch::kFloat, torch::kBFloat16}) {
    check_same([](const auto& in) { return swiglu(in[0], in[1]); },
               [](const auto& in) { return plain_swiglu(in[0], in[1]); }, inputs, type);
  }
}

TEST_CASE("fused: rotary positions") {
  const auto positions = torch::arange(6);
  const auto with = [&](auto function, torch::ScalarType type) {
    return [=](const Tensors& in) { return function(in[0], rotations(positions, 8, 100.0, type)); };
  };
  for (const auto type : {torch::kFloat, torch::kBFloat16}) {
    check_same(with(apply_rotary, type), with(plain_apply_rotary, torch::kDouble),
               {random({6, 3, 8}, 1)}, type);
  }
}

TEST_CASE("fused: norms") {
  const Tensors inputs{random({300, 24}, 1) * 3 + 1, random({24}, 2)};
  for (const bool centered : {false, true}) {
    const auto run = [&](const torch::Tensor& x, const torch::Tensor& weight,
                         const torch::Tensor& bias) {
      const auto direction = torch::randn(x.sizes(), make_generator(5), torch::kDouble);
      Norm norm(centered ? NormKind::layernorm : NormKind::rmsnorm, 24, 1e-5);
      norm->to(x.scalar_type());
      norm->weight.set_data(weight.clone());
      if (centered) norm->bias.set_data(bias.clone());
      const auto leaf = x.clone().requires_grad_();
      const auto y = norm->forward(leaf);
      y.backward(direction.to(y.scalar_type()));
      Tensors results{y.detach(), leaf.grad(), norm->weight.grad()};
      if (centered) results.push_back(norm->bias.grad());
      return results;
    };
    const auto bias = random({24}, 3);
    const auto expected = run(inputs[0], inputs[1], bias);
    const auto found =
        run(inputs[0].to(torch::kFloat), inputs[1].to(torch::kFloat), bias.to(torch::kFloat));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK(test::difference(found[i].to(torch::kDouble), expected[i], 2e-5, 2e-5) == "");
    }
  }
}

TEST_CASE("fused: rows of heads") {
  const Sequences sequences({7, 3, 1});
  const Tensors tokens{random({11, 2, 6}, 1)}, rows{random({3, 2, 7, 6}, 2)};
  for (const auto type : {torch::kFloat, torch::kBFloat16}) {
    check_same([&](const auto& in) { return to_head_rows(in[0], sequences); },
               [&](const auto& in) { return plain_to_head_rows(in[0], sequences); }, tokens, type);
    check_same([&](const auto& in) { return from_head_rows(in[0], sequences); },
               [&](const auto& in) { return plain_from_head_rows(in[0], sequences); }, rows, type);
  }
  CHECK(from_head_rows(to_head_rows(tokens[0], sequences), sequences).equal(tokens[0]));
}

TEST_CASE("fused: attention, for every grouping and mask") {
  const Sequences sequences({7, 3});
  for (const std::int64_t n_kv_heads : {4, 2, 1}) {
    for (const auto kind : {AttentionKind::causal, AttentionKind::full}) {
      const auto visible = visible_positions(kind, sequences, torch::kCPU);
      const Tensors inputs{random({2, 4, 7, 6}, 1), random({2, n_kv_heads, 7, 6}, 2),
                           random({2, n_kv_heads, 7, 6}, 3)};
      for (const auto type : {torch::kFloat, torch::kBFloat16}) {
        check_same(
            [&](const auto& in) {
              return scaled_dot_product_attention(in[0], in[1], in[2], visible);
            },
            [&](const auto& in) { return plain_attention(in[0], in[1], in[2], visible); }, inputs,
            type);
      }
    }
  }
}

TEST_CASE("fused: attention of more queries than one block has, ragged") {
  const Sequences sequences({300, 150, 1});
  const Tensors inputs{random({3, 4, 300, 6}, 1), random({3, 2, 300, 6}, 2),
                       random({3, 2, 300, 6}, 3)};
  for (const auto type : {torch::kFloat, torch::kBFloat16}) {
    for (const auto kind : {AttentionKind::causal, AttentionKind::full}) {
      const auto visible = visible_positions(kind, sequences, torch::kCPU);
      check_same(
          [&](const auto& in) {
            return scaled_dot_product_attention(in[0], in[1], in[2], visible);
          },
          [&](const auto& in) { return plain_attention(in[0], in[1], in[2], visible); }, inputs,
          type);
    }
  }
}

TEST_CASE("fused: attention with biases by distance, of one block and of more") {
  for (const auto& sequences : {Sequences({7, 3}), Sequences({200, 150})}) {
    const auto T = sequences.longest();
    const auto causal = visible_positions(AttentionKind::causal, sequences, torch::kCPU);
    for (const std::int64_t n_kv_heads : {6, 3, 1}) {
      const Tensors inputs{random({2, 6, T, 4}, 1), random({2, n_kv_heads, T, 4}, 2),
                           random({2, n_kv_heads, T, 4}, 3)};
      for (const auto type : {torch::kFloat, torch::kBFloat16}) {
        for (const auto& visible : {causal, torch::Tensor()}) {
          check_same(
              [&](const auto& in) {
                return scaled_dot_product_attention(in[0], in[1], in[2], visible, {},
                                                    alibi_slopes(6));
              },
              [&](const auto& in) {
                return plain_attention(in[0], in[1], in[2], visible, {}, alibi_slopes(6));
              },
              inputs, type);
        }
      }
    }
  }
}

TEST_CASE("linear_cross_entropy: is the cross-entropy of the logits, in several blocks too") {
  auto generator = make_generator(4);
  for (const std::int64_t n_tokens : {1, 30, 1100}) {
    const auto targets = torch::randint(41, {n_tokens}, generator, torch::kLong);
    const Tensors inputs{random({n_tokens, 12}, 1), random({41, 12}, 2)};
    const auto plain = [&](const Tensors& in) {
      return torch::nll_loss(torch::linear(in[0], in[1]).log_softmax(-1), targets, {},
                             at::Reduction::Sum);
    };
    const auto fast = [&](const Tensors& in) {
      return linear_cross_entropy(in[0], in[1], targets);
    };
    for (const auto type : {torch::kDouble, torch::kFloat}) {
      const auto found = value_and_gradients(fast, inputs, type);
      const auto expected = value_and_gradients(plain, inputs, torch::kDouble);
      const double tolerance = type == torch::kDouble ? 1e-10 : 1e-4;
      for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK(test::difference(found[i], expected[i], tolerance, tolerance) == "");
      }
    }
  }
}

TEST_CASE("linear_cross_entropy: gradients agree with finite differences") {
  const auto targets = torch::tensor({2, 0, 6}, torch::kLong);
  CHECK(test::gradient_difference(
            [&](const auto& in) { return linear_cross_entropy(in[0], in[1], targets); },
            {random({3, 4}, 1), random({7, 4}, 2)}) == "");
}

TEST_CASE("fused: second derivatives are refused, not wrong") {
  const Sequences sequences({3, 2});
  const auto visible = visible_positions(AttentionKind::causal, sequences, torch::kCPU);
  const auto targets = torch::tensor({2, 0, 6}, torch::kLong);
  const auto turns = rotations(torch::arange(3), 4, 100.0, torch::kFloat);
  RMSNorm norm(4, 1e-5);
  const auto weight = random({7, 4}, 1).to(torch::kFloat);
  const std::vector<std::pair<std::vector<std::int64_t>, Function>> cases{
      {{2, 2, 3, 4},
       [&](const auto& in) { return scaled_dot_product_attention(in[0], in[0], in[0], visible); }},
      {{3, 4}, [&](const auto& in) { return norm->forward(in[0]); }},
      {{3, 2, 4}, [&](const auto& in) { return apply_rotary(in[0], turns); }},
      {{3, 4}, [&](const auto& in) { return linear_cross_entropy(in[0], weight, targets); }},
      {{3, 4}, [&](const auto& in) { return bfloat16_linear(in[0], weight); }},
      {{3, 4}, [&](const auto& in) { return shared_linear(in[0], weight); }},
      {{3, 4}, [&](const auto& in) { return swiglu(in[0], in[0]); }},
      {{5, 2, 4}, [&](const auto& in) { return to_head_rows(in[0], sequences); }}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    const auto& [shape, function] = cases[i];
    const auto x = random(shape, 2).to(torch::kFloat).requires_grad_();
    const auto y = function({x}).to(torch::kFloat).pow(2).sum();
    CHECK_THROWS_WITH(torch::autograd::grad({y}, {x}, {}, true, /*create_graph=*/true),
                      contains("second derivatives are not computed"));
    CHECK_NOTHROW(torch::autograd::grad({y}, {x}));
  }
}
