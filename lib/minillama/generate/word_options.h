#pragma once

#include <string>
#include <vector>

#include "minillama/generate/generation_options.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// What is to be done about words, as a user writes them. A text that begins with a space means
/// tokens behind one, any other text tokens without.
struct WordOptions {
  /// "TOKEN=BIAS": TOKEN is an id or the text of one token, BIAS what is added to its logit
  /// ("-inf": it never comes).
  std::vector<std::string> logit_bias = {};
  /// Words that are not written, also behind a space. A word is known as the tokenizer writes it:
  /// other tokens may spell it, too.
  std::vector<std::string> banned_words = {};
  /// DRY's repetitions begin anew at every token with one of these in its text; "" is in none.
  std::vector<std::string> dry_breakers = {"\n", ":", "\"", "*"};
};

/// The options with the tokens of the words added to what they say already. Throws OptionError
/// naming a text that cannot be used.
GenerationOptions with_words(GenerationOptions options, const WordOptions& words,
                             const Tokenizer& tokenizer);

}  // namespace minillama
