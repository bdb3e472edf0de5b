#pragma once

#include <string>
#include <vector>

#include "minillama/generate/text_generator.h"
#include "minillama/text/text_file.h"

namespace minillama::app {

/// A way to continue texts, with a name.
struct DecodingMethod {
  std::string name;
  std::string words;  ///< the options as they were written
  GenerationOptions options;
  DecodingOptions decoding;
};

/// Reads a method from each line of `file`: a name, a colon and options of generate about sampling
/// and strategies, with their defaults. Words are divided by blanks but within "…" or '…'. Blank
/// lines and those that begin with # are none. What is the same for all of them (seed, tokens to
/// write, batch size) is taken from `common`. Throws FileError naming the line.
std::vector<DecodingMethod> read_decoding_methods(const TextFile& file,
                                                  const TextGenerator& generator,
                                                  const GenerationOptions& common);

}  // namespace minillama::app
