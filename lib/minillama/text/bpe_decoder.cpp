#include "minillama/text/bpe_decoder.h"

#include "minillama/io/sentencepiece_model.h"
#include "minillama/text/byte_alphabet.h"
#include "minillama/text/normalizer.h"

namespace minillama {
namespace {

Pattern pattern_of(const BpeDecoding::Step& step, const std::filesystem::path& path) {
  if (const auto* replace = std::get_if<Replace>(&step)) return {replace->pattern, path};
  return {{std::get<Metaspace>(step).replacement}, path};
}

}  // namespace

BpePieceTexts::BpePieceTexts(BpeDecoding decoding, const std::filesystem::path& path)
    : decoding_(std::move(decoding)) {
  for (const auto& step : decoding_.steps) patterns_.push_back(pattern_of(step, path));
}

TokenText BpePieceTexts::text_of(std::string_view piece, bool is_first) const {
  if (decoding_.byte_level) return {spelled_bytes(piece), false};
  if (decoding_.byte_fallback) {
    const int byte = byte_value(piece);
    if (byte >= 0) return {std::string(1, static_cast<char>(byte)), false};
  }
  std::string text(piece);
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    const auto& step = decoding_.steps[i];
    if (const auto* replace = std::get_if<Replace>(&step)) {
      text = replace_all(text, patterns_[i], replace->content);
    } else {
      const bool drops = is_first && std::get<Metaspace>(step).scheme != PrependScheme::never;
      text = replace_all(text, patterns_[i], drops ? "" : " ");
    }
  }
  return {std::move(text), true};
}

TokenText BpePieceStream::push(std::string_view piece) {
  auto token = texts_.text_of(piece, is_first_);
  is_first_ = false;
  std::size_t stripped = 0;
  while (strip_count_ > 0 && stripped < token.bytes.size() &&
         token.bytes[stripped] == texts_.decoding().strip_character) {
    ++stripped;
    --strip_count_;
  }
  token.bytes.erase(0, stripped);
  if (!token.bytes.empty()) strip_count_ = 0;
  return token;
}

}  // namespace minillama
