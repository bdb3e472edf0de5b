#include "minillama/generate/generate.h"

#include <algorithm>
#include <utility>

namespace minillama {
namespace {

/// A decoder for prompts of at most `longest` tokens and what is to be written behind them.
DecoderSize suitable_size(std::size_t prompts, std::int64_t longest, const ModelConfig& config,
                          const GenerationOptions& options) {
  const std::int64_t context = config.max_seq_len;
  return {
      .sequences = std::min(prompts, static_cast<std::size_t>(options.batch_size)),
      .capacity = longest + std::min(context - std::min(context, longest), options.max_new_tokens)};
}

}  // namespace

Generation generate(const DecoderSource& model, std::span<const std::int64_t> prompt,
                    const GenerationOptions& options, std::span<const std::int64_t> stop_ids,
                    const std::function<bool(std::int64_t)>& on_token) {
  return generate_all(model,
                      {{.prompt = {prompt.begin(), prompt.end()},
                        .options = options,
                        .stop_ids = {stop_ids.begin(), stop_ids.end()},
                        .on_token = on_token}},
                      options)
      .front();
}

std::vector<Generation> generate_batch(const DecoderSource& model, const Prompts& prompts,
                                       const GenerationOptions& options,
                                       std::span<const std::int64_t> stop_ids) {
  std::vector<GenerationRequest> requests;
  for (const auto& prompt : prompts) {
    GenerationRequest request{
        .prompt = prompt, .options = options, .stop_ids = {stop_ids.begin(), stop_ids.end()}};
    request.options.seed += requests.size();
    requests.push_back(std::move(request));
  }
  return generate_all(model, std::move(requests), options);
}

std::vector<Generation> generate_all(const DecoderSource& model,
                                     std::vector<GenerationRequest> requests,
                                     const GenerationOptions& options) {
  options.validate();
  std::int64_t longest = 0;
  for (const auto& request : requests) {
    check_prompt(request.prompt, model.config, options);
    longest = std::max(longest, std::ssize(request.prompt));
  }
  std::vector<Generation> results(requests.size());
  if (requests.empty()) return results;

  Scheduler scheduler(model, options,
                      suitable_size(requests.size(), longest, model.config, options));
  for (std::size_t i = 0; i < requests.size(); ++i) {
    scheduler.submit(std::move(requests[i]), [&result = results[i]](Generation generation) {
      result = std::move(generation);
    });
  }
  while (scheduler.step()) {
  }
  return results;
}

}  // namespace minillama
