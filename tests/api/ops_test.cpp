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

TEST_CASE("arguments: ops/sequences.h") {
  CHECK_THAT(option_error([] { Sequences({}); }), contains("without sequences"));
  CHECK_THAT(option_error([] { Sequences({3, 0}); }), contains("length 0"));
  CHECK_THAT(option_error([] { Sequences({3, -1}); }), contains("length -1"));
  CHECK_THAT(option_error([] {
               Sequences({std::int64_t{1} << 62, std::int64_t{1} << 62});
             }),
             contains("length 4611686018427387904"));
  CHECK_THAT(option_error([] { Sequences::rectangle(-1, 2); }), contains("is -1"));
  CHECK_THAT(option_error([] { Sequences::rectangle(0, 2); }), contains("is 0"));
  CHECK_THAT(option_error([] { Sequences::rectangle(2, 0); }), contains("length 0"));
  for (const auto& sequences : {Sequences({2, 3}), Sequences({2, 2})}) {
    const auto n = sequences.n_tokens(), t = sequences.longest();
    CHECK_THAT(option_error([&] { sequences.to_rows(zeros({n + 1, 4})); }), contains("tokens are"));
    CHECK_THAT(option_error([&] { sequences.to_rows(zeros({})); }), contains("tokens are"));
    CHECK_THAT(option_error([&] { sequences.to_rows({}); }), contains("undefined"));
    CHECK_THAT(option_error([&] {
                 sequences.to_tokens(zeros({2, t + 1, 4}));
               }),
               contains("rows are"));
    CHECK_THAT(option_error([&] { sequences.to_tokens(zeros({3, t})); }), contains("rows are"));
    CHECK_THAT(option_error([&] { sequences.to_tokens(zeros({2})); }), contains("rows are"));
  }
}

TEST_CASE("arguments: ops/rope.h") {
  CHECK_THAT(option_error([] {
               rotations(zeros({2, 2}), 4, 1e4, torch::kFloat);
             }),
             contains("positions is float32 [2, 2]"));
  CHECK_THAT(option_error([] { rotations(ids({0}), 3, 1e4, torch::kFloat); }), contains("is 3"));
  CHECK_THAT(option_error([] { rotations(ids({0}), 0, 1e4, torch::kFloat); }), contains("is 0"));
  CHECK_THAT(option_error([] { rotations(ids({0}), 4, -1, torch::kFloat); }),
             contains("theta is -1"));
  CHECK_THAT(option_error([] { rotations(ids({0}), 4, std::nan(""), torch::kFloat); }),
             contains("theta is nan"));
  CHECK_THAT(option_error([] { rotations(ids({0}), RotaryFrequencies{}, torch::kFloat); }),
             contains("the number of frequencies is 0"));
  const auto table = rotations(ids({0, 1}), 4, 1e4, torch::kFloat);
  CHECK_THAT(option_error([&] {
               apply_rotary(zeros({3, 2, 4}), table);
             }),
             contains("rotations is"));
  CHECK_THAT(option_error([&] {
               apply_rotary(zeros({2, 2, 8}), table);
             }),
             contains("rotations is"));
  CHECK_THAT(option_error([&] { apply_rotary(zeros({2, 2, 3}), table); }), contains("even"));
  CHECK_THAT(option_error([&] { apply_rotary(zeros({2, 4}), table); }), contains("x is"));
  CHECK_THAT(option_error([&] { apply_rotary({}, table); }), contains("x is undefined"));
  CHECK_THAT(option_error([&] { apply_rotary(zeros({2, 2, 4}), {}); }), contains("undefined"));
}

TEST_CASE("arguments: ops/linear_cross_entropy.h") {
  const auto hidden = zeros({3, 4}), weight = zeros({7, 4});
  const auto loss = [](const torch::Tensor& h, const torch::Tensor& w,
                       const torch::Tensor& targets) {
    return option_error([&] { linear_cross_entropy(h, w, targets); });
  };
  CHECK(loss(hidden, weight, ids({0, 1, 6})) == "accepted");
  CHECK(loss(hidden, weight, ids({0, 1, 7})) == "targets holds 7, must lie between 0 and 6");
  CHECK(loss(hidden, weight, ids({0, -1, 2})) == "targets holds -1, must lie between 0 and 6");
  CHECK_THAT(loss(hidden, weight, ids({0, 1})), contains("targets is int64 [2], must be [3]"));
  CHECK_THAT(loss(hidden, weight, zeros({3})), contains("targets is float32 [3], must be int64"));
  CHECK_THAT(loss(hidden, zeros({7, 5}), ids({0, 1, 2})), contains("weight is float32 [7, 5]"));
  CHECK_THAT(loss(zeros({3}), weight, ids({0, 1, 2})), contains("hidden is float32 [3]"));
  CHECK_THAT(loss({}, weight, ids({0})), contains("hidden is undefined"));
  CHECK_THAT(loss(hidden, {}, ids({0, 1, 2})), contains("weight is undefined"));
  CHECK_THAT(loss(hidden, weight, {}), contains("targets is undefined"));
  CHECK_THAT(loss(hidden.to(torch::kLong), weight, ids({0, 1, 2})), contains("real numbers"));
  const auto trained = zeros({7, 4}).requires_grad_();
  CHECK_THAT(loss(hidden, trained, ids({0, 100, 2})), contains("targets holds 100"));
}

TEST_CASE("arguments: ops/attention.h") {
  const auto attend = [&](std::vector<std::int64_t> q, std::vector<std::int64_t> k,
                          std::vector<std::int64_t> v, const torch::Tensor& visible) {
    return option_error(
        [&] { scaled_dot_product_attention(zeros(q), zeros(k), zeros(v), visible); });
  };
  const std::vector<std::int64_t> q{1, 4, 2, 8}, k{1, 2, 3, 8};
  CHECK(attend(q, k, k, {}) == "accepted");
  CHECK_THAT(attend({4, 2, 8}, k, k, {}), contains("queries is float32 [4, 2, 8]"));
  CHECK_THAT(attend(q, {2, 2, 3, 8}, k, {}), contains("keys is"));
  CHECK_THAT(attend(q, {1, 2, 3, 6}, k, {}), contains("keys is"));
  CHECK_THAT(attend(q, k, {1, 2, 4, 8}, {}), contains("values is"));
  CHECK_THAT(attend(q, {1, 3, 3, 8}, {1, 3, 3, 8}, {}), contains("4 query heads cannot share 3"));
  CHECK_THAT(attend(q, {1, 0, 3, 8}, {1, 0, 3, 8}, {}), contains("cannot share 0"));
  CHECK(attend(q, k, k, ids({1, 3}).unsqueeze(0)) == "accepted");
  CHECK_THAT(attend(q, k, k, ids({1, 4}).unsqueeze(0)), contains("visible holds 4"));
  CHECK_THAT(attend(q, k, k, ids({0, 3}).unsqueeze(0)), contains("visible holds 0"));
  CHECK_THAT(attend(q, k, k, ids({1, 3})), contains("visible is int64 [2]"));
  CHECK_THAT(option_error([&] {
               scaled_dot_product_attention(zeros(q), zeros(k), zeros(k), {}, {}, {0.5, 0.25});
             }),
             contains("the number of slopes is 2, must be that of query heads, 4"));
  CHECK_THAT(attend(q, k, k, zeros({1, 2})), contains("must be int64"));
}

TEST_CASE("arguments: ops/precision.h") {
  CHECK_THAT(option_error([] { precision_named("f16"); }), contains("dtype is \"f16\""));
  CHECK_THAT(option_error([] { precision_named(""); }), contains("dtype is"));
}
