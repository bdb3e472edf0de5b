#include "minillama/generate/repetition_penalty.h"

#include <algorithm>

namespace minillama {
namespace {

class RepetitionPenalty : public LogitsProcessor {
 public:
  explicit RepetitionPenalty(float penalty) : penalty_(penalty) {}

  void apply(std::span<float> logits, const History& history) override {
    seen_.assign(history.tokens.begin(), history.tokens.end());
    std::ranges::sort(seen_);
    const auto repeated = std::ranges::unique(seen_);
    seen_.erase(repeated.begin(), repeated.end());
    for (const auto token : seen_) {
      if (static_cast<std::size_t>(token) >= logits.size()) continue;  // a row without a piece
      float& logit = logits[static_cast<std::size_t>(token)];
      logit = logit > 0 ? logit / penalty_ : logit * penalty_;
    }
  }

  std::unique_ptr<LogitsProcessor> clone() const override {
    return std::make_unique<RepetitionPenalty>(*this);
  }

 private:
  float penalty_;
  std::vector<std::int64_t> seen_;
};

}  // namespace

std::unique_ptr<LogitsProcessor> make_repetition_penalty(const GenerationOptions& options) {
  if (options.repetition_penalty == 1) return nullptr;
  return std::make_unique<RepetitionPenalty>(static_cast<float>(options.repetition_penalty));
}

}  // namespace minillama
