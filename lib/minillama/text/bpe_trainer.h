#pragma once

// Not part of the public interface.

#include <cstdint>

#include "minillama/io/bpe_record.h"
#include "minillama/text/text_file.h"

namespace minillama {

/// Learns a vocabulary of byte pairs (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909) from
/// the words of a text: BOS, EOS, the 256 bytes, and then, as often as needed, the piece of the two
/// neighbours that are most frequent, of equally frequent ones those with the smallest ids. A pair
/// that occurs once is no piece. Words are what GPT-2's pattern finds, and every digit is one: the
/// steps of SmolLM2, which llama.cpp knows as "smollm". The merges are those of the Python package
/// tokenizers (BpeTrainer with min_frequency 2) for the same lines.
///
/// Throws OptionError if `vocab_size` has no room for the bytes, or the text is too short for so
/// many pieces; FileError naming the first line that is no text.
BpeRecord train_byte_pairs(const TextFile& text, std::int64_t vocab_size);

}  // namespace minillama
