#pragma once

// Not part of the public interface.

#include "minillama/io/bpe_record.h"
#include "minillama/io/sentencepiece_model.h"

namespace minillama {

/// The sentencepiece model of which `record` was made, as the tokenizer.json of a Llama 2 is: it
/// merges whatever makes a piece, that of the best score first, so scores follow the merges. Throws
/// OptionError if that would give other ids: pieces spell bytes, there are not all merges, texts
/// are normalized or cut in another way.
SentencePieceModel sentencepiece_of(const BpeRecord& record);

}  // namespace minillama
