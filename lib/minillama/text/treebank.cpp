#include "minillama/text/treebank.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/text/characters.h"

namespace minillama {
namespace {

/// More than twice what a sentence of a treebank has. It bounds how often a word is in memory.
constexpr std::size_t kMaxDepth = 250;

/// What is wrong with a tree, for the caller to say where.
struct TreeError {
  std::string problem;
};

/// Reads the tree of a line from its beginning to its end.
class TreeReader {
 public:
  TreeReader(std::string_view line, std::int64_t n_labels) : rest_(line), n_labels_(n_labels) {}

  LabelledTree read() {
    skip_spaces();
    do {
      if (take('(')) {
        open_node();
      } else if (take(')')) {
        close_node();
      } else {
        add_word();
      }
      skip_spaces();
    } while (!open_.empty());
    if (!rest_.empty()) throw TreeError{fmt::format("{} stands behind the tree", quote(rest_))};
    return std::move(tree_);
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_spaces() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  }

  std::string_view take_word() {
    const auto word = rest_.substr(0, rest_.find_first_of("() \t"));
    rest_.remove_prefix(word.size());
    return word;
  }

  void open_node() {
    if (open_.size() == kMaxDepth) {
      throw TreeError{fmt::format("more than {} parentheses within each other", kMaxDepth)};
    }
    skip_spaces();
    const auto word = take_word();
    std::int64_t label = -1;
    const auto* const end = word.data() + word.size();
    if (std::from_chars(word.data(), end, label).ptr != end || label < 0 || label >= n_labels_) {
      throw TreeError{fmt::format("{} is no label from 0 to {}", quote(word), n_labels_ - 1)};
    }
    open_.push_back({"", label, 0, std::ssize(open_)});
  }

  void close_node() {
    if (open_.empty()) throw TreeError{"a \")\" without a \"(\""};
    auto node = std::move(open_.back());
    open_.pop_back();
    if (node.n_words == 0) throw TreeError{"a node without a word"};
    if (!open_.empty()) append(node.text, node.n_words);
    tree_.push_back(std::move(node));
  }

  void add_word() {
    const auto word = take_word();
    if (word.empty()) throw TreeError{fmt::format("{} parentheses are not closed", open_.size())};
    if (open_.empty()) throw TreeError{fmt::format("{} stands outside a tree", quote(word))};
    append(word, 1);
  }

  void append(std::string_view words, std::int64_t n_words) {
    auto& node = open_.back();
    if (!node.text.empty()) node.text += ' ';
    node.text += words;
    node.n_words += n_words;
  }

  std::string_view rest_;
  std::int64_t n_labels_;
  std::vector<TreeNode> open_;  // from the sentence to the node that is being read
  LabelledTree tree_;
};

double weight_of(const TreeNode& node, PhraseWeight weight) {
  switch (weight) {
    case PhraseWeight::equal:
      return 1;
    case PhraseWeight::length:
      return static_cast<double>(node.n_words);
    case PhraseWeight::depth:
      return 1 / static_cast<double>(1 + node.depth);
  }
  throw OptionError(fmt::format("phrase weight {}, no such kind", static_cast<int>(weight)));
}

/// One distinct phrase, as it is put together of its nodes.
struct Phrase {
  TreeNode node;                                              // the one nearest to a sentence
  std::vector<std::pair<std::int64_t, std::int64_t>> counts;  // of labels, as they are met

  void count(std::int64_t label) {
    const auto found =
        std::ranges::find(counts, label, &std::pair<std::int64_t, std::int64_t>::first);
    if (found == counts.end()) {
      counts.emplace_back(label, 1);
    } else {
      ++found->second;
    }
  }

  std::int64_t label() const {
    return std::ranges::max_element(counts, {}, &std::pair<std::int64_t, std::int64_t>::second)
        ->first;
  }
};

}  // namespace

bool holds_trees(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '(';
}

std::vector<LabelledTree> parse_trees(const TextFile& file, std::int64_t n_labels) {
  std::vector<LabelledTree> trees;
  std::string_view rest = file.text();
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto line = take_line(rest);
    try {
      if (auto problem = problem_of_line(line); !problem.empty()) throw TreeError{problem};
      if (!is_blank(line)) trees.push_back(TreeReader(line, n_labels).read());
    } catch (const TreeError& error) {
      throw FileError(file.path(), number, error.problem);
    }
  }
  if (trees.empty()) throw FileError(file.path(), "holds no tree");
  return trees;
}

std::string_view to_string(PhraseWeight weight) {
  switch (weight) {
    case PhraseWeight::equal:
      return "equal";
    case PhraseWeight::length:
      return "length";
    case PhraseWeight::depth:
      return "depth";
  }
  throw OptionError(fmt::format("phrase weight {}, no such kind", static_cast<int>(weight)));
}

PhraseWeight phrase_weight(std::string_view text) {
  for (const auto weight : {PhraseWeight::equal, PhraseWeight::length, PhraseWeight::depth}) {
    if (to_string(weight) == text) return weight;
  }
  throw OptionError(fmt::format("phrase weight {}, must be equal, length or depth", quote(text)));
}

Phrases distinct_phrases(std::span<const LabelledTree> trees,
                         std::span<const LabelledSentence> held_out, PhraseWeight weight) {
  std::unordered_set<std::string> held;
  for (const auto& example : held_out) held.insert(lowercase(example.sentence));

  std::vector<Phrase> phrases;
  std::unordered_map<std::string_view, std::size_t> places;  // of texts in the trees
  for (const auto& tree : trees) {
    for (const auto& node : tree) {
      const auto [place, is_new] = places.emplace(node.text, phrases.size());
      if (is_new) phrases.push_back({node, {}});
      auto& phrase = phrases[place->second];
      phrase.node.depth = std::min(phrase.node.depth, node.depth);
      phrase.count(node.label);
    }
  }

  Phrases out;
  double sum = 0;
  for (auto& phrase : phrases) {
    if (held.contains(lowercase(phrase.node.text))) {
      ++out.n_held_out;
      continue;
    }
    const double own = weight_of(phrase.node, weight);
    sum += own;
    out.examples.push_back({std::move(phrase.node.text), phrase.label(), own});
  }
  if (out.examples.empty()) throw OptionError("no phrase is left to train on");
  for (auto& example : out.examples) {
    example.weight *= static_cast<double>(out.examples.size()) / sum;
  }
  return out;
}

}  // namespace minillama
