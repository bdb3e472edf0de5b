#include "minillama/generate/generate.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include <fmt/format.h>

#include "minillama/core/require.h"
#include "minillama/generate/sampler.h"

namespace minillama {
namespace {

using Clock = std::chrono::steady_clock;
using OnToken = std::function<bool(std::int64_t)>;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// One prompt on its way.
class Continued {
 public:
  Continued(std::span<const std::int64_t> prompt, const GenerationOptions& options,
            Generation& result)
      : options_(options),
        sampler_(options),
        result_(result),
        history_(prompt.begin(), prompt.end()),
        prompt_(prompt.size()),
        pending_(history_) {}

  /// What the decoder has not seen.
  std::span<const std::int64_t> pending() const { return pending_; }

  /// Takes the logits behind that. False if the text ends here.
  bool go_on(std::span<float> logits, std::int64_t context, std::span<const std::int64_t> stop_ids,
             const OnToken& on_token) {
    if (result_.ids.empty()) result_.prompt_seconds = seconds_since(start_);
    const bool goes_on = choose(logits, context, stop_ids, on_token);
    result_.decode_seconds = seconds_since(start_) - result_.prompt_seconds;
    return goes_on;
  }

 private:
  bool choose(std::span<float> logits, std::int64_t context, std::span<const std::int64_t> stop_ids,
              const OnToken& on_token) {
    // Padding of the vocabulary is at its end.
    const auto n = static_cast<std::size_t>(options_.vocabulary);
    const auto latest = sampler_.next(n > 0 && n < logits.size() ? logits.first(n) : logits,
                                      {.tokens = history_, .prompt = prompt_});
    if (options_.stop_at_end && std::ranges::find(stop_ids, latest) != stop_ids.end()) {
      result_.stop = StopReason::end_of_text;
      return false;
    }
    result_.ids.push_back(latest);
    history_.push_back(latest);
    if (on_token && !on_token(latest)) {
      result_.stop = StopReason::callback;
      return false;
    }
    if (std::ssize(result_.ids) == options_.max_new_tokens) return false;
    if (std::ssize(history_) > context && !options_.crop_context) {
      result_.stop = StopReason::context_full;
      return false;
    }
    pending_ = std::span(history_).last(1);
    return true;
  }

  GenerationOptions options_;
  Sampler sampler_;
  Generation& result_;
  std::vector<std::int64_t> history_;
  std::size_t prompt_;  // how much of it is the prompt
  std::span<const std::int64_t> pending_;
  Clock::time_point start_ = Clock::now();
};

/// Continues the prompts; each decoder sequence takes the next prompt when it is done with one.
std::vector<Generation> generate_all(const DecoderSource& model,
                                     std::span<const std::span<const std::int64_t>> prompts,
                                     const GenerationOptions& options,
                                     std::span<const std::int64_t> stop_ids,
                                     const OnToken& on_token) {
  options.validate();
  const std::int64_t context = model.config.max_seq_len;
  std::int64_t longest = 0;
  for (const auto& prompt : prompts) {
    check_prompt(prompt, model.config, options);
    longest = std::max(longest, std::ssize(prompt));
  }
  std::vector<Generation> results(prompts.size());
  if (prompts.empty() || options.max_new_tokens == 0) return results;

  const auto at_once = std::min(prompts.size(), static_cast<std::size_t>(options.batch_size));
  const std::int64_t room = std::min(context - std::min(context, longest), options.max_new_tokens);
  const auto decoder = model.make(options, {.sequences = at_once, .capacity = longest + room});
  std::vector<std::optional<Continued>> sequences(at_once);
  std::size_t started = 0;
  std::vector<Continuation> continuations;
  continuations.reserve(at_once);
  while (true) {
    continuations.clear();
    for (std::size_t i = 0; i < at_once; ++i) {
      if (!sequences[i] && started < prompts.size()) {
        auto own_options = options;
        own_options.seed += started;
        sequences[i].emplace(prompts[started], own_options, results[started]);
        ++started;
      }
      if (sequences[i]) continuations.push_back({i, sequences[i]->pending()});
    }
    if (continuations.empty()) return results;
    decoder->append(continuations);
    for (std::size_t i = 0; i < continuations.size(); ++i) {
      const std::size_t sequence = continuations[i].sequence;
      if (sequences[sequence]->go_on(decoder->logits(i), context, stop_ids, on_token)) continue;
      sequences[sequence].reset();
      decoder->restart(sequence);
    }
  }
}

}  // namespace

void check_prompt(std::span<const std::int64_t> prompt, const ModelConfig& config,
                  const GenerationOptions& options) {
  if (prompt.empty()) throw OptionError("the prompt has no tokens");
  for (const auto id : prompt) {
    require_below(id, "a token id of the prompt", config.vocab_size);
  }
  if (std::ssize(prompt) > config.max_seq_len && !options.crop_context) {
    throw OptionError(fmt::format("the prompt has {} tokens, the model's context {}", prompt.size(),
                                  config.max_seq_len));
  }
}

Generation generate(const DecoderSource& model, std::span<const std::int64_t> prompt,
                    const GenerationOptions& options, std::span<const std::int64_t> stop_ids,
                    const OnToken& on_token) {
  return generate_all(model, {&prompt, 1}, options, stop_ids, on_token).front();
}

std::vector<Generation> generate_batch(const DecoderSource& model, const Prompts& prompts,
                                       const GenerationOptions& options,
                                       std::span<const std::int64_t> stop_ids) {
  const std::vector<std::span<const std::int64_t>> spans(prompts.begin(), prompts.end());
  return generate_all(model, spans, options, stop_ids, {});
}

}  // namespace minillama
