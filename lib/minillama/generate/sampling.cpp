#include "minillama/generate/sampling.h"

#include "minillama/core/require.h"
#include "minillama/generate/speculative.h"

namespace minillama {

void check_sampling(const DecodingOptions& decoding, const GenerationOptions& options,
                    const ModelConfig& /*config*/) {
  if (decoding.continuations > 1 && options.temperature == 0) {
    throw OptionError(fmt::format("{} continuations at temperature 0 would be the same one",
                                  decoding.continuations));
  }
}

std::vector<std::vector<Generation>> sample(const DecodingTask& task) {
  const auto n = static_cast<std::size_t>(task.decoding.continuations);
  std::vector<GenerationRequest> requests;
  for (const auto& prompt : task.prompts) {
    for (std::size_t j = 0; j < n; ++j) {
      GenerationRequest request{.prompt = prompt,
                                .options = task.options,
                                .stop_ids = {task.stop_ids.begin(), task.stop_ids.end()},
                                .keeps_prefix = n > 1,
                                .drafter = make_drafter(task, prompt.size())};
      if (task.prompts.size() == 1 && n == 1) request.on_token = task.on_token;
      request.options.seed += requests.size();
      requests.push_back(std::move(request));
    }
  }
  auto generations = generate_all(task.model, std::move(requests), task.options);
  std::vector<std::vector<Generation>> all(task.prompts.size());
  for (std::size_t i = 0; i < generations.size(); ++i) {
    all[i / n].push_back(std::move(generations[i]));
  }
  return all;
}

}  // namespace minillama
