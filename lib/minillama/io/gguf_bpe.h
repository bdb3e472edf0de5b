#pragma once

// Not part of the public interface.

#include <string>
#include <utility>
#include <vector>

#include "minillama/core/special_tokens.h"
#include "minillama/io/bpe_record.h"
#include "minillama/io/gguf.h"

namespace minillama {

/// The tokenizer of bytes that a GGUF file carries if its "tokenizer.ggml.model" is "gpt2". How a
/// text is cut into words and normalized is known by the name "tokenizer.ggml.pre". Throws
/// FileError naming the key if something is missing or broken, or the name is not known.
BpeRecord read_gguf_bpe(const GgufMetadata& file);

/// The metadata from which the same is read again. Throws OptionError if the format has no name for
/// the way that texts are cut, cannot say something else of the record, or has too few keys for the
/// stop ids.
std::vector<std::pair<std::string, GgufValue>> gguf_bpe(const BpeRecord& record,
                                                        const SpecialTokens& special);

}  // namespace minillama
