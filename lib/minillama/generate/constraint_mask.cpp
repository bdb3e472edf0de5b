#include "minillama/generate/constraint_mask.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/grammar/constraint.h"

namespace minillama {
namespace {

constexpr float kRuledOut = -std::numeric_limits<float>::infinity();

class ConstraintMask : public LogitsProcessor {
 public:
  explicit ConstraintMask(std::shared_ptr<const Constraint> constraint)
      : constraint_(std::move(constraint)) {}

  void apply(std::span<float> logits, const History& history) override {
    if (!place_) begin(history);
    const bool may_end = constraint_->may_end(*place_);
    std::vector<std::pair<std::int64_t, float>> ends;
    for (const auto id : history.stop_ids) {
      const float* logit = find_logit(logits, id);
      if (logit != nullptr) ends.emplace_back(id, may_end ? *logit : kRuledOut);
    }
    keep(*constraint_->allowed(*place_, history.left), logits);
    for (const auto& [id, logit] : ends) *find_logit(logits, id) = logit;
  }

  void accept(std::int64_t token) override {
    if (place_) place_ = constraint_->behind(*place_, token);
  }

  bool is_at_end() const override {
    return place_ && constraint_->may_end(*place_) && !constraint_->goes_on(*place_);
  }

  std::unique_ptr<LogitsProcessor> clone() const override {
    return std::make_unique<ConstraintMask>(*this);
  }
  std::string settings() const override {
    return fmt::format("whose shortest text has {} tokens", constraint_->shortest());
  }

 private:
  /// At the first token of the sequence.
  void begin(const History& history) {
    if (history.stop_ids.empty()) {
      throw OptionError("a constraint needs a token that ends a text, and the model has none");
    }
    place_ = constraint_->begin(history.tokens.first(history.prompt));
    for (const auto token : history.generated()) accept(token);
    const auto shortest = constraint_->shortest(*place_);
    if (shortest > history.left) {
      throw OptionError(
          fmt::format("there is room for {} tokens; the shortest text that the constraint allows "
                      "has {}",
                      history.left, shortest));
    }
  }

  static void keep(const std::vector<std::uint64_t>& allowed, std::span<float> logits) {
    constexpr std::size_t kBits = 64;
    for (std::size_t word = 0; word * kBits < logits.size(); ++word) {
      const auto part = logits.subspan(word * kBits, std::min(kBits, logits.size() - word * kBits));
      const auto bits = word < allowed.size() ? allowed[word] : 0;
      if (bits == 0) {
        std::ranges::fill(part, kRuledOut);
      } else if (bits != ~std::uint64_t{0}) {
        for (std::size_t i = 0; i < part.size(); ++i) {
          if ((bits >> i & 1) == 0) part[i] = kRuledOut;
        }
      }
    }
  }

  std::shared_ptr<const Constraint> constraint_;
  std::optional<Constraint::Place> place_;  // none before the first token
};

}  // namespace

std::unique_ptr<LogitsProcessor> make_constraint_mask(const GenerationOptions& options) {
  if (!options.constraint) return nullptr;
  return std::make_unique<ConstraintMask>(options.constraint);
}

}  // namespace minillama
