#include "minillama/generate/decode.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "minillama/core/require.h"
#include "minillama/generate/beam_search.h"
#include "minillama/generate/contrastive_search.h"
#include "minillama/generate/decoding_strategy.h"
#include "minillama/generate/guidance.h"
#include "minillama/generate/sampling.h"
#include "minillama/generate/speculative.h"

namespace minillama {
namespace {

/// The first one is for whoever asks for none.
constexpr DecodingStrategy kStrategies[] = {
    {"sampling", [](const DecodingOptions&) { return false; }, check_sampling, sample},
    {"speculative decoding", is_speculative, check_speculative, sample},
    {"beam search", [](const DecodingOptions& d) { return d.num_beams != 0; }, check_beam_search,
     beam_search},
    {"contrastive search", [](const DecodingOptions& d) { return d.penalty_alpha != 0; },
     check_contrastive_search, contrastive_search},
};

const DecodingStrategy& chosen(const DecodingOptions& decoding) {
  const auto* found = std::ranges::find_if(
      kStrategies, [&](const auto& strategy) { return strategy.is_asked(decoding); });
  return found == std::end(kStrategies) ? kStrategies[0] : *found;
}

}  // namespace

void DecodingOptions::validate(const GenerationOptions& options, const ModelConfig& config) const {
  options.validate();
  require(continuations >= 1 && continuations <= 1024, "continuations", continuations,
          "lie between 1 and 1024");
  const auto& strategy = chosen(*this);
  for (const auto& other : kStrategies) {
    if (&other == &strategy || !other.is_asked(*this)) continue;
    throw OptionError(fmt::format("{} does not go with {}: each chooses the tokens in its own way",
                                  strategy.name, other.name));
  }
  if (options.logprobs && strategy.run != sample) {
    throw OptionError(fmt::format("logprobs are those of samples: {} has none", strategy.name));
  }
  strategy.check(*this, options, config);
  check_guidance(*this, config);
}

std::string_view strategy_of(const DecodingOptions& decoding) {
  return chosen(decoding).name;
}

std::vector<std::vector<Generation>> decode(const DecoderSource& model, const Prompts& prompts,
                                            const GenerationOptions& options,
                                            const DecodingOptions& decoding,
                                            std::span<const std::int64_t> stop_ids,
                                            const std::function<bool(std::int64_t)>& on_token) {
  decoding.validate(options, model.config);
  for (const auto& prompt : prompts) check_prompt(prompt, model.config, options);
  check_ids(options, model.config);
  const auto run = chosen(decoding).run;
  if (decoding.guidance == 1) {
    return run({model, prompts, options, decoding, stop_ids, on_token});
  }
  // The other prompt takes the place of this one: each prompt has a model of its own.
  std::vector<std::vector<Generation>> all;
  auto own = options;
  for (const auto& prompt : prompts) {
    const auto source = guided(model, decoding, prompt.size());
    const Prompts one{prompt};
    all.push_back(run({source, one, own, decoding, stop_ids, on_token}).front());
    own.seed += static_cast<std::uint64_t>(decoding.continuations);
  }
  return all;
}

}  // namespace minillama
