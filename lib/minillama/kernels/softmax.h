#pragma once

#include <cstddef>
#include <cstdint>

#include "minillama/kernels/element.h"

namespace minillama::kernels {

/// The room for a row of `n` scores: whole vectors of any instruction set, so that none ends within
/// a row or reaches into the next one.
constexpr std::size_t score_room(std::size_t n) {
  constexpr std::size_t kVector = 16;
  return (n + kVector - 1) / kVector * kVector;
}

/// Attention weights of one row with room for `size` scores, a score_room(), of which only the
/// first `visible` (at least 1) count, whatever the others are; in place:
///
///     x[j] = exp(scale * x[j] - max) / sum    j < visible
///     x[j] = 0                                otherwise
template <typename T>
void softmax_forward(Isa isa, std::size_t size, std::size_t visible, float scale, T* x);

/// The gradient with respect to the scores, over that with respect to the weights `p`; in place,
/// for rows like the above:
///
///     grad[j] = scale * p[j] * (grad[j] - sum_k p[k] grad[k])    j < visible, 0 otherwise
template <typename T>
void softmax_backward(Isa isa, std::size_t size, std::size_t visible, float scale, const T* p,
                      T* grad);

/// Replaces x by exp(scale * (x - most)), `most` the largest of them, where that is at least e^-87,
/// and by 0 otherwise. Returns the sum.
double exponentials(Isa isa, std::size_t size, float most, float scale, float* x);

/// -log softmax(x)[target] of one row of `size` logits. If `differentiate`, x becomes the gradient,
/// softmax(x) - onehot(target).
template <typename T>
double cross_entropy(Isa isa, std::size_t size, std::size_t target, bool differentiate, T* x);

}  // namespace minillama::kernels
