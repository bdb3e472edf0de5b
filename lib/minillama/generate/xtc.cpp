#include "minillama/generate/xtc.h"

#include <cstddef>

#include <fmt/format.h>

#include "minillama/generate/distribution.h"
#include "minillama/generate/uniform.h"

namespace minillama {
namespace {

class Xtc : public DistributionFilter {
 public:
  Xtc(double probability, double threshold) : probability_(probability), threshold_(threshold) {}

  void apply(std::span<float> probabilities, std::mt19937_64& random) override {
    if (uniform(random) >= probability_) return;
    std::size_t n_choices = 0, least = 0;
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
      if (probabilities[i] < threshold_) continue;
      if (n_choices == 0 || probabilities[i] <= probabilities[least]) least = i;
      ++n_choices;
    }
    if (n_choices < 2) return;
    const float kept = probabilities[least];
    for (auto& p : probabilities) p = p < threshold_ ? p : 0;
    probabilities[least] = kept;
    scale_to_one(probabilities);
  }

  std::unique_ptr<DistributionFilter> clone() const override {
    return std::make_unique<Xtc>(*this);
  }
  std::string settings() const override {
    return fmt::format("{} (threshold {})", probability_, threshold_);
  }

 private:
  double probability_;
  double threshold_;
};

}  // namespace

std::unique_ptr<DistributionFilter> make_xtc(const GenerationOptions& options) {
  if (options.xtc_probability == 0) return nullptr;
  return std::make_unique<Xtc>(options.xtc_probability, options.xtc_threshold);
}

}  // namespace minillama
