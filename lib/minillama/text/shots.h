#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "minillama/text/labelled_sentences.h"

namespace minillama {

/// An example that a model is shown in the context, with its answer (few-shot; Brown et al. 2020,
/// arXiv:2005.14165).
struct Shot {
  std::string sentence;
  std::string answer;

  bool operator==(const Shot&) const = default;
};

/// `n` different ones of the examples, with the names of their labels as answers: of each label as
/// many as of any other, or one more of some, which are drawn. What is drawn and in which order
/// depends on nothing but the arguments. Throws OptionError if `n` is negative, an example has a
/// label without a name, or there are too few examples of a label.
std::vector<Shot> draw_shots(std::span<const LabelledSentence> examples,
                             std::span<const std::string> label_names, std::int64_t n,
                             std::uint64_t seed);

}  // namespace minillama
