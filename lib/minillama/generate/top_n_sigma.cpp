#include "minillama/generate/top_n_sigma.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "minillama/generate/distribution.h"
#include "minillama/generate/filters.h"

namespace minillama {
namespace {

constexpr float kRuledOut = -std::numeric_limits<float>::infinity();

class TopNSigma : public LogitsProcessor {
 public:
  explicit TopNSigma(double n) : n_(n) {}

  void apply(std::span<float> logits, const History& /*history*/) override {
    const double n_logits = sum_of(logits, [](float x) { return x == kRuledOut ? 0.0 : 1.0; });
    if (n_logits == 0) return;
    const double mean =
        sum_of(logits, [](float x) { return x == kRuledOut ? 0.0F : x; }) / n_logits;
    const double squares = sum_of(logits, [mean](float x) {
      const double deviation = x - mean;
      return x == kRuledOut ? 0.0 : deviation * deviation;
    });
    const double sigma = std::sqrt(squares / n_logits);
    const double most = logits[static_cast<std::size_t>(most_probable(logits))];
    // Written so that NaN stays: the sampler looks for it.
    for (auto& x : logits) x = x < most - n_ * sigma ? kRuledOut : x;
  }

  std::unique_ptr<LogitsProcessor> clone() const override {
    return std::make_unique<TopNSigma>(*this);
  }
  std::string settings() const override { return fmt::format("{}", n_); }

 private:
  double n_;
};

}  // namespace

std::unique_ptr<LogitsProcessor> make_top_n_sigma(const GenerationOptions& options) {
  if (options.top_n_sigma == 0) return nullptr;
  return std::make_unique<TopNSigma>(options.top_n_sigma);
}

}  // namespace minillama
