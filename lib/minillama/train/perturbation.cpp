#include "minillama/train/perturbation.h"

#include "minillama/core/random.h"

namespace minillama {

Noise::Noise(std::uint64_t seed)
    : generator_(make_generator(seed)), state_(generator_.get_state()) {}

torch::Tensor Noise::normal(const ObjectiveBatch& batch, double deviation) {
  return draw(batch, draw_normal, deviation);
}

torch::Tensor Noise::uniform(const ObjectiveBatch& batch, double bound) {
  return draw(batch, draw_uniform, bound);
}

torch::Tensor Noise::draw(const ObjectiveBatch& batch,
                          void (*fill)(const torch::Tensor&, double, torch::Generator),
                          double size) {
  const auto& llama = batch.model->llama;
  const auto noise =
      torch::empty({batch.input.sequences.n_tokens(), llama->config().dim}, llama->options());
  generator_.set_state(state_);
  fill(noise, size, generator_);
  state_.copy_(generator_.get_state());
  return noise;
}

torch::Tensor of_tokens(const torch::Tensor& of_sequences, const Sequences& sequences) {
  const auto lengths = torch::tensor(sequences.lengths(), torch::kLong).to(of_sequences.device());
  return of_sequences.repeat_interleave(lengths, 0).unsqueeze(1);
}

torch::Tensor largest_of_sequences(const torch::Tensor& x, const Sequences& sequences) {
  return sequences.to_rows(x.abs()).amax({1, 2});
}

torch::Tensor norms_of_sequences(const torch::Tensor& x, const Sequences& sequences) {
  return sequences.to_rows(x * x).sum({1, 2}).sqrt();
}

torch::Tensor divided_by(const torch::Tensor& x, const torch::Tensor& sizes,
                         const Sequences& sequences) {
  return x / of_tokens(torch::where(sizes > 0, sizes, torch::ones_like(sizes)), sequences);
}

}  // namespace minillama
