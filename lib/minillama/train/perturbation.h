#pragma once

// Not part of the public interface: what is added to the embeddings of a batch, by its sequences.

#include <cstdint>

#include "minillama/train/objective.h"

namespace minillama {

/// What perturbations begin with, in the shape [N, D] of a batch's embeddings. Its state decides
/// all that follows.
class Noise {
 public:
  explicit Noise(std::uint64_t seed);

  torch::Tensor normal(const ObjectiveBatch& batch, double deviation);
  torch::Tensor uniform(const ObjectiveBatch& batch, double bound);

  /// Not a copy: what writes to it decides what is drawn next.
  const torch::Tensor& state() const { return state_; }

 private:
  torch::Tensor draw(const ObjectiveBatch& batch,
                     void (*fill)(const torch::Tensor&, double, torch::Generator), double size);

  torch::Generator generator_;
  torch::Tensor state_;
};

/// Numbers of the B sequences, [B], given to each of their tokens, [N, 1].
torch::Tensor of_tokens(const torch::Tensor& of_sequences, const Sequences& sequences);

/// The largest absolute value in each sequence of x [N, D], and its Frobenius norm: [B].
torch::Tensor largest_of_sequences(const torch::Tensor& x, const Sequences& sequences);
torch::Tensor norms_of_sequences(const torch::Tensor& x, const Sequences& sequences);

/// x, of which each sequence is divided by its own number of `sizes` [B]; by 1 where that is 0.
torch::Tensor divided_by(const torch::Tensor& x, const torch::Tensor& sizes,
                         const Sequences& sequences);

}  // namespace minillama
