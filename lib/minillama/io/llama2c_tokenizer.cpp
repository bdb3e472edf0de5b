#include "minillama/io/llama2c_tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/byte_reader.h"
#include "minillama/io/byte_writer.h"
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

bool is_llamas(const SentencePieceModel& model) {
  using Type = SentencePiece::Type;
  if (model.algorithm != SentencePieceModel::Algorithm::bpe || !model.byte_fallback ||
      !model.charsmap.empty() || !model.add_dummy_prefix || !model.escape_whitespaces ||
      model.treat_whitespace_as_suffix || model.unk_id != 0 || model.bos_id != 1 ||
      model.eos_id != 2 || model.pieces.size() < kFirstByte + 256) {
    return false;
  }
  for (std::size_t id = kFirstByte; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    const bool is_byte = id < kFirstByte + 256;
    if (piece.type != (is_byte ? Type::byte : Type::normal)) return false;
    if (is_byte && byte_value(piece.text) != static_cast<int>(id - kFirstByte)) return false;
    if (piece.text.find(' ') != std::string::npos) return false;
  }
  return true;
}

/// The piece as llama2.c stores it: with spaces, and line ends around the special ones.
std::string stored_piece(const SentencePieceModel& model, std::size_t id) {
  constexpr std::string_view kSpace = "\u2581";
  std::string text = model.pieces[id].text;
  if (id == 1 || id == 2) return fmt::format("\n{}\n", text);
  for (std::size_t at = 0; (at = text.find(kSpace, at)) != std::string::npos; ++at) {
    text.replace(at, kSpace.size(), 1, ' ');
  }
  return text;
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

std::optional<std::string> llama2c_tokenizer(const SentencePieceModel& model) {
  if (!is_llamas(model)) return {};
  std::size_t longest = 0;
  ByteWriter pieces;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const std::string text = stored_piece(model, id);
    longest = std::max(longest, text.size());
    pieces.write(model.pieces[id].score);
    pieces.write(static_cast<std::uint32_t>(text.size()));
    pieces.write_text(text);
  }
  ByteWriter out;
  out.write(static_cast<std::uint32_t>(longest));
  return out.take() + pieces.take();
}

}  // namespace minillama
