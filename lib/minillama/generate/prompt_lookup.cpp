#include "minillama/generate/prompt_lookup.h"

#include <algorithm>
#include <span>

#include "minillama/core/require.h"

namespace minillama {
namespace {

/// Fewer tokens than this come again by chance.
constexpr std::size_t kShortest = 2;
/// More tokens than this say no more.
constexpr std::size_t kLongest = 16;

class PromptLookup : public Drafter {
 public:
  explicit PromptLookup(std::size_t tokens) : tokens_(tokens) {
    require(tokens >= 1, "the tokens of prompt look-up", tokens, "be at least 1");
  }

  std::vector<std::int64_t> guess(const History& history, const Sampler& /*sampler*/,
                                  std::size_t most) override {
    const auto known = history.tokens;
    const auto [length, next] = longest_repetition(known);
    std::vector<std::int64_t> guesses;
    for (std::size_t i = 0; i < std::min({tokens_, most, length}); ++i) {
      const auto at = next + i;
      guesses.push_back(at < known.size() ? known[at] : guesses[at - known.size()]);
    }
    return guesses;
  }

 private:
  struct Repetition {
    std::size_t length = 0;  // 0 if there is none
    std::size_t end = 0;     // the place behind it
  };

  /// What the end repeats.
  static Repetition longest_repetition(std::span<const std::int64_t> known) {
    Repetition longest;
    for (std::size_t end = known.size() - 1; end >= kShortest && longest.length < kLongest; --end) {
      const std::size_t at_most = std::min(end, kLongest);
      std::size_t length = 0;
      while (length < at_most && known[end - 1 - length] == known[known.size() - 1 - length]) {
        ++length;
      }
      if (length >= kShortest && length > longest.length) longest = {length, end};
    }
    return longest;
  }

  std::size_t tokens_;
};

}  // namespace

std::unique_ptr<Drafter> make_prompt_lookup(std::size_t tokens) {
  return std::make_unique<PromptLookup>(tokens);
}

}  // namespace minillama
