#include "minillama/io/llama2c_tokenizer.h"

#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/byte_reader.h"
#include "minillama/io/sentencepiece_check.h"

namespace minillama {
namespace {

constexpr std::size_t kFirstByte = 3;

SentencePiece make_piece(std::size_t id, std::string_view stored, float score) {
  using Type = SentencePiece::Type;
  if (id == 0) return {"<unk>", score, Type::unknown};
  if (id == 1) return {"<s>", score, Type::control};
  if (id == 2) return {"</s>", score, Type::control};
  SentencePiece piece{{}, score, id < kFirstByte + 256 ? Type::byte : Type::normal};
  for (const char character : stored) {
    if (character == ' ') {
      piece.text += "\u2581";
    } else {
      piece.text += character;
    }
  }
  return piece;
}

}  // namespace

SentencePieceModel parse_llama2c_tokenizer(Bytes bytes, const std::filesystem::path& path) {
  SentencePieceModel model;
  model.algorithm = SentencePieceModel::Algorithm::bpe;
  model.byte_fallback = true;
  model.normalizer = "identity";
  model.remove_extra_whitespaces = false;

  ByteReader reader(bytes, path);
  const auto longest = reader.read<std::uint32_t>();
  while (reader.remaining() > 0) {
    const auto score = reader.read<float>();
    const auto length = reader.read<std::uint32_t>();
    const std::size_t id = model.pieces.size();
    if (length > longest) {
      reader.fail(fmt::format("piece {} has {} bytes, the longest is said to have {}", id, length,
                              longest));
    }
    model.pieces.push_back(make_piece(id, as_text(reader.take(length)), score));
    const SentencePiece& piece = model.pieces.back();
    if (piece.type == SentencePiece::Type::byte &&
        byte_value(piece.text) != static_cast<int>(id - kFirstByte)) {
      reader.fail(fmt::format("piece {} is {}, must be <0x{:02X}>", id, quote(piece.text),
                              id - kFirstByte));
    }
  }
  check_sentencepiece_model(model, path);
  return model;
}

}  // namespace minillama
