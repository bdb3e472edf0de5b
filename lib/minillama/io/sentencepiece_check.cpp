#include "minillama/io/sentencepiece_check.h"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"
#include "minillama/io/charsmap.h"

namespace minillama {
namespace {

using Type = SentencePiece::Type;

/// libsentencepiece has room for this many user-defined pieces that are prefixes of one another.
constexpr int kMaxNestedPieces = 64;

bool is_text(std::string_view text) {
  return utf8_valid_prefix(text) == text.size() && text.find('\0') == std::string_view::npos;
}

void check_pieces(const SentencePieceModel& model, const std::filesystem::path& path) {
  std::unordered_set<std::string_view> seen;
  std::bitset<256> bytes;
  std::size_t n_unknown = 0;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    const auto fail = [&](std::string_view problem) {
      throw FileError(path, fmt::format("piece {}, {}, {}", id, quote(piece.text), problem));
    };
    if (piece.text.empty()) fail("is empty");
    if (!is_text(piece.text)) fail("is not UTF-8 without NUL");
    if (!seen.insert(piece.text).second) fail("is there twice");
    if (!std::isfinite(piece.score)) fail(fmt::format("has the score {}", piece.score));
    if (piece.type == Type::unknown && ++n_unknown > 1) fail("is a second unknown piece");
    if (piece.type == Type::byte) {
      const int value = byte_value(piece.text);
      if (value < 0) fail("is of type byte and not <0x00> to <0xFF>");
      if (!model.byte_fallback) fail("is of type byte, and the model has no byte fallback");
      bytes.set(static_cast<std::size_t>(value));
    }
  }
  if (n_unknown == 0) throw FileError(path, "has no unknown piece");
  if (model.byte_fallback && !bytes.all()) {
    throw FileError(path, fmt::format("has {} of the 256 byte pieces", bytes.count()));
  }
}

void check_user_defined(const SentencePieceModel& model, const std::filesystem::path& path) {
  std::vector<std::string_view> sorted;
  for (const SentencePiece& piece : model.pieces) {
    if (piece.type == Type::user_defined) sorted.push_back(piece.text);
  }
  std::sort(sorted.begin(), sorted.end());
  // In this order the prefixes of a piece stand before it, and `prefixes` is a stack of them.
  std::vector<std::string_view> prefixes;
  for (const std::string_view piece : sorted) {
    while (!prefixes.empty() && !piece.starts_with(prefixes.back())) prefixes.pop_back();
    prefixes.push_back(piece);
    if (prefixes.size() > kMaxNestedPieces) {
      throw FileError(path, fmt::format("more than {} user-defined pieces are prefixes of {}",
                                        kMaxNestedPieces, quote(piece)));
    }
  }
}

void check_special_ids(const SentencePieceModel& model, const std::filesystem::path& path) {
  const auto check = [&](std::string_view name, std::int32_t id, auto is_right) {
    const auto n_pieces = static_cast<std::int64_t>(model.pieces.size());
    if (id < 0 || id >= n_pieces) {
      throw FileError(path, fmt::format("{} is {}, there are {} pieces", name, id, n_pieces));
    }
    const SentencePiece& piece = model.pieces[static_cast<std::size_t>(id)];
    if (!is_right(piece.type)) {
      throw FileError(path, fmt::format("{} is {}, which is the piece {} of type {}", name, id,
                                        quote(piece.text), static_cast<int>(piece.type)));
    }
  };
  check("unk_id", model.unk_id, [](Type type) { return type == Type::unknown; });
  // A trainer that is given "<s>" as a symbol of the user's makes it one.
  const auto is_special = [](Type type) {
    return type == Type::control || type == Type::user_defined;
  };
  if (model.bos_id != -1) check("bos_id", model.bos_id, is_special);
  if (model.eos_id != -1) check("eos_id", model.eos_id, is_special);
  if (model.pad_id != -1) check("pad_id", model.pad_id, is_special);
}

}  // namespace

void check_sentencepiece_model(const SentencePieceModel& model, const std::filesystem::path& path) {
  if (model.pieces.empty()) throw FileError(path, "has no pieces");
  check_pieces(model, path);
  check_user_defined(model, path);
  check_special_ids(model, path);
  for (const std::string* text : {&model.unk_piece, &model.bos_piece, &model.eos_piece,
                                  &model.pad_piece, &model.unk_surface, &model.normalizer}) {
    if (!is_text(*text)) {
      throw FileError(path, fmt::format("{} is not UTF-8 without NUL", quote(*text)));
    }
  }
  check_charsmap(model.charsmap, path);
}

}  // namespace minillama
