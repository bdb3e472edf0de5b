#include "minillama/text/text_words.h"

#include "minillama/core/require.h"
#include "minillama/core/utf8.h"
#include "minillama/text/characters.h"

namespace minillama {

std::vector<TextWord> text_words(std::string_view text) {
  require(utf8_valid_prefix(text) == text.size(), "the text", quote(text), "be UTF-8");
  std::vector<TextWord> words;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = text.substr(at, utf8_character_length(text.substr(at)));
    const bool is_space = is_white_space(utf8_code_point(character));
    if (!is_space && !in_word) words.push_back({at, at});
    in_word = !is_space;
    at += character.size();
    if (in_word) words.back().end = at;
  }
  return words;
}

}  // namespace minillama
