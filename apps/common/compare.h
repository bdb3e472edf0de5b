#pragma once

#include "minillama/generate/text_generator.h"
#include "minillama/text/text_file.h"

#include "common/arguments.h"

namespace minillama::app {

/// Has each of `methods` (common/decoding_methods.h) continue the beginnings of the lines of
/// `texts`, and prints what its texts are like (eval/text_measures.h) beside how the lines go on: a
/// table, or with --json an object for each. Throws FileError, OptionError.
void compare_methods(const TextGenerator& generator, const TextFile& methods, const TextFile& texts,
                     const Arguments& arguments);

}  // namespace minillama::app
