#include "minillama/eval/ngrams.h"

#include <limits>
#include <set>

#include "minillama/core/require.h"

namespace minillama {
namespace {

std::size_t n_ngrams(std::span<const std::int64_t> text, std::size_t n) {
  return text.size() < n ? 0 : text.size() - n + 1;
}

}  // namespace

NgramCounts ngram_counts(std::span<const std::int64_t> text, std::size_t n) {
  require(n >= 1, "the n of n-grams", n, "be at least 1");
  NgramCounts counts;
  for (std::size_t i = 0; i < n_ngrams(text, n); ++i) {
    const auto ngram = text.subspan(i, n);
    ++counts[TokenIds(ngram.begin(), ngram.end())];
  }
  return counts;
}

double distinct_ngrams(std::span<const TokenIds> texts, std::size_t n) {
  std::set<TokenIds> different;
  std::size_t all = 0;
  for (const auto& text : texts) {
    for (const auto& [ngram, count] : ngram_counts(text, n)) {
      different.insert(ngram);
      all += count;
    }
  }
  if (all == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(different.size()) / static_cast<double>(all);
}

RepeatedNgrams repeated_ngrams(std::span<const std::int64_t> text, std::size_t n) {
  const auto all = n_ngrams(text, n);
  return {.repeated = all - ngram_counts(text, n).size(), .all = all};
}

}  // namespace minillama
