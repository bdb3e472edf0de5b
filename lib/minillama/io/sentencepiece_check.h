#pragma once

#include <filesystem>

#include "minillama/io/sentencepiece_model.h"

namespace minillama {

/// Throws FileError unless libsentencepiece can encode with this model: it trusts what it is given,
/// and some broken models make it read outside its memory. Checked are the pieces (not empty,
/// UTF-8, no NUL, distinct, finite scores, one UNKNOWN, BYTE pieces complete), the special ids (in
/// range and of their type) and the charsmap.
void check_sentencepiece_model(const SentencePieceModel& model, const std::filesystem::path& path);

}  // namespace minillama
