#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/text/labelled_sentences.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// Examples that are used together, as those of training: "train", "dev" or "test".
struct DataPart {
  std::string name;
  std::span<const LabelledSentence> examples;
};

/// How a model reads a text.
struct TokenCount {
  std::size_t tokens = 0;
  std::size_t bytes = 0;  ///< how many of them are but a byte of a character (Tokenizer::is_byte())
};
using TokenCounter = std::function<TokenCount(std::string_view text)>;

/// Counts the tokens of a text alone. `tokenizer` must outlive it.
TokenCounter token_counter(const Tokenizer& tokenizer);

struct DataCheckOptions {
  TokenCounter count_tokens = nullptr;  ///< none: the figures of tokens are 0
  std::size_t max_tokens = 0;           ///< a text with more would be cut; 0: none would
  std::size_t few = 10;                 ///< a label that has fewer examples has few
};

/// What a look at labelled data finds.
struct DataReport {
  /// Of one part.
  struct Part {
    std::string name;
    std::vector<std::size_t> n_of_label;  ///< examples of each label
    std::size_t n_examples = 0;
    std::size_t n_empty = 0;       ///< texts without anything but white space
    std::size_t n_duplicates = 0;  ///< texts that an earlier example of the part has, too
    std::size_t n_cut = 0;         ///< texts of more than max_tokens tokens
    std::size_t n_tokens = 0;
    std::size_t n_byte_tokens = 0;

    /// Examples of a label, or byte tokens, as a share of all of the part; 0 if there are none.
    double share_of_label(std::size_t label) const;
    double share_of_byte_tokens() const;
    /// The labels of which there are fewer than DataCheckOptions::few, none included.
    std::vector<std::size_t> few = {};
  };
  /// Texts of all parts with the same trouble.
  struct Texts {
    std::size_t n = 0;       ///< different ones
    std::string first = {};  ///< the first of them
  };

  std::vector<std::string> label_names;
  std::vector<Part> parts;
  Texts in_two_parts;      ///< texts, empty ones apart, that more than one part has
  Texts under_two_labels;  ///< texts, empty ones apart, that stand under more than one label
};

/// Looks at the parts of a data set. Throws OptionError if there is no part, a part's name is there
/// twice, or a label has no name.
DataReport check_data(std::span<const DataPart> parts, std::span<const std::string> label_names,
                      const DataCheckOptions& options = {});

}  // namespace minillama
