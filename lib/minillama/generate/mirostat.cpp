#include "minillama/generate/mirostat.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "minillama/generate/distribution.h"
#include "minillama/generate/filters.h"

namespace minillama {
namespace {

class Mirostat : public DistributionFilter {
 public:
  Mirostat(double target, double rate) : target_(target), rate_(rate), mu_(2 * target) {}

  void apply(std::span<float> probabilities, std::mt19937_64& /*random*/) override {
    const double least = std::exp2(-mu_);
    const auto best = most_probable(probabilities);
    kept_.clear();
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
      const auto token = static_cast<std::int64_t>(i);
      if (probabilities[i] >= least || token == best) kept_.push_back({token, probabilities[i]});
    }
    drop_below(probabilities, least);
  }

  void accept(std::int64_t token) override {
    const auto chosen = std::ranges::lower_bound(kept_, token, {}, &Kept::token);
    if (chosen == kept_.end() || chosen->token != token) return;
    mu_ -= rate_ * (-std::log2(chosen->probability) - target_);
  }

  std::unique_ptr<DistributionFilter> clone() const override {
    return std::make_unique<Mirostat>(*this);
  }
  std::string settings() const override { return fmt::format("{} (rate {})", target_, rate_); }

 private:
  struct Kept {
    std::int64_t token;
    double probability;  // before others were dropped
  };

  double target_;
  double rate_;
  double mu_;
  std::vector<Kept> kept_;  // by the latest apply(), in the order of their ids
};

}  // namespace

std::unique_ptr<DistributionFilter> make_mirostat(const GenerationOptions& options) {
  if (options.mirostat == 0) return nullptr;
  return std::make_unique<Mirostat>(options.mirostat, options.mirostat_rate);
}

}  // namespace minillama
