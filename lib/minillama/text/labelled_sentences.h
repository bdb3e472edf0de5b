#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/text/text_file.h"

namespace minillama {

/// One example of a classification data set.
struct LabelledSentence {
  std::string sentence;
  std::int64_t label;
  double weight = 1;  ///< how much it counts in training, positive

  bool operator==(const LabelledSentence&) const = default;
};

/// Reads a file of lines `label ||| sentence` with labels 0 to n_labels - 1.
///
/// The sentence loses the ASCII white space around it (what Python's str.strip() removes of ASCII:
/// space, `\t \n \v \f \r` and `\x1c` to `\x1f`) and is otherwise kept as it stands. Lines are
/// those of text/text_file.h; blank ones at the end make no difference. Throws FileError naming
/// file and line on anything else, IoError if the file cannot be read.
std::vector<LabelledSentence> read_labelled_sentences(const std::filesystem::path& path,
                                                      std::int64_t n_labels);

/// Both sides of the " ||| " of a line, as they stand.
struct LabelledLine {
  std::string_view label;
  std::string_view sentence;
};

/// Takes apart line `number` of the file `path`. Throws FileError naming both unless it has one
/// " ||| ".
LabelledLine split_labelled_line(std::string_view line, const std::filesystem::path& path,
                                 std::size_t number);

/// The label that `text` is, an integer from 0 to n_labels - 1, white space around it or not.
/// Throws FileError naming the file `path` and the line `number`.
std::int64_t parse_label(std::string_view text, std::int64_t n_labels,
                         const std::filesystem::path& path, std::size_t number);

/// `text` without the ASCII white space around it, as above.
std::string_view strip(std::string_view text);

/// The same for a file that has been opened.
std::vector<LabelledSentence> parse_labelled_sentences(const TextFile& file, std::int64_t n_labels);

/// Reads the names of the labels: a JSON list of at least two distinct, non-empty strings.
/// Throws FileError, IoError.
std::vector<std::string> read_label_names(const std::filesystem::path& path);

}  // namespace minillama
