#include "minillama/generate/logits_processor.h"

#include "minillama/generate/repetition_penalty.h"

namespace minillama {
namespace {

/// Makes a processor, or null if the options do not ask for it.
using MakeProcessor = std::unique_ptr<LogitsProcessor> (*)(const GenerationOptions& options);

constexpr MakeProcessor kProcessors[] = {
    make_repetition_penalty,
};

}  // namespace

std::vector<std::unique_ptr<LogitsProcessor>> make_processors(const GenerationOptions& options) {
  std::vector<std::unique_ptr<LogitsProcessor>> processors;
  for (const auto make : kProcessors) {
    if (auto processor = make(options)) processors.push_back(std::move(processor));
  }
  return processors;
}

}  // namespace minillama
