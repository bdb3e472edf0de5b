#include "minillama/ops/rope.h"

#include <cmath>

#include <torch/autograd.h>

#include "minillama/core/check.h"
#include "minillama/core/model_config.h"
#include "minillama/kernels/rotary.h"
#include "minillama/ops/fused.h"
#include "minillama/ops/norm.h"

namespace minillama {
namespace {

torch::Tensor rotate(const torch::Tensor& input, const torch::Tensor& rotations, bool backward) {
  const auto x = input.contiguous();
  const auto y = torch::empty_like(x);
  const auto n_heads = x.size(1);
  const auto width = x.size(2);
  const auto table = torch::view_as_real(rotations).contiguous();  // [N, 1, Dh / 2, 2]
  with_element_type(x, [&]<typename T>(T) {
    parallel_over(x.size(0), n_heads * width, [&](std::int64_t begin, std::int64_t end) {
      const kernels::RotaryShape shape{.rows = static_cast<std::size_t>(end - begin),
                                       .heads = static_cast<std::size_t>(n_heads),
                                       .pairs = static_cast<std::size_t>(width / 2)};
      const auto start = begin * n_heads * width;
      kernels::rotary(kernels::best_isa(), shape, elements<T>(x) + start,
                      elements<float>(table) + begin * width, elements<T>(y) + start, backward);
    });
  });
  return y;
}

struct FusedRotary : torch::autograd::Function<FusedRotary> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& rotations) {
    context->save_for_backward({rotations});
    return rotate(x, rotations, /*backward=*/false);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    refuse_second_derivative("apply_rotary");
    return {rotate(grads[0], context->get_saved_variables()[0], /*backward=*/true),
            torch::Tensor()};
  }
};

}  // namespace

torch::Tensor rotations(const torch::Tensor& positions, const RotaryFrequencies& frequencies,
                        torch::ScalarType type) {
  require_shape(positions, "positions", {kAny});
  require(!frequencies.per_position.empty(), "the number of frequencies", 0, "be at least 1");
  const auto real = type == torch::kDouble ? torch::kDouble : torch::kFloat;
  const auto per_position =
      torch::tensor(frequencies.per_position, torch::kDouble).to(positions.device(), real);
  const auto angles = positions.to(real).unsqueeze(-1) * per_position;  // [N, Dh / 2]
  return torch::polar(torch::full_like(angles, frequencies.scale), angles).unsqueeze(1);
}

torch::Tensor rotations(const torch::Tensor& positions, std::int64_t head_dim, double theta,
                        torch::ScalarType type) {
  require(head_dim >= 2 && head_dim % 2 == 0, "head_dim", head_dim, "be even and at least 2");
  require(std::isfinite(theta) && theta > 0, "theta", theta, "be positive");
  const ModelConfig config{.n_heads = 1, .head_dim = head_dim, .rope_theta = theta};
  return rotations(positions, rotary_frequencies(config), type);
}

torch::Tensor apply_rotary(const torch::Tensor& x, const torch::Tensor& rotations) {
  require_shape(x, "x", {kAny, kAny, kAny});
  if (x.size(2) % 2 != 0) throw OptionError(fmt::format("x is {}: Dh must be even", describe(x)));
  require_shape(rotations, "rotations", {x.size(0), 1, x.size(2) / 2});
  require_device(rotations, "rotations", x.device());
  const bool fused = suits_kernels(x) && rotations.scalar_type() == torch::kComplexFloat;
  return fused ? FusedRotary::apply(x, rotations) : plain_apply_rotary(x, rotations);
}

torch::Tensor plain_apply_rotary(const torch::Tensor& x, const torch::Tensor& rotations) {
  const auto pairs = to_statistics_type(x).unflatten(-1, {x.size(-1) / 2, 2});
  const auto rotated = torch::view_as_complex(pairs.contiguous()) * rotations;
  return torch::view_as_real(rotated).flatten(-2).to(x.scalar_type());
}

}  // namespace minillama
