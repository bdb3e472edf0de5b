#pragma once

// Not part of the public interface.

#include <deque>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/io/bpe_record.h"
#include "minillama/text/normalizer.h"
#include "minillama/text/pattern.h"

namespace minillama {

/// Cuts a text into the pieces that are merged each for itself: words, mostly. Immutable.
class PreTokenizer {
 public:
  /// The pieces of one stretch of a text after the other, and the memory for them.
  struct Pieces {
    std::vector<std::string_view> texts;
    std::vector<std::string_view> before;  // what the step in progress cuts
    std::vector<TextSpan> matches;
    std::deque<std::string> owned;  // what is not in the given text
  };

  /// Throws FileError naming `path` if a pattern cannot be used.
  PreTokenizer(std::span<const PreTokenizerStep> steps, const std::filesystem::path& path);

  /// The pieces of `text`, which is UTF-8, not empty and outlives them; none of them is empty.
  void cut(std::string_view text, StretchBegin begin, Pieces& pieces) const;

 private:
  struct Step {
    PreTokenizerStep step;
    std::optional<Pattern> pattern;  // at what is cut
  };

  std::vector<Step> steps_;
};

}  // namespace minillama
