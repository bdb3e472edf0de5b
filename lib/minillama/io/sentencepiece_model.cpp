#include "minillama/io/sentencepiece_model.h"

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/protobuf.h"
#include "minillama/io/sentencepiece_check.h"

namespace minillama {
namespace {

// Field numbers of the format; the others do not matter for encoding and decoding.
namespace model_field {
constexpr std::uint32_t kPiece = 1, kTrainer = 2, kNormalizer = 3, kDenormalizer = 5;
}
namespace piece_field {
constexpr std::uint32_t kText = 1, kScore = 2, kType = 3;
}
namespace trainer_field {
constexpr std::uint32_t kAlgorithm = 3, kVocabSize = 4, kWhitespaceAsSuffix = 24,
                        kByteFallback = 35, kUnkId = 40, kBosId = 41, kEosId = 42, kPadId = 43,
                        kUnkSurface = 44, kUnkPiece = 45, kBosPiece = 46, kEosPiece = 47,
                        kPadPiece = 48;
}
namespace normalizer_field {
constexpr std::uint32_t kName = 1, kCharsmap = 2, kAddDummyPrefix = 3, kRemoveExtraWhitespaces = 4,
                        kEscapeWhitespaces = 5;
}

SentencePiece read_piece(ProtobufReader in, const std::filesystem::path& path) {
  SentencePiece piece;
  while (in.next()) {
    switch (in.field()) {
      case piece_field::kText:
        piece.text = in.string();
        break;
      case piece_field::kScore:
        piece.score = in.float32();
        break;
      case piece_field::kType: {
        const std::int32_t type = in.int32();
        if (type < 1 || type > 6) {
          throw FileError(
              path, fmt::format("piece {} is of the unknown type {}", quote(piece.text), type));
        }
        piece.type = static_cast<SentencePiece::Type>(type);
        break;
      }
    }
  }
  return piece;
}

void read_trainer_spec(ProtobufReader in, const std::filesystem::path& path,
                       SentencePieceModel& model) {
  while (in.next()) {
    switch (in.field()) {
      case trainer_field::kAlgorithm: {
        const std::int32_t algorithm = in.int32();
        if (algorithm < 1 || algorithm > 4) {
          throw FileError(path, fmt::format("unknown sentencepiece model type {}", algorithm));
        }
        model.algorithm = static_cast<SentencePieceModel::Algorithm>(algorithm);
        break;
      }
      case trainer_field::kWhitespaceAsSuffix:
        model.treat_whitespace_as_suffix = in.boolean();
        break;
      case trainer_field::kByteFallback:
        model.byte_fallback = in.boolean();
        break;
      case trainer_field::kUnkId:
        model.unk_id = in.int32();
        break;
      case trainer_field::kBosId:
        model.bos_id = in.int32();
        break;
      case trainer_field::kEosId:
        model.eos_id = in.int32();
        break;
      case trainer_field::kPadId:
        model.pad_id = in.int32();
        break;
      case trainer_field::kUnkSurface:
        model.unk_surface = in.string();
        break;
      case trainer_field::kUnkPiece:
        model.unk_piece = in.string();
        break;
      case trainer_field::kBosPiece:
        model.bos_piece = in.string();
        break;
      case trainer_field::kEosPiece:
        model.eos_piece = in.string();
        break;
      case trainer_field::kPadPiece:
        model.pad_piece = in.string();
        break;
    }
  }
}

void read_normalizer_spec(ProtobufReader in, SentencePieceModel& model) {
  while (in.next()) {
    switch (in.field()) {
      case normalizer_field::kName:
        model.normalizer = in.string();
        break;
      case normalizer_field::kCharsmap:
        model.charsmap = in.string();
        break;
      case normalizer_field::kAddDummyPrefix:
        model.add_dummy_prefix = in.boolean();
        break;
      case normalizer_field::kRemoveExtraWhitespaces:
        model.remove_extra_whitespaces = in.boolean();
        break;
      case normalizer_field::kEscapeWhitespaces:
        model.escape_whitespaces = in.boolean();
        break;
    }
  }
}

void refuse_denormalizer(ProtobufReader in, const std::filesystem::path& path) {
  while (in.next()) {
    if (in.field() == normalizer_field::kCharsmap && !in.bytes().empty()) {
      throw FileError(path, "has rules for denormalizing decoded text, which are not supported");
    }
  }
}

constexpr std::size_t kMaxBytes = std::size_t{256} << 20;

}  // namespace

const SentencePiece& SentencePieceModel::piece(std::int64_t id) const {
  if (id < 0 || id >= static_cast<std::int64_t>(pieces.size())) {
    throw OptionError(
        fmt::format("token id {} lies outside the vocabulary of {}", id, pieces.size()));
  }
  return pieces[static_cast<std::size_t>(id)];
}

SentencePieceModel parse_sentencepiece_model(Bytes bytes, const std::filesystem::path& path) {
  // protobuf counts in int, and a vocabulary is nowhere near.
  if (bytes.size() > kMaxBytes) throw FileError(path, "is too large for a sentencepiece model");
  SentencePieceModel model;
  ProtobufReader in(bytes, path);
  while (in.next()) {
    switch (in.field()) {
      case model_field::kPiece:
        model.pieces.push_back(read_piece({in.bytes(), path}, path));
        break;
      case model_field::kTrainer:
        read_trainer_spec({in.bytes(), path}, path, model);
        break;
      case model_field::kNormalizer:
        read_normalizer_spec({in.bytes(), path}, model);
        break;
      case model_field::kDenormalizer:
        refuse_denormalizer({in.bytes(), path}, path);
        break;
    }
  }
  check_sentencepiece_model(model, path);
  return model;
}

std::string serialize(const SentencePieceModel& model) {
  ProtobufWriter out;
  for (const SentencePiece& piece : model.pieces) {
    ProtobufWriter item;
    item.string(piece_field::kText, piece.text);
    item.float32(piece_field::kScore, piece.score);
    item.int32(piece_field::kType, static_cast<std::int32_t>(piece.type));
    out.message(model_field::kPiece, item);
  }

  ProtobufWriter trainer;
  trainer.int32(trainer_field::kAlgorithm, static_cast<std::int32_t>(model.algorithm));
  trainer.int32(trainer_field::kVocabSize, static_cast<std::int32_t>(model.pieces.size()));
  trainer.boolean(trainer_field::kWhitespaceAsSuffix, model.treat_whitespace_as_suffix);
  trainer.boolean(trainer_field::kByteFallback, model.byte_fallback);
  trainer.int32(trainer_field::kUnkId, model.unk_id);
  trainer.int32(trainer_field::kBosId, model.bos_id);
  trainer.int32(trainer_field::kEosId, model.eos_id);
  trainer.int32(trainer_field::kPadId, model.pad_id);
  trainer.string(trainer_field::kUnkSurface, model.unk_surface);
  trainer.string(trainer_field::kUnkPiece, model.unk_piece);
  trainer.string(trainer_field::kBosPiece, model.bos_piece);
  trainer.string(trainer_field::kEosPiece, model.eos_piece);
  trainer.string(trainer_field::kPadPiece, model.pad_piece);
  out.message(model_field::kTrainer, trainer);

  ProtobufWriter normalizer;
  normalizer.string(normalizer_field::kName, model.normalizer);
  normalizer.string(normalizer_field::kCharsmap, model.charsmap);
  normalizer.boolean(normalizer_field::kAddDummyPrefix, model.add_dummy_prefix);
  normalizer.boolean(normalizer_field::kRemoveExtraWhitespaces, model.remove_extra_whitespaces);
  normalizer.boolean(normalizer_field::kEscapeWhitespaces, model.escape_whitespaces);
  out.message(model_field::kNormalizer, normalizer);
  return out.out();
}

int byte_value(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') return -1;
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto high = kDigits.find(piece[3]);
  const auto low = kDigits.find(piece[4]);
  if (high == std::string_view::npos || low == std::string_view::npos) return -1;
  return static_cast<int>(high * 16 + low);
}

}  // namespace minillama
