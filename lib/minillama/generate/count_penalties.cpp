#include "minillama/generate/count_penalties.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace minillama {
namespace {

class CountPenalties : public LogitsProcessor {
 public:
  CountPenalties(double presence, double frequency) : presence_(presence), frequency_(frequency) {}

  void apply(std::span<float> logits, const History& history) override {
    const auto written = history.generated();
    sorted_.assign(written.begin(), written.end());
    std::ranges::sort(sorted_);
    for (auto first = sorted_.begin(); first != sorted_.end();) {
      const auto next = std::upper_bound(first, sorted_.end(), *first);
      const double penalty = presence_ + frequency_ * static_cast<double>(next - first);
      if (float* logit = find_logit(logits, *first)) *logit -= static_cast<float>(penalty);
      first = next;
    }
  }

  std::unique_ptr<LogitsProcessor> clone() const override {
    return std::make_unique<CountPenalties>(*this);
  }
  std::string settings() const override { return fmt::format("{} and {}", presence_, frequency_); }

 private:
  double presence_;
  double frequency_;
  std::vector<std::int64_t> sorted_;
};

}  // namespace

std::unique_ptr<LogitsProcessor> make_count_penalties(const GenerationOptions& options) {
  if (options.presence_penalty == 0 && options.frequency_penalty == 0) return nullptr;
  return std::make_unique<CountPenalties>(options.presence_penalty, options.frequency_penalty);
}

}  // namespace minillama
