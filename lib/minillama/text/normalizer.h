#pragma once

// Not part of the public interface.

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/io/bpe_record.h"
#include "minillama/text/pattern.h"

namespace minillama {

/// Where a stretch of text begins, for what is put in front of it.
enum class StretchBegin {
  text,          ///< where the text begins
  continuation,  ///< at the beginning of a text that continues another one: nothing is put there
  inside         ///< behind an added piece
};

/// What is done to a text before it is cut into pieces. Immutable.
class Normalizer {
 public:
  /// Throws FileError naming `path` if a pattern cannot be used.
  Normalizer(std::span<const NormalizerStep> steps, const std::filesystem::path& path);

  bool empty() const { return steps_.empty(); }
  /// Whether it puts something in front of every text.
  bool prepends() const;

  /// `text` is UTF-8, and so is the result. Throws InputError if it is too long for the steps.
  std::string normalize(std::string_view text, StretchBegin begin) const;

 private:
  struct Step {
    NormalizerStep step;
    std::optional<Pattern> pattern;  // of Replace
  };

  std::vector<Step> steps_;
};

/// `text` with `content` in place of each match.
std::string replace_all(std::string_view text, const Pattern& pattern, std::string_view content);

}  // namespace minillama
