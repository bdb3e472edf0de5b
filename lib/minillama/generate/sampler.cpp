#include "minillama/generate/sampler.h"

#include <algorithm>
#include <limits>

#include "minillama/core/error.h"
#include "minillama/generate/filters.h"
#include "minillama/generate/uniform.h"
#include "minillama/kernels/argmax.h"

namespace minillama {

Sampler::Sampler(const GenerationOptions& options)
    : temperature_(options.temperature),
      vocabulary_(static_cast<std::size_t>(options.vocabulary)),
      random_(options.seed) {
  options.validate();
  processors_ = make_processors(options);
  filters_ = make_filters(options);
}

Sampler::Sampler(const Sampler& other)
    : temperature_(other.temperature_), vocabulary_(other.vocabulary_), random_(other.random_) {
  for (const auto& processor : other.processors_) processors_.push_back(processor->clone());
  for (const auto& filter : other.filters_) filters_.push_back(filter->clone());
}

std::int64_t Sampler::next(std::span<float> logits, const History& history) {
  logits = process(logits, history);
  const auto token = temperature_ == 0 ? most_probable(logits) : draw(logits);
  accept(token);
  return token;
}

std::span<float> Sampler::process(std::span<float> logits, const History& history) {
  if (logits.empty()) throw OptionError("there are no logits to choose a token by");
  // Padding of the vocabulary is at its end.
  if (vocabulary_ > 0) logits = logits.first(std::min(vocabulary_, logits.size()));
  for (const auto& processor : processors_) processor->apply(logits, history);
  const auto largest = kernels::find_largest(kernels::best_isa(), logits.size(), logits.data());
  if (!largest.is_finite) {
    throw InputError("the model's logits are not finite: its weights are broken");
  }
  if (logits[largest.index] == -std::numeric_limits<float>::infinity()) {
    throw OptionError("the options rule out every token: there is none to go on with");
  }
  return logits;
}

void Sampler::accept(std::int64_t token) {
  for (const auto& processor : processors_) processor->accept(token);
  for (const auto& filter : filters_) filter->accept(token);
}

bool Sampler::is_at_end() const {
  return std::ranges::any_of(processors_,
                             [](const auto& processor) { return processor->is_at_end(); });
}

std::int64_t Sampler::draw(std::span<float> logits) {
  softmax(logits, temperature_);
  for (const auto& filter : filters_) filter->apply(logits, random_);
  return pick(logits, uniform(random_));
}

}  // namespace minillama
