#pragma once

#include <filesystem>

#include "minillama/text/tokenizer.h"

#include "common/model_arguments.h"

namespace minillama::app {

/// The tokenizer of the model; without --model the one that --tokenizer names, if it does.
Tokenizer read_tokenizer(const Arguments& arguments, const ModelArguments& model);

/// Prints the ids of each line of a text ("-": standard input) as a JSON list, as soon as the line
/// is there: with BOS in front, where the tokenizer puts it in front of a text. Throws FileError
/// naming a line that is no text.
void tokenize_lines(const Tokenizer& tokenizer, const std::filesystem::path& path);

/// Prints the text of each line, which is a JSON list of ids, without a BOS that tokenize_lines()
/// would put in front, and with the names of other special tokens: as a JSON string or as it is,
/// with
/// "\n" and "\r" in the place of line breaks. Throws FileError naming a line that is none.
void detokenize_lines(const Tokenizer& tokenizer, const std::filesystem::path& path, bool json);

}  // namespace minillama::app
