#include "minillama/generate/no_repeat_ngram.h"

#include <algorithm>

#include <fmt/format.h>

namespace minillama {
namespace {

class NoRepeatNgram : public LogitsProcessor {
 public:
  explicit NoRepeatNgram(std::size_t n) : n_(n) {}

  void apply(std::span<float> logits, const History& history) override {
    const auto tokens = history.tokens;
    if (tokens.size() < n_) return;
    const auto end = tokens.last(n_ - 1);
    for (std::size_t i = 0; i + n_ <= tokens.size(); ++i) {
      if (std::ranges::equal(tokens.subspan(i, n_ - 1), end)) rule_out(logits, tokens[i + n_ - 1]);
    }
  }

  std::unique_ptr<LogitsProcessor> clone() const override {
    return std::make_unique<NoRepeatNgram>(*this);
  }
  std::string settings() const override { return fmt::format("{}", n_); }

 private:
  std::size_t n_;
};

}  // namespace

std::unique_ptr<LogitsProcessor> make_no_repeat_ngram(const GenerationOptions& options) {
  if (options.no_repeat_ngram == 0) return nullptr;
  return std::make_unique<NoRepeatNgram>(static_cast<std::size_t>(options.no_repeat_ngram));
}

}  // namespace minillama
