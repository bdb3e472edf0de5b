#include "minillama/generate/generate.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/generate/decoder.h"
#include "minillama/generate/sampler.h"

namespace minillama {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

void check_prompt(std::span<const std::int64_t> prompt, const ModelConfig& config,
                  const GenerationOptions& options) {
  if (prompt.empty()) throw OptionError("the prompt has no tokens");
  if (std::ssize(prompt) > config.max_seq_len && !options.crop_context) {
    throw OptionError(fmt::format("the prompt has {} tokens, the model's context {}", prompt.size(),
                                  config.max_seq_len));
  }
}

Generation generate(LanguageModel& model, std::span<const std::int64_t> prompt,
                    const GenerationOptions& options, std::span<const std::int64_t> stop_ids,
                    const std::function<bool(std::int64_t)>& on_token) {
  Sampler sampler(options);
  const std::int64_t context = model->config().max_seq_len;
  check_prompt(prompt, model->config(), options);
  Generation result;
  if (options.max_new_tokens == 0) return result;

  std::int64_t length = std::ssize(prompt);
  const auto start = Clock::now();
  const auto capacity = std::min(context, length + options.max_new_tokens);
  const auto decoder = make_decoder(model, options, capacity);
  auto logits = decoder->append(prompt);
  result.prompt_seconds = seconds_since(start);

  while (true) {
    const std::int64_t id = sampler.next(logits);
    if (options.stop_at_end && std::ranges::find(stop_ids, id) != stop_ids.end()) {
      result.stop = StopReason::end_of_text;
      break;
    }
    result.ids.push_back(id);
    if (on_token && !on_token(id)) {
      result.stop = StopReason::callback;
      break;
    }
    if (std::ssize(result.ids) == options.max_new_tokens) break;
    if (++length > context && !options.crop_context) {
      result.stop = StopReason::context_full;
      break;
    }
    logits = decoder->append({&id, 1});
  }
  result.decode_seconds = seconds_since(start) - result.prompt_seconds;
  return result;
}

}  // namespace minillama
