#include "minillama/ops/rope.h"

#include "minillama/core/random.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// Rotates rows [B, T, H, Dh], each from position 0, as the assignment's code does.
torch::Tensor rotate_rows(const torch::Tensor& x, double theta = 10000) {
  const auto positions = torch::arange(x.size(1)).repeat({x.size(0)});
  const auto angles = rotations(positions, x.size(3), theta, x.scalar_type());
  return apply_rotary(x.flatten(0, 1), angles).view(x.sizes());
}

}  // namespace

TEST_CASE("rope: rotates as PyTorch does") {
  const auto expected = test::load_fixture(test::repository_file("tests/reference/nn.pt"));
  // The reference computes its angles in float32.
  CHECK(test::difference(rotate_rows(expected.at("rope.x")), expected.at("rope.y"), 0, 2e-5) == "");
  CHECK(test::difference(rotate_rows(expected.at("rope.x"), 500), expected.at("rope.y_theta"), 0,
                         2e-5) == "");
}

TEST_CASE("rope: matches the assignment's reference tensors") {
  const auto path = test::data_file("reference/rotary_embedding_actual.data");
  SKIP_WITHOUT(path, "reference/rotary_embedding_actual.data");
  const auto expected = test::load_fixture(*path);
  CHECK(test::difference(rotate_rows(2 * torch::ones({1, 2, 2, 4})), expected.at("0"), 1e-5,
                         1e-8) == "");
  CHECK(test::difference(rotate_rows(3 * torch::ones({1, 2, 2, 4})), expected.at("1"), 1e-5,
                         1e-8) == "");
}

TEST_CASE("rope: position 0 is not rotated, and lengths never change") {
  auto generator = make_generator(1);
  const auto x = torch::randn({5, 2, 8}, generator);
  const auto at_zero =
      apply_rotary(x, rotations(torch::zeros({5}, torch::kLong), 8, 1e4, torch::kFloat));
  CHECK(at_zero.equal(x));
  const auto y = apply_rotary(x, rotations(torch::arange(5) * 100, 8, 1e4, torch::kFloat));
  CHECK(test::difference(y.norm(2, -1), x.norm(2, -1), 1e-5, 0) == "");
}

TEST_CASE("rope: the product of query and key depends on their distance alone") {
  auto generator = make_generator(2);
  const auto q = torch::randn({1, 1, 8}, generator, torch::kDouble);
  const auto k = torch::randn({1, 1, 8}, generator, torch::kDouble);
  const auto product = [&](std::int64_t m, std::int64_t n) {
    const auto rotate = [&](const torch::Tensor& x, std::int64_t position) {
      return apply_rotary(x, rotations(torch::tensor({position}), 8, 1e4, torch::kDouble));
    };
    return (rotate(q, m) * rotate(k, n)).sum().item<double>();
  };
  CHECK(product(7, 3) == Approx(product(104, 100)).epsilon(1e-12));
  CHECK(product(7, 3) != Approx(product(8, 3)).epsilon(1e-3));
}

TEST_CASE("rope: gradients agree with finite differences") {
  auto generator = make_generator(3);
  const auto x = torch::randn({3, 2, 6}, generator, torch::kDouble);
  const auto angles = rotations(torch::tensor({0, 5, 11}), 6, 100, torch::kDouble);
  CHECK(test::gradient_difference([&](const auto& in) { return apply_rotary(in[0], angles); },
                                  {x}) == "");
}

TEST_CASE("rope: frequencies of any kind, cosines and sines times their scale") {
  const RotaryFrequencies frequencies{.per_position = {0.5, 0.25}, .scale = 1.5};
  const auto angles =
      torch::view_as_real(rotations(torch::tensor({0, 3}), frequencies, torch::kDouble));
  const auto turned = torch::tensor({1.5, 0.75}, torch::kDouble);
  const auto at_3 = torch::stack({turned.cos(), turned.sin()}, -1) * 1.5;
  CHECK(torch::allclose(angles[1][0], at_3, 1e-12, 1e-12));
  CHECK(angles[0][0].equal(torch::tensor({{1.5, 0.0}, {1.5, 0.0}}, torch::kDouble)));
  auto generator = make_generator(3);
  const auto x = torch::randn({2, 2, 4}, generator, torch::kDouble);
  const auto table = rotations(torch::tensor({0, 3}), frequencies, torch::kDouble);
  CHECK(test::gradient_difference([&](const auto& in) { return apply_rotary(in[0], table); },
                                  {x}) == "");
}

TEST_CASE("rope: half types are rotated in float32") {
  auto generator = make_generator(4);
  const auto x = torch::randn({9, 2, 6}, generator).to(torch::kHalf);
  const auto angles = rotations(torch::arange(9), 6, 1e4, torch::kHalf);
  const auto y = apply_rotary(x, angles);
  CHECK(y.scalar_type() == torch::kHalf);
  CHECK(y.equal(apply_rotary(x.to(torch::kFloat), angles).to(torch::kHalf)));
}
