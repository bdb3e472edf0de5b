#include "minillama/generate/generate.h"

#include <algorithm>

#include "minillama/generate/scheduler.h"

namespace minillama {
namespace {

using OnToken = std::function<bool(std::int64_t)>;

/// A decoder for prompts of at most `longest` tokens and what is to be written behind them.
DecoderSize suitable_size(std::size_t prompts, std::int64_t longest, const ModelConfig& config,
                          const GenerationOptions& options) {
  const std::int64_t context = config.max_seq_len;
  return {
      .sequences = std::min(prompts, static_cast<std::size_t>(options.batch_size)),
      .capacity = longest + std::min(context - std::min(context, longest), options.max_new_tokens)};
}

/// Continues the prompts, the i-th with the seed options.seed + i.
std::vector<Generation> generate_all(const DecoderSource& model,
                                     std::span<const std::span<const std::int64_t>> prompts,
                                     const GenerationOptions& options,
                                     std::span<const std::int64_t> stop_ids,
                                     const OnToken& on_token) {
  options.validate();
  std::int64_t longest = 0;
  for (const auto& prompt : prompts) {
    check_prompt(prompt, model.config, options);
    longest = std::max(longest, std::ssize(prompt));
  }
  std::vector<Generation> results(prompts.size());
  if (prompts.empty()) return results;

  Scheduler scheduler(model, options,
                      suitable_size(prompts.size(), longest, model.config, options));
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    GenerationRequest request{.prompt = {prompts[i].begin(), prompts[i].end()},
                              .options = options,
                              .stop_ids = {stop_ids.begin(), stop_ids.end()},
                              .on_token = on_token};
    request.options.seed += i;
    scheduler.submit(std::move(request), [&result = results[i]](Generation generation) {
      result = std::move(generation);
    });
  }
  while (scheduler.step()) {
  }
  return results;
}

}  // namespace

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
