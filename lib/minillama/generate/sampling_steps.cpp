#include "minillama/generate/sampling_steps.h"

#include <string_view>

#include <fmt/format.h>

#include "minillama/generate/banned_sequences.h"
#include "minillama/generate/constraint_mask.h"
#include "minillama/generate/count_penalties.h"
#include "minillama/generate/dry.h"
#include "minillama/generate/eta.h"
#include "minillama/generate/filters.h"
#include "minillama/generate/logit_bias.h"
#include "minillama/generate/min_new_tokens.h"
#include "minillama/generate/mirostat.h"
#include "minillama/generate/no_repeat_ngram.h"
#include "minillama/generate/repetition_penalty.h"
#include "minillama/generate/top_n_sigma.h"
#include "minillama/generate/typical.h"
#include "minillama/generate/xtc.h"

namespace minillama {
namespace {

using Options = GenerationOptions;

/// A step that is a T, as its flag calls it; `make` gives null if the options do not ask for it.
template <typename T>
struct Step {
  std::string_view name;
  std::unique_ptr<T> (*make)(const Options& options);
};

/// A filter that is a pure function of the probabilities and a number.
template <typename Number>
class PureFilter : public DistributionFilter {
 public:
  using Keep = void (*)(std::span<float> probabilities, Number number);

  PureFilter(Keep keep, Number number) : keep_(keep), number_(number) {}

  void apply(std::span<float> probabilities, std::mt19937_64& /*random*/) override {
    keep_(probabilities, number_);
  }
  std::unique_ptr<DistributionFilter> clone() const override {
    return std::make_unique<PureFilter>(*this);
  }
  std::string settings() const override { return fmt::format("{}", number_); }

 private:
  Keep keep_;
  Number number_;
};

/// Null if the number is `off`.
template <typename Number>
std::unique_ptr<DistributionFilter> pure(void (*keep)(std::span<float>, Number), Number number,
                                         Number off) {
  if (number == off) return nullptr;
  return std::make_unique<PureFilter<Number>>(keep, number);
}

constexpr Step<LogitsProcessor> kProcessors[] = {
    {"logit-bias", make_logit_bias},
    {"repetition-penalty", make_repetition_penalty},
    {"presence-penalty and frequency-penalty", make_count_penalties},
    {"dry-multiplier", make_dry},
    {"no-repeat-ngram", make_no_repeat_ngram},
    {"ban", make_banned_sequences},
    {"min-new-tokens", make_min_new_tokens},
    {"constraint", make_constraint_mask},
    {"top-n-sigma", make_top_n_sigma},
};

constexpr std::string_view kTemperature = "temp";

constexpr Step<DistributionFilter> kFilters[] = {
    {"top-k", [](const Options& o) { return pure(keep_top_k, o.top_k, std::int64_t{0}); }},
    {"top-p", [](const Options& o) { return pure(keep_top_p, o.top_p, 1.0); }},
    {"min-p", [](const Options& o) { return pure(keep_min_p, o.min_p, 0.0); }},
    {"typical-p", [](const Options& o) { return pure(keep_typical, o.typical_p, 1.0); }},
    {"epsilon", [](const Options& o) { return pure(keep_epsilon, o.epsilon, 0.0); }},
    {"eta", [](const Options& o) { return pure(keep_eta, o.eta, 0.0); }},
    {"xtc-probability", make_xtc},
    {"mirostat", make_mirostat},
};

template <typename T>
std::vector<std::unique_ptr<T>> make_all(std::span<const Step<T>> steps, const Options& options) {
  std::vector<std::unique_ptr<T>> made;
  for (const auto& step : steps) {
    if (auto one = step.make(options)) made.push_back(std::move(one));
  }
  return made;
}

template <typename T>
void describe(std::span<const Step<T>> steps, const Options& options,
              std::vector<std::string>& words) {
  for (const auto& step : steps) {
    const auto made = step.make(options);
    if (made) words.push_back(fmt::format("{} {}", step.name, made->settings()));
  }
}

}  // namespace

std::vector<std::unique_ptr<LogitsProcessor>> make_processors(const Options& options) {
  return make_all<LogitsProcessor>(kProcessors, options);
}

std::vector<std::unique_ptr<DistributionFilter>> make_filters(const Options& options) {
  return make_all<DistributionFilter>(kFilters, options);
}

std::vector<std::string> sampling_steps() {
  std::vector<std::string> names;
  for (const auto& step : kProcessors) names.emplace_back(step.name);
  names.emplace_back(kTemperature);
  for (const auto& step : kFilters) names.emplace_back(step.name);
  return names;
}

std::vector<std::string> sampling_steps(const Options& options) {
  std::vector<std::string> words;
  describe<LogitsProcessor>(kProcessors, options, words);
  words.push_back(fmt::format("{} {}", kTemperature, options.temperature));
  if (options.temperature > 0) describe<DistributionFilter>(kFilters, options, words);
  return words;
}

}  // namespace minillama
