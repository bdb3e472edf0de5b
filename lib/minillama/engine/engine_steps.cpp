#include "minillama/engine/engine_steps.h"

namespace minillama {

EngineSteps::EngineSteps(const Weights& model, const EngineBuffers& buffers,
                         std::span<const EngineToken> tokens, std::size_t parts,
                         EngineOutputs outputs)
    : taken_(parts) {
  using Kind = EngineStep::Kind;
  steps_.reserve(6 * model.layers.size() + 5);
  steps_.push_back({Kind::embed, 0});
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
    const bool is_top = layer + 1 == model.layers.size();
    if (is_top && buffers.wanted.size() < tokens.size()) {
      for (const auto kind : {Kind::keys_and_values, Kind::store, Kind::keep_wanted}) {
        steps_.push_back({kind, layer});
      }
      first_of_wanted_ = steps_.size();
      if (buffers.wanted.empty()) return;
    }
    for (const auto kind : {Kind::project, Kind::rotate, Kind::attend, Kind::attention_output,
                            Kind::gate, Kind::feed_forward_output}) {
      steps_.push_back({kind, layer});
    }
  }
  if (outputs.states) steps_.push_back({Kind::norm, 0});
  if (outputs.logits) steps_.push_back({Kind::head, 0});
  if (first_of_wanted_ == 0) first_of_wanted_ = steps_.size();
}

bool EngineSteps::take(std::size_t step, std::size_t part) {
  if (taken_.size() == 1) return true;
  auto& taken = taken_[part].steps;
  std::size_t expected = step;
  return taken.load(std::memory_order_relaxed) == step &&
         taken.compare_exchange_strong(expected, step + 1);
}

void EngineSteps::finish(std::size_t step) {
  if (taken_.size() == 1) return complete_.set_alone(static_cast<std::uint32_t>(step + 1));
  const auto done = ++done_;
  if (done == (step + 1) * taken_.size()) complete_.store(static_cast<std::uint32_t>(step + 1));
}

}  // namespace minillama
