#include "minillama/generate/sampler.h"

#include <limits>

#include "minillama/core/error.h"
#include "minillama/generate/filters.h"
#include "minillama/generate/uniform.h"
#include "minillama/kernels/argmax.h"

namespace minillama {

Sampler::Sampler(const GenerationOptions& options)
    : temperature_(options.temperature), random_(options.seed) {
  options.validate();
  processors_ = make_processors(options);
  filters_ = make_filters(options);
}

std::int64_t Sampler::next(std::span<float> logits, const History& history) {
  const auto token = choose(logits, history);
  for (const auto& processor : processors_) processor->accept(token);
  for (const auto& filter : filters_) filter->accept(token);
  return token;
}

std::int64_t Sampler::choose(std::span<float> logits, const History& history) {
  if (logits.empty()) throw OptionError("there are no logits to choose a token by");
  for (const auto& processor : processors_) processor->apply(logits, history);
  const auto largest = kernels::find_largest(kernels::best_isa(), logits.size(), logits.data());
  if (!largest.is_finite) {
    throw InputError("the model's logits are not finite: its weights are broken");
  }
  if (logits[largest.index] == -std::numeric_limits<float>::infinity()) {
    throw OptionError("the options rule out every token: there is none to go on with");
  }
  if (temperature_ == 0) return static_cast<std::int64_t>(largest.index);

  softmax(logits, temperature_);
  for (const auto& filter : filters_) filter->apply(logits, random_);
  return pick(logits, uniform(random_));
}

}  // namespace minillama
