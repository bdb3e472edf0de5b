#include "support/byte_tokenizer.h"

#include <array>
#include <utility>

#include "minillama/core/error.h"
#include "minillama/io/byte_reader.h"
#include "minillama/text/sentencepiece_tokenizer.h"
#include "minillama/text/tokenizer_kind.h"

namespace minillama {
namespace {

using Pieces = std::vector<std::string>;

constexpr std::string_view kHead = "bytes\n";
constexpr std::size_t kBos = 256;
constexpr std::size_t kEos = 257;

/// `id` as an index of the vocabulary.
std::size_t checked(std::int64_t id, const Pieces& pieces) {
  if (id < 0 || id >= std::ssize(pieces)) throw OptionError("outside the vocabulary");
  return static_cast<std::size_t>(id);
}

class ByteDecoder : public TokenDecoder {
 public:
  explicit ByteDecoder(const Pieces& pieces) : pieces_(pieces) {}

  TokenText push(std::int64_t id) override {
    const auto index = checked(id, pieces_);
    if (index == kBos || index == kEos) return {"", true};
    return {pieces_[index], index > kEos};
  }

 private:
  const Pieces& pieces_;
};

/// The file is a line "bytes", then a line for each added piece.
class ByteTokenizer : public TokenizerModel {
 public:
  explicit ByteTokenizer(const Pieces& added) {
    for (int byte = 0; byte < 256; ++byte) pieces_.emplace_back(1, static_cast<char>(byte));
    pieces_.insert(pieces_.end(), {"<|start|>", "<|end|>"});
    pieces_.insert(pieces_.end(), added.begin(), added.end());
    std::string content(kHead);
    for (const auto& piece : added) content += piece + "\n";
    files_ = {{"tokenizer.bytes", content}};
  }

  std::vector<std::int64_t> encode(std::string_view text, TextPlace place) const override {
    std::vector<std::int64_t> ids;
    if (place == TextPlace::after_space) ids.push_back(' ');
    for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
    return ids;
  }

  std::unique_ptr<TokenDecoder> decoder() const override {
    return std::make_unique<ByteDecoder>(pieces_);
  }

  std::int64_t vocab_size() const override { return std::ssize(pieces_); }
  SpecialIds special_ids() const override { return {.bos = kBos, .eos = kEos}; }

  const std::string& piece(std::int64_t id) const override { return pieces_[checked(id, pieces_)]; }
  PieceType type(std::int64_t id) const override {
    const auto index = checked(id, pieces_);
    if (index < kBos) return PieceType::byte;
    return index <= kEos ? PieceType::control : PieceType::text;
  }

  std::shared_ptr<const TokenizerModel> with_piece(const std::string& text,
                                                   bool is_special) const override {
    if (is_special) throw OptionError("has two special pieces, and no more");
    Pieces added(pieces_.begin() + kEos + 1, pieces_.end());
    added.push_back(text);
    return std::make_shared<ByteTokenizer>(added);
  }

  const std::vector<TokenizerFile>& files() const override { return files_; }

  std::string hugging_face_config(const SpecialTokens& special) const override {
    return special.add_bos ? "{\"add_bos_token\": true}" : "{\"add_bos_token\": false}";
  }

  std::vector<std::pair<std::string, GgufValue>> gguf_entries(
      const SpecialTokens& special) const override {
    return {{"tokenizer.ggml.model", "bytes"},
            {"tokenizer.ggml.tokens", Pieces(pieces_.begin() + kEos + 1, pieces_.end())},
            {"tokenizer.ggml.add_bos_token", special.add_bos}};
  }

 private:
  Pieces pieces_;
  std::vector<TokenizerFile> files_;
};

std::shared_ptr<const TokenizerModel> read_bytes(Bytes bytes, const std::filesystem::path& path) {
  ByteReader reader(bytes, path);
  reader.take(kHead.size());
  Pieces added;
  std::string_view rest = as_text(reader.take(reader.remaining()));
  for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos;) {
    added.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return std::make_shared<ByteTokenizer>(added);
}

std::shared_ptr<const TokenizerModel> read_gguf_bytes(const GgufMetadata& file) {
  const auto texts = file.texts("tokenizer.ggml.tokens");
  return std::make_shared<ByteTokenizer>(Pieces(texts.begin(), texts.end()));
}

constexpr std::array kKinds = {
    TokenizerKind{.name = "sentencepiece",
                  .file = "tokenizer.model",
                  .formats = "a sentencepiece model",
                  .gguf_model = "llama",
                  .recognises = is_sentencepiece_tokenizer,
                  .read = read_sentencepiece_tokenizer,
                  .read_gguf = read_gguf_sentencepiece,
                  .train = train_sentencepiece_tokenizer},
    TokenizerKind{.name = "byte",
                  .file = "tokenizer.bytes",
                  .formats = "a tokenizer of bytes",
                  .gguf_model = "bytes",
                  .recognises = [](std::string_view text) { return text.starts_with(kHead); },
                  .read = read_bytes,
                  .read_gguf = read_gguf_bytes}};

}  // namespace

std::span<const TokenizerKind> tokenizer_kinds() {
  return kKinds;
}

Tokenizer test::byte_tokenizer() {
  return Tokenizer(std::make_shared<ByteTokenizer>(Pieces()));
}

}  // namespace minillama
