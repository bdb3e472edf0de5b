#pragma once

// Not part of the public interface: the only place that knows PCRE2.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/io/bpe_record.h"

namespace minillama {

/// A stretch of a text, from `begin` to before `end`, in bytes.
struct TextSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What is found in texts: compiled once, then used by any number of threads.
class Pattern {
 public:
  /// Throws FileError naming `path` if it is no regular expression, or one that is not supported
  /// (text/oniguruma.h).
  Pattern(const TextPattern& pattern, const std::filesystem::path& path);
  ~Pattern();
  Pattern(Pattern&& other) noexcept;
  Pattern& operator=(Pattern&& other) noexcept;

  /// All matches in `text`, which is UTF-8, from the left, none within another. An empty one does
  /// not stand where the one before ends. Throws InputError naming the file if the search takes too
  /// long, as that with a pattern that was made for it.
  void find_all(std::string_view text, std::vector<TextSpan>& matches) const;

 private:
  struct Compiled;

  std::unique_ptr<const Compiled> compiled_;  // null: literal_ is looked for
  std::string literal_;
  std::filesystem::path path_;
};

}  // namespace minillama
