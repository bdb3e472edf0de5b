#include "minillama/generate/banned_sequences.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace minillama {
namespace {

class BannedSequences : public LogitsProcessor {
 public:
  explicit BannedSequences(std::vector<std::vector<std::int64_t>> sequences)
      : sequences_(std::move(sequences)) {}

  void apply(std::span<float> logits, const History& history) override {
    for (const auto& sequence : sequences_) {
      const auto front = std::span(sequence).first(sequence.size() - 1);
      if (front.size() > history.tokens.size()) continue;
      if (std::ranges::equal(history.tokens.last(front.size()), front)) {
        rule_out(logits, sequence.back());
      }
    }
  }

  std::unique_ptr<LogitsProcessor> clone() const override {
    return std::make_unique<BannedSequences>(*this);
  }
  std::string settings() const override {
    return fmt::format("of {} sequences of tokens", sequences_.size());
  }

 private:
  std::vector<std::vector<std::int64_t>> sequences_;
};

}  // namespace

std::unique_ptr<LogitsProcessor> make_banned_sequences(const GenerationOptions& options) {
  if (options.banned.empty()) return nullptr;
  return std::make_unique<BannedSequences>(options.banned);
}

}  // namespace minillama
