#pragma once

#include <filesystem>

#include "minillama/io/token_file.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// What a document is in a text file. Each becomes BOS and its ids; empty ones become nothing.
enum class Documents {
  lines,      ///< a line, without its end
  file,       ///< the file
  sentences,  ///< what is behind the label in a line "label ||| sentence"
              ///< (text/labelled_sentences.h)
};

/// The token ids of the text `path` (text/text_file.h), one document after the other. They are made
/// once and kept in the file `cache`, which is made anew if it is of another text or tokenizer. If
/// `path` is such a file of ids itself, it is taken as it is, and `cache` is not needed.
///
/// Throws FileError naming the line if a document is no text, if there is no text, or if ids in
/// `path` are of another tokenizer; IoError.
TokenFile tokenize_file(const std::filesystem::path& path, const Tokenizer& tokenizer,
                        const std::filesystem::path& cache, Documents documents = Documents::lines);

}  // namespace minillama
