#include "minillama/generate/min_new_tokens.h"

#include <utility>

#include <fmt/format.h>

namespace minillama {
namespace {

class MinNewTokens : public LogitsProcessor {
 public:
  explicit MinNewTokens(std::int64_t least) : least_(least) {}

  void apply(std::span<float> logits, const History& history) override {
    if (std::cmp_greater_equal(history.generated().size(), least_)) return;
    for (const auto token : history.stop_ids) rule_out(logits, token);
  }

  std::unique_ptr<LogitsProcessor> clone() const override {
    return std::make_unique<MinNewTokens>(*this);
  }
  std::string settings() const override { return fmt::format("{}", least_); }

 private:
  std::int64_t least_;
};

}  // namespace

std::unique_ptr<LogitsProcessor> make_min_new_tokens(const GenerationOptions& options) {
  if (options.min_new_tokens == 0) return nullptr;
  return std::make_unique<MinNewTokens>(options.min_new_tokens);
}

}  // namespace minillama
