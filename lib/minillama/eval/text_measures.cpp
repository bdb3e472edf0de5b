#include "minillama/eval/text_measures.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "minillama/core/require.h"
#include "minillama/eval/divergence_curve.h"
#include "minillama/eval/k_means.h"
#include "minillama/eval/ngrams.h"
#include "minillama/eval/self_bleu.h"
#include "minillama/eval/text_likelihood.h"
#include "minillama/eval/text_states.h"

namespace minillama {
namespace {

/// What is summed up over texts: a sum and what it is divided by.
struct Share {
  double part = 0;
  double whole = 0;
};

Estimate ratio(const std::vector<Share>& shares, const Bootstrap& bootstrap) {
  return bootstrap.estimate([&](std::span<const std::size_t> sample) {
    Share sum;
    for (const auto i : sample) {
      sum.part += shares[i].part;
      sum.whole += shares[i].whole;
    }
    return sum.whole > 0 ? sum.part / sum.whole : std::numeric_limits<double>::quiet_NaN();
  });
}

/// log p of the continuations' tokens.
std::vector<Share> log_likelihoods(const DecoderSource& model, std::span<const ContinuedIds> texts,
                                   std::span<const TokenIds> whole) {
  const auto scores = token_log_probabilities(model, whole);
  std::vector<Share> shares;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto n = std::ssize(texts[i].continuation);
    shares.push_back(
        {std::accumulate(scores[i].end() - n, scores[i].end(), 0.0), static_cast<double>(n)});
  }
  return shares;
}

void require_size(std::size_t texts, const Bootstrap& bootstrap) {
  require(texts == bootstrap.size(), "the number of texts", texts,
          fmt::format("be what the bootstrap draws from, {}", bootstrap.size()));
}

}  // namespace

TextMeasures measure_texts(const DecoderSource& model, std::span<const ContinuedIds> texts,
                           const Bootstrap& bootstrap) {
  require_size(texts.size(), bootstrap);
  std::vector<TokenIds> whole, continuations;
  for (const auto& [prompt, continuation] : texts) {
    require(!prompt.empty(), "the number of tokens of a prompt", prompt.size(), "be at least 1");
    whole.push_back(prompt);
    whole.back().insert(whole.back().end(), continuation.begin(), continuation.end());
    continuations.push_back(continuation);
  }
  TextMeasures measures{.texts = texts.size()};
  for (const auto& text : continuations) measures.tokens += text.size();
  for (std::size_t n = 1; n <= measures.distinct.size(); ++n) {
    measures.distinct[n - 1] = distinct_ngrams(continuations, n);
  }
  measures.log_likelihood = ratio(log_likelihoods(model, texts, whole), bootstrap);
  std::vector<Share> repeated, bleu;
  for (const auto& text : continuations) {
    const auto ngrams = repeated_ngrams(text, 4);
    repeated.push_back({static_cast<double>(ngrams.repeated), static_cast<double>(ngrams.all)});
  }
  for (const double score : self_bleu(continuations)) bleu.push_back({score, 1});
  measures.repetition = ratio(repeated, bootstrap);
  measures.self_bleu = ratio(bleu, bootstrap);
  measures.states = last_states(model, whole);
  return measures;
}

Estimate divergence_area(const TextMeasures& texts, const TextMeasures& others,
                         const DivergenceOptions& options, const Bootstrap& bootstrap) {
  require_size(texts.texts, bootstrap);
  require_size(others.texts, bootstrap);
  const auto n = texts.texts;
  const auto dim = texts.states.size() / n;
  auto states = texts.states;
  states.insert(states.end(), others.states.begin(), others.states.end());
  const auto clusters = options.clusters > 0 ? options.clusters : std::max<std::size_t>(n / 10, 2);
  const auto of = k_means(states, dim, {.clusters = clusters, .seed = options.seed});
  return bootstrap.estimate([&](std::span<const std::size_t> sample) {
    std::vector<double> p(clusters), q(clusters);
    for (const auto i : sample) {
      ++p[of[i]];
      ++q[of[n + i]];
    }
    return divergence_curve_area(p, q);
  });
}

}  // namespace minillama
