#include "minillama/eval/naive_bayes.h"

#include <algorithm>
#include <cmath>

#include "minillama/core/require.h"
#include "minillama/core/utf8.h"
#include "minillama/text/characters.h"

namespace minillama {
namespace {

enum class Kind { space, word, other };

Kind kind_of(std::string_view character) {
  const auto code_point = utf8_code_point(character);
  if (is_white_space(code_point)) return Kind::space;
  return is_word_character(code_point) ? Kind::word : Kind::other;
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  require(utf8_valid_prefix(text) == text.size(), "the text", quote(text), "be UTF-8");
  const auto small = lowercase(text);
  std::vector<std::string> words;
  auto before = Kind::space;
  for (std::string_view rest = small; !rest.empty();) {
    const auto character = rest.substr(0, utf8_character_length(rest));
    const auto kind = kind_of(character);
    if (kind != Kind::space && kind != before) words.emplace_back();
    if (kind != Kind::space) words.back() += character;
    before = kind;
    rest.remove_prefix(character.size());
  }
  return words;
}

NaiveBayes::NaiveBayes(std::span<const LabelledSentence> examples, std::int64_t n_labels,
                       double smoothing) {
  require(n_labels >= 1, "the number of labels", n_labels, "be at least 1");
  require(!examples.empty(), "the number of examples", examples.size(), "be at least 1");
  require(std::isfinite(smoothing) && smoothing > 0, "smoothing", smoothing,
          "be positive and finite");
  const auto n = static_cast<std::size_t>(n_labels);
  std::vector<double> n_examples(n), n_words(n), counts;  // counts: [V, n_labels]
  for (const auto& example : examples) {
    require_below(example.label, "an example's label", n_labels);
    const auto y = static_cast<std::size_t>(example.label);
    ++n_examples[y];
    for (auto& word : words_of(example.sentence)) {
      const auto [found, is_new] = places_.try_emplace(std::move(word), places_.size());
      if (is_new) counts.resize(counts.size() + n);
      ++counts[found->second * n + y];
      ++n_words[y];
    }
  }
  for (const double count : n_examples) {
    log_prior_.push_back(std::log(count / static_cast<double>(examples.size())));
  }
  const auto of_all = smoothing * static_cast<double>(places_.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    log_likelihood_.push_back(std::log((counts[i] + smoothing) / (n_words[i % n] + of_all)));
  }
}

std::vector<double> NaiveBayes::scores(std::string_view text) const {
  auto scores = log_prior_;
  for (const auto& word : words_of(text)) {
    const auto found = places_.find(word);
    if (found == places_.end()) continue;
    const auto first = found->second * scores.size();
    for (std::size_t y = 0; y < scores.size(); ++y) scores[y] += log_likelihood_[first + y];
  }
  return scores;
}

std::int64_t NaiveBayes::classify(std::string_view text) const {
  const auto of_labels = scores(text);
  return std::ranges::max_element(of_labels) - of_labels.begin();
}

}  // namespace minillama
