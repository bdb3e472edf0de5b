#pragma once

#include <cstdint>
#include <span>

namespace minillama {

/// Pure functions on a distribution over the vocabulary: probabilities that add up to 1. A filter
/// sets the probabilities of some tokens to 0 and scales the others so that they add up to 1 again.
/// At least one token always stays. All throw OptionError if there are no numbers, their sum is
/// neither positive nor finite (NaN among them, nothing but zeros), or the argument is not what
/// they say: then the numbers are lost.

/// Logits to probabilities, in place: softmax(logits / temperature), temperature > 0.
void softmax(std::span<float> logits, double temperature);

/// Epsilon sampling (Hewitt, Manning & Liang 2022, arXiv:2210.15191): drops tokens with a
/// probability below `epsilon`. If none reaches it, the most probable token stays.
void keep_epsilon(std::span<float> probabilities, double epsilon);

/// Top-k sampling (Fan, Lewis & Dauphin 2018, arXiv:1805.04833): keeps the k most probable tokens;
/// of equally probable ones those with the lower ids. k >= 1.
void keep_top_k(std::span<float> probabilities, std::int64_t k);

/// Nucleus sampling (Holtzman et al. 2020, arXiv:1904.09751): keeps the smallest set of most
/// probable tokens whose probabilities add up to at least `p`.
void keep_top_p(std::span<float> probabilities, double p);

/// Min-p sampling (Nguyen et al. 2024, arXiv:2407.01082): drops tokens with a probability below
/// `min_p` times that of the most probable one.
void keep_min_p(std::span<float> probabilities, double min_p);

/// The token with the largest value, the first of equal ones. Throws OptionError if there are none.
std::int64_t most_probable(std::span<const float> values);

/// The token at which the running sum of the probabilities passes `u`, a number in [0, 1).
std::int64_t pick(std::span<const float> probabilities, double u);

}  // namespace minillama
