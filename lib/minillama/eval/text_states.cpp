#include "minillama/eval/text_states.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "minillama/eval/likelihood_batches.h"

namespace minillama {

std::vector<float> last_states(const DecoderSource& model, std::span<const TokenIds> sequences) {
  require_scorable(model, sequences);
  const auto dim = static_cast<std::size_t>(model.config.dim);
  std::vector<float> states(sequences.size() * dim);
  for_each_batch(model, sequences, [&](const std::vector<std::size_t>& batch) {
    const auto decoder = model.make(
        {}, {.sequences = batch.size(), .capacity = std::ssize(sequences[batch.front()])});
    std::vector<Continuation> whole;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      whole.push_back({.sequence = i, .ids = sequences[batch[i]], .n_logits = 0, .n_states = 1});
    }
    decoder->append(whole);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      std::ranges::copy(decoder->states(i),
                        states.begin() + static_cast<std::ptrdiff_t>(batch[i] * dim));
    }
  });
  return states;
}

}  // namespace minillama
