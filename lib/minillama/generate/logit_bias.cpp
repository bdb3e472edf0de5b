#include "minillama/generate/logit_bias.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

namespace minillama {
namespace {

class LogitBiases : public LogitsProcessor {
 public:
  explicit LogitBiases(std::vector<LogitBias> biases) : biases_(std::move(biases)) {}

  void apply(std::span<float> logits, const History& /*history*/) override {
    for (const auto& [token, bias] : biases_) {
      if (float* logit = find_logit(logits, token)) *logit += static_cast<float>(bias);
    }
  }

  std::unique_ptr<LogitsProcessor> clone() const override {
    return std::make_unique<LogitBiases>(*this);
  }
  std::string settings() const override { return fmt::format("of {} tokens", biases_.size()); }

 private:
  std::vector<LogitBias> biases_;
};

}  // namespace

std::unique_ptr<LogitsProcessor> make_logit_bias(const GenerationOptions& options) {
  if (options.logit_bias.empty()) return nullptr;
  return std::make_unique<LogitBiases>(options.logit_bias);
}

}  // namespace minillama
