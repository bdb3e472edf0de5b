#include "minillama/generate/sampler.h"

#include "minillama/core/error.h"
#include "minillama/generate/filters.h"
#include "minillama/kernels/argmax.h"

namespace minillama {

Sampler::Sampler(const GenerationOptions& options) : options_(options), random_(options.seed) {
  options_.validate();
  processors_ = make_processors(options_);
}

std::int64_t Sampler::next(std::span<float> logits, const History& history) {
  const auto token = choose(logits, history);
  for (const auto& processor : processors_) processor->accept(token);
  return token;
}

std::int64_t Sampler::choose(std::span<float> logits, const History& history) {
  if (logits.empty()) throw OptionError("there are no logits to choose a token by");
  for (const auto& processor : processors_) processor->apply(logits, history);
  const auto largest = kernels::find_largest(kernels::best_isa(), logits.size(), logits.data());
  if (!largest.is_finite) {
    throw InputError("the model's logits are not finite: its weights are broken");
  }
  if (options_.temperature == 0) return static_cast<std::int64_t>(largest.index);

  softmax(logits, options_.temperature);
  if (options_.top_k > 0) keep_top_k(logits, options_.top_k);
  if (options_.top_p < 1) keep_top_p(logits, options_.top_p);
  if (options_.min_p > 0) keep_min_p(logits, options_.min_p);
  if (options_.epsilon > 0) keep_epsilon(logits, options_.epsilon);
  // 53 random bits, so that the same seed draws the same tokens with every standard library.
  const double u = static_cast<double>(random_() >> 11) * 0x1.0p-53;
  return pick(logits, u);
}

}  // namespace minillama
