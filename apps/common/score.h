#pragma once

#include "minillama/generate/text_generator.h"
#include "minillama/text/text_file.h"

namespace minillama::app {

/// Prints the likelihood of every line of `file` by itself, a line each, and that of all of them;
/// with `json` one object a line and nothing else. Lines without a likelihood have an empty line,
/// or an object with an "error"; they are named, and throw a FileError at the end.
void score_lines(const TextGenerator& model, const TextFile& file, bool json);

}  // namespace minillama::app
