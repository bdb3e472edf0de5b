#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace minillama {

/// Where a word stands in a text: its bytes [begin, end).
struct TextWord {
  std::size_t begin = 0;
  std::size_t end = 0;

  bool operator==(const TextWord&) const = default;
};

/// What stands between white space (Unicode's property White_Space) in `text`, in its order. Throws
/// OptionError if it is not UTF-8.
std::vector<TextWord> text_words(std::string_view text);

}  // namespace minillama
