#include "minillama/eval/self_bleu.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "minillama/core/require.h"
#include "minillama/eval/ngrams.h"

namespace minillama {
namespace {

constexpr std::size_t kLongest = 4;
constexpr double kSmoothing = 0.1;

/// How often an n-gram stands in the text that has it most, and in the one that comes second: which
/// together tell the most of all texts but one.
struct Highest {
  std::size_t text = 0;
  std::size_t count = 0;
  std::size_t second = 0;

  void add(std::size_t of_text, std::size_t n) {
    if (n > count) {
      second = count;
      text = of_text;
      count = n;
    } else {
      second = std::max(second, n);
    }
  }
  std::size_t without(std::size_t of_text) const { return of_text == text ? second : count; }
};

/// log p_n of every text, all n-grams of one length.
std::vector<double> log_precisions(std::span<const TokenIds> texts, std::size_t n) {
  std::vector<NgramCounts> counts;
  std::map<TokenIds, Highest> highest;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    counts.push_back(ngram_counts(texts[i], n));
    for (const auto& [ngram, count] : counts.back()) highest[ngram].add(i, count);
  }
  std::vector<double> logs;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::size_t shared = 0, all = 0;
    for (const auto& [ngram, count] : counts[i]) {
      shared += std::min(count, highest.at(ngram).without(i));
      all += count;
    }
    const double smoothed = shared > 0 ? static_cast<double>(shared) : n > 1 ? kSmoothing : 0;
    logs.push_back(std::log(smoothed / static_cast<double>(std::max<std::size_t>(all, 1))));
  }
  return logs;
}

/// log of BLEU's penalty for a text that is shorter than its references.
double log_brevity(std::span<const TokenIds> texts, std::size_t i) {
  const auto length = std::ssize(texts[i]);
  std::ptrdiff_t nearest = 0, least = PTRDIFF_MAX;
  for (std::size_t k = 0; k < texts.size(); ++k) {
    const auto other = std::ssize(texts[k]);
    const auto distance = std::abs(other - length);
    if (k == i || distance > least || (distance == least && other > nearest)) continue;
    nearest = other;
    least = distance;
  }
  return std::min(0.0, 1 - static_cast<double>(nearest) / static_cast<double>(length));
}

}  // namespace

std::vector<double> self_bleu(std::span<const TokenIds> texts) {
  require(texts.size() >= 2, "the number of texts", texts.size(),
          "be at least 2: each is compared with the others");
  std::array<std::vector<double>, kLongest> logs;
  for (std::size_t n = 1; n <= kLongest; ++n) logs[n - 1] = log_precisions(texts, n);
  std::vector<double> scores;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].empty()) {
      scores.push_back(0);
      continue;
    }
    double sum = 0;
    for (const auto& log : logs) sum += log[i];
    scores.push_back(std::exp(log_brevity(texts, i) + sum / double{kLongest}));
  }
  return scores;
}

}  // namespace minillama
