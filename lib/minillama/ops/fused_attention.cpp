#include "minillama/ops/fused_attention.h"

#include <cmath>

#include <torch/autograd.h>

#include "minillama/core/device.h"
#include "minillama/core/torch_compat.h"
#include "minillama/kernels/distance_bias.h"
#include "minillama/kernels/softmax.h"
#include "minillama/ops/fused.h"
#include "minillama/ops/product.h"

namespace minillama {
namespace {

/// Queries [begin, begin + size) of every head, which look at the first `n_keys` keys and no
/// further.
struct Block {
  std::int64_t begin;
  std::int64_t size;
  std::int64_t n_keys;
};

/// Cuts the queries into blocks, so that under a causal mask little is computed that nobody sees.
std::vector<Block> blocks_of(std::int64_t n_queries, std::int64_t n_keys,
                             const torch::Tensor& visible) {
  constexpr std::int64_t kBlock = 128;
  if (!visible.defined()) return {{0, n_queries, n_keys}};
  std::vector<Block> blocks;
  for (std::int64_t begin = 0; begin < n_queries; begin += kBlock) {
    const auto size = std::min(kBlock, n_queries - begin);
    blocks.push_back({begin, size, visible.narrow(1, begin, size).max().item<std::int64_t>()});
  }
  return blocks;
}

/// The shape of an attention, and where a block of it lies.
struct Shape {
  std::int64_t B, Hkv, G, T, Dh;

  float scale() const { return 1.0F / std::sqrt(static_cast<float>(Dh)); }

  /// [B, H, T, Dh] -> [B * Hkv, G * size, Dh]
  torch::Tensor rows(const torch::Tensor& x, const Block& block) const {
    return x.narrow(2, block.begin, block.size)
        .unflatten(1, {Hkv, G})
        .reshape({B * Hkv, G * block.size, Dh});
  }

  /// Room for such rows: within x, if they are one piece of it.
  torch::Tensor room(const torch::Tensor& x, const Block& block) const {
    if (x.is_contiguous() && block.size == T) return rows(x, block);
    return torch::empty({B * Hkv, G * block.size, Dh}, x.options());
  }

  /// Copies what was computed in room() to its place in x.
  void put(const torch::Tensor& rows, const Block& block, const torch::Tensor& x) const {
    if (rows.is_alias_of(x)) return;
    x.narrow(2, block.begin, block.size).copy_(rows.view({B, Hkv * G, block.size, Dh}));
  }

  /// Room for scores [B * Hkv, G * size, n_keys], each row with what the kernels want behind it.
  torch::Tensor scores(const Block& block, const torch::TensorOptions& options) const {
    const auto room = kernels::score_room(static_cast<std::size_t>(block.n_keys));
    return torch::empty({B * Hkv, G * block.size, static_cast<std::int64_t>(room)}, options)
        .narrow(2, 0, block.n_keys);
  }

  /// The query head of a row of scores().
  std::size_t head(const Block& block, std::int64_t row) const {
    return static_cast<std::size_t>(row / block.size % (Hkv * G));
  }

  /// Calls row_kernel(row, visible) for every row of scores().
  template <typename RowKernel>
  void for_each_row(const Block& block, const torch::Tensor& visible,
                    const RowKernel& row_kernel) const {
    const auto* counts = visible.defined() ? visible.data_ptr<std::int64_t>() : nullptr;
    const auto per_sequence = Hkv * G * block.size;
    parallel_over(B * per_sequence, block.n_keys, [&](std::int64_t begin, std::int64_t end) {
      for (auto row = begin; row < end; ++row) {
        const auto query = row / per_sequence * T + block.begin + row % block.size;
        row_kernel(row, static_cast<std::size_t>(counts == nullptr ? block.n_keys : counts[query]));
      }
    });
  }
};

/// y[i] = a[i] b[i] for every i, summed in float32. Each product is one thread's.
torch::Tensor products(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& y) {
  // Parts that take longer than it takes another thread to wake up.
  constexpr std::int64_t kWorthSharing = std::int64_t{1} << 19;
  const auto grain = std::max<std::int64_t>(
      1, kWorthSharing / std::max<std::int64_t>(1, a.size(1) * a.size(2) * b.size(2)));
  parallel_for(a.size(0), grain, [&](std::int64_t begin, std::int64_t end) {
    const SerialLibTorch serial;
    const at::AutoDispatchBelowADInplaceOrView
        plain;  // threads do not inherit that nothing records
    const auto part = [&](const torch::Tensor& x) { return x.narrow(0, begin, end - begin); };
    auto result = part(y);
    if (sums_in_float(y, part(a).numel() * b.size(2))) {
      torch::bmm_out(result, part(a), part(b));
    } else {
      result.copy_(part(a).to(torch::kFloat).bmm(part(b).to(torch::kFloat)));
    }
  });
  return y;
}

torch::Tensor products(const torch::Tensor& a, const torch::Tensor& b) {
  return products(a, b, torch::empty({a.size(0), a.size(1), b.size(2)}, a.options()));
}

void softmax(const torch::Tensor& scores, const Shape& shape, const Block& block,
             const torch::Tensor& visible, const std::vector<double>& slopes) {
  const auto room = scores.stride(1);
  with_element_type(scores, [&]<typename T>(T) {
    auto* rows = static_cast<T*>(scores.data_ptr());
    shape.for_each_row(block, visible, [&](std::int64_t row, std::size_t count) {
      // The softmax scales what it is given, biases included.
      if (!slopes.empty()) {
        const auto slope = static_cast<float>(slopes[shape.head(block, row)]) / shape.scale();
        kernels::add_distance_bias(kernels::best_isa(), count, slope, rows + row * room);
      }
      kernels::softmax_forward(kernels::best_isa(), static_cast<std::size_t>(room), count,
                               shape.scale(), rows + row * room);
    });
  });
}

void softmax_backward(const torch::Tensor& weights, const torch::Tensor& grad, const Shape& shape,
                      const Block& block, const torch::Tensor& visible) {
  const auto room = weights.stride(1);
  with_element_type(weights, [&]<typename T>(T) {
    const auto* weight_rows = static_cast<const T*>(weights.data_ptr());
    auto* grad_rows = static_cast<T*>(grad.data_ptr());
    shape.for_each_row(block, visible, [&](std::int64_t row, std::size_t count) {
      kernels::softmax_backward(kernels::best_isa(), static_cast<std::size_t>(room), count,
                                shape.scale(), weight_rows + row * room, grad_rows + row * room);
    });
  });
}

struct FusedAttention : torch::autograd::Function<FusedAttention> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& q,
                               const torch::Tensor& k_input, const torch::Tensor& v_input,
                               const OptionalTensor& given_visible,
                               const std::vector<double>& slopes) {
    auto visible = from_optional(given_visible);
    if (visible.defined()) visible = visible.contiguous();
    const auto Hkv = k_input.size(1);
    const Shape shape{q.size(0), Hkv, q.size(1) / Hkv, q.size(2), q.size(3)};
    const auto k = k_input.flatten(0, 1).contiguous();  // [B * Hkv, S, Dh]
    const auto v = v_input.flatten(0, 1).contiguous();
    torch::autograd::variable_list saved{q, k, v, visible};
    const auto y = torch::empty_like(q);  // with the same strides
    for (const auto& block : blocks_of(shape.T, k.size(1), visible)) {
      const auto keys = k.narrow(1, 0, block.n_keys);
      const auto weights =
          products(shape.rows(q, block), keys.transpose(1, 2), shape.scores(block, q.options()));
      softmax(weights, shape, block, visible, slopes);
      const auto attended = products(weights, v.narrow(1, 0, block.n_keys), shape.room(y, block));
      shape.put(attended, block, y);
      saved.push_back(weights);
    }
    context->save_for_backward(saved);
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    refuse_second_derivative("attention");
    const auto saved = context->get_saved_variables();
    const auto& [q, k, v, visible] = std::tie(saved[0], saved[1], saved[2], saved[3]);
    const auto B = q.size(0), Hkv = k.size(0) / B;
    const Shape shape{B, Hkv, q.size(1) / Hkv, q.size(2), q.size(3)};
    const auto grad_q = torch::empty_like(q);
    // Several blocks add to the same keys: in float32.
    const auto grad_k = torch::zeros(k.sizes(), k.options().dtype(torch::kFloat));
    const auto grad_v = torch::zeros_like(grad_k);
    const auto blocks = blocks_of(shape.T, k.size(1), visible);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const auto& block = blocks[i];
      const auto& weights = saved[4 + i];
      const auto grad = shape.rows(grads[0], block);
      const auto grad_scores = products(grad, v.narrow(1, 0, block.n_keys).transpose(1, 2),
                                        shape.scores(block, grad.options()));
      softmax_backward(weights, grad_scores, shape, block, visible);
      const auto grad_rows =
          products(grad_scores, k.narrow(1, 0, block.n_keys), shape.room(grad_q, block));
      shape.put(grad_rows, block, grad_q);
      grad_k.narrow(1, 0, block.n_keys)
          .add_(products(grad_scores.transpose(1, 2), shape.rows(q, block)));
      grad_v.narrow(1, 0, block.n_keys).add_(products(weights.transpose(1, 2), grad));
    }
    const auto type = k.scalar_type();
    return {grad_q, grad_k.to(type).unflatten(0, {B, Hkv}), grad_v.to(type).unflatten(0, {B, Hkv}),
            torch::Tensor(), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor fused_attention(const torch::Tensor& q, const torch::Tensor& k,
                              const torch::Tensor& v, const torch::Tensor& visible,
                              const std::vector<double>& slopes) {
  return FusedAttention::apply(q, k, v, to_optional(visible), slopes);
}

}  // namespace minillama
