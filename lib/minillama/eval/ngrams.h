#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

#include "minillama/text/token_ids.h"

namespace minillama {

/// How often each sequence of n tokens stands in a text. Throws OptionError if n is 0, as do those
/// below.
using NgramCounts = std::map<TokenIds, std::size_t>;
NgramCounts ngram_counts(std::span<const std::int64_t> text, std::size_t n);

/// Distinct-n (Li et al. 2016, arXiv:1510.03055) of a set of texts: how many different n-grams they
/// have together, divided by all of their n-grams. It falls with the length of the texts and with
/// their number, so that only sets of about the same size compare. Undefined (NaN) without n-grams.
double distinct_ngrams(std::span<const TokenIds> texts, std::size_t n);

/// Of the n-grams of a text, how many stood in it before:
///
///     seq-rep-n = repeated / all = 1 - different / all
///
/// Welleck et al. 2019, arXiv:1908.04319.
struct RepeatedNgrams {
  std::size_t repeated = 0;
  std::size_t all = 0;
};
RepeatedNgrams repeated_ngrams(std::span<const std::int64_t> text, std::size_t n);

}  // namespace minillama
