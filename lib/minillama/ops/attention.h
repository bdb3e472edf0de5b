#pragma once

#include <functional>
#include <vector>

#include <torch/types.h>

#include "minillama/core/model_config.h"
#include "minillama/ops/sequences.h"

namespace minillama {

/// How many positions, from the first on, each query of a pass over `sequences` attends to, [B, T]
/// int64: t + 1 for the query at t of a causal model, the sequence's length under full attention,
/// where padding is to be hidden and nothing else. Undefined: all.
torch::Tensor visible_positions(AttentionKind kind, const Sequences& sequences,
                                torch::Device device);

/// What is done to the weights of attention, [B, Hkv, G * T, S], in training.
using WeightsDropout = std::function<torch::Tensor(const torch::Tensor& weights)>;

/// Scaled dot-product attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1) over grouped
/// heads: softmax(q k^T / sqrt(Dh)) v, where query heads g*G .. g*G+G-1 share key/value head g.
///
///     q [B, H, T, Dh]    k, v [B, Hkv, S, Dh]    G = H / Hkv
///
/// With slopes m_h, score s of a query that sees n positions has -m_h (n - 1 - s) added before the
/// softmax: under causal attention, its distance to the query (core/alibi.h).
///
/// The queries of a group are stacked along T, so keys and values are never repeated in memory.
/// The softmax is taken in float32 for half types. Without dropout, and where the kernels suit,
/// that is fused_attention() (ops/fused_attention.h).
///
/// @param visible how many positions, from the first on, each query attends to, [B, T] int64;
///                undefined: all
/// @param dropout applied to the attention weights; empty: none
/// @param slopes  m, one for each query head; empty: none
/// @return [B, H, T, Dh]
/// Throws OptionError if the shapes do not go together, there are other slopes than heads or, on
/// the CPU, a query is to see no position or more than S.
torch::Tensor scaled_dot_product_attention(const torch::Tensor& q, const torch::Tensor& k,
                                           const torch::Tensor& v, const torch::Tensor& visible,
                                           const WeightsDropout& dropout = {},
                                           const std::vector<double>& slopes = {});

/// The same with LibTorch's operations.
torch::Tensor plain_attention(const torch::Tensor& q, const torch::Tensor& k,
                              const torch::Tensor& v, const torch::Tensor& visible,
                              const WeightsDropout& dropout = {},
                              const std::vector<double>& slopes = {});

}  // namespace minillama
