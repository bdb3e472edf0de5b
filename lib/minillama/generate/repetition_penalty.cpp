#include "minillama/generate/repetition_penalty.h"

#include <algorithm>

#include <fmt/format.h>

namespace minillama {
namespace {

class RepetitionPenalty : public LogitsProcessor {
 public:
  explicit RepetitionPenalty(double penalty) : penalty_(penalty) {}

  void apply(std::span<float> logits, const History& history) override {
    seen_.assign(history.tokens.begin(), history.tokens.end());
    std::ranges::sort(seen_);
    const auto repeated = std::ranges::unique(seen_);
    seen_.erase(repeated.begin(), repeated.end());
    const auto penalty = static_cast<float>(penalty_);
    for (const auto token : seen_) {
      float* logit = find_logit(logits, token);
      if (logit != nullptr) *logit = *logit > 0 ? *logit / penalty : *logit * penalty;
    }
  }

  std::unique_ptr<LogitsProcessor> clone() const override {
    return std::make_unique<RepetitionPenalty>(*this);
  }
  std::string settings() const override { return fmt::format("{}", penalty_); }

 private:
  double penalty_;
  std::vector<std::int64_t> seen_;
};

}  // namespace

std::unique_ptr<LogitsProcessor> make_repetition_penalty(const GenerationOptions& options) {
  if (options.repetition_penalty == 1) return nullptr;
  return std::make_unique<RepetitionPenalty>(options.repetition_penalty);
}

}  // namespace minillama
