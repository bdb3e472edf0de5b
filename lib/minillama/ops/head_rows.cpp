#include "minillama/ops/head_rows.h"

#include <cstddef>
#include <cstring>

#include <torch/autograd.h>

#include "minillama/core/check.h"
#include "minillama/ops/fused.h"

namespace minillama {
namespace {

/// Where the vectors of Dh elements of one head lie, for each head of each sequence.
struct Run {
  std::size_t token;   ///< the first among the tokens, the others each `heads` after the one before
  std::size_t row;     ///< the first among the rows, the others behind it
  std::size_t length;  ///< how many there are
};

template <typename Body>
void for_each_run(const Sequences& sequences, std::size_t heads, const Body& body) {
  const auto longest = static_cast<std::size_t>(sequences.longest());
  std::size_t token = 0, row = 0;
  for (const auto length : sequences.lengths()) {
    for (std::size_t head = 0; head < heads; ++head, row += longest) {
      body(Run{token * heads + head, row, static_cast<std::size_t>(length)});
    }
    token += static_cast<std::size_t>(length);
  }
}

std::size_t bytes_of_vector(const torch::Tensor& x) {
  return static_cast<std::size_t>(x.size(-1)) * x.element_size();
}

torch::Tensor gather(const torch::Tensor& input, const Sequences& sequences) {
  const auto tokens = input.contiguous();
  const auto heads = static_cast<std::size_t>(tokens.size(1));
  const auto longest = static_cast<std::size_t>(sequences.longest());
  const auto size = bytes_of_vector(tokens);
  const auto rows = torch::empty(
      {sequences.size(), tokens.size(1), sequences.longest(), tokens.size(2)}, tokens.options());
  const auto* from = static_cast<const std::byte*>(tokens.data_ptr());
  auto* to = static_cast<std::byte*>(rows.data_ptr());
  for_each_run(sequences, heads, [=](const Run& run) {
    for (std::size_t t = 0; t < run.length; ++t) {
      std::memcpy(to + (run.row + t) * size, from + (run.token + t * heads) * size, size);
    }
    std::memset(to + (run.row + run.length) * size, 0, (longest - run.length) * size);
  });
  return rows;
}

torch::Tensor scatter(const torch::Tensor& input, const Sequences& sequences) {
  const auto rows = input.contiguous();
  const auto heads = static_cast<std::size_t>(rows.size(1));
  const auto size = bytes_of_vector(rows);
  const auto tokens =
      torch::empty({sequences.n_tokens(), rows.size(1), rows.size(3)}, rows.options());
  const auto* from = static_cast<const std::byte*>(rows.data_ptr());
  auto* to = static_cast<std::byte*>(tokens.data_ptr());
  for_each_run(sequences, heads, [=](const Run& run) {
    for (std::size_t t = 0; t < run.length; ++t) {
      std::memcpy(to + (run.token + t * heads) * size, from + (run.row + t) * size, size);
    }
  });
  return tokens;
}

/// One of the two, with the other, its adjoint, as its backward pass.
template <auto Forward, auto Backward>
struct Copy : torch::autograd::Function<Copy<Forward, Backward>> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const Sequences& sequences) {
    context->saved_data["lengths"] = sequences.lengths();
    return Forward(x, sequences);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    refuse_second_derivative("attention");
    const Sequences sequences(context->saved_data["lengths"].toIntVector());
    return {Backward(grads[0], sequences), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor to_head_rows(const torch::Tensor& tokens, const Sequences& sequences) {
  require_shape(tokens, "tokens", {sequences.n_tokens(), kAny, kAny});
  const bool fused = suits_kernels(tokens) && !sequences.all_equal();
  return fused ? Copy<gather, scatter>::apply(tokens, sequences)
               : plain_to_head_rows(tokens, sequences);
}

torch::Tensor from_head_rows(const torch::Tensor& rows, const Sequences& sequences) {
  require_shape(rows, "rows", {sequences.size(), kAny, sequences.longest(), kAny});
  const bool fused = suits_kernels(rows) && !sequences.all_equal();
  return fused ? Copy<scatter, gather>::apply(rows, sequences)
               : plain_from_head_rows(rows, sequences);
}

torch::Tensor plain_to_head_rows(const torch::Tensor& tokens, const Sequences& sequences) {
  return sequences.to_rows(tokens).transpose(1, 2);
}

torch::Tensor plain_from_head_rows(const torch::Tensor& rows, const Sequences& sequences) {
  return sequences.to_tokens(rows.transpose(1, 2));
}

}  // namespace minillama
