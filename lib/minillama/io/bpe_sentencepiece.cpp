#include "minillama/io/bpe_sentencepiece.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"
#include "minillama/io/piece_ids.h"

namespace minillama {
namespace {

using Type = SentencePiece::Type;

constexpr const char* kSpace = "\u2581";

[[noreturn]] void refuse(std::string_view what) {
  throw OptionError(fmt::format("sentencepiece cannot hold this tokenizer: {}", what));
}

/// Whether a space is put in front of a text; nothing if a text is normalized or cut otherwise.
std::optional<bool> adds_space(const BpeRecord& record) {
  const NormalizerStep spaces = Replace{{" "}, kSpace};
  if (record.pre_tokenizer.empty() ||
      record.pre_tokenizer ==
          std::vector<PreTokenizerStep>{Split{{" "}, SplitBehavior::merged_with_previous}}) {
    // Such a split finds nothing once spaces are replaced.
    if (record.normalizer == std::vector<NormalizerStep>{spaces}) return false;
    if (record.normalizer == std::vector<NormalizerStep>{Prepend{kSpace}, spaces}) return true;
  }
  if (!record.normalizer.empty() || record.pre_tokenizer.size() != 1) return {};
  const auto* step = std::get_if<Metaspace>(&record.pre_tokenizer[0]);
  if (step == nullptr || step->splits || step->replacement != kSpace) return {};
  return step->scheme != PrependScheme::never;
}

/// How many ways there are to make a piece of two.
std::size_t count_pairs(std::string_view piece, const PieceIds& ids) {
  std::size_t count = 0;
  for (std::size_t at = utf8_character_length(piece); at < piece.size();) {
    if (ids.find(piece.substr(0, at)) >= 0 && ids.find(piece.substr(at)) >= 0) ++count;
    at += utf8_character_length(piece.substr(at));
  }
  return count;
}

/// The merges of words: those that concern no added or byte pieces, which are never merged.
std::vector<BpeMerge> merges_of_words(const BpeRecord& record, const SentencePieceModel& model) {
  auto merges = record.merges;
  std::erase_if(merges, [&](const BpeMerge& merge) {
    const auto is_word = [&](std::int32_t id) { return model.piece(id).type == Type::normal; };
    return !is_word(merge.left) || !is_word(merge.right) || !is_word(merge.result);
  });
  return merges;
}

/// Gives the pieces that merges make scores that fall from merge to merge, and the others, which
/// are characters, lower ones. Pieces whose merges are mixed were made of pieces of one score.
void score(const std::vector<BpeMerge>& merges, SentencePieceModel& model) {
  std::vector<std::size_t> last_rank(model.pieces.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    last_rank[static_cast<std::size_t>(merges[rank].result)] = rank;
  }
  std::vector<bool> is_scored(model.pieces.size());
  std::size_t last = 0;  // rank of the pieces of this score
  float score = 0;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    if (rank > last) --score;
    const auto id = static_cast<std::size_t>(merges[rank].result);
    last = std::max(last, last_rank[id]);
    model.pieces[id].score = score;
    is_scored[id] = true;
  }
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    if (!is_scored[id] && model.pieces[id].type == Type::normal) model.pieces[id].score = --score;
  }
}

}  // namespace

SentencePieceModel sentencepiece_of(const BpeRecord& record) {
  const auto prefix = adds_space(record);
  if (record.byte_level || !prefix) refuse("it normalizes or cuts texts in another way");
  if (record.drops_unknown || !record.byte_fallback || record.ignore_merges) {
    refuse("it has other rules for what is no piece");
  }
  SentencePieceModel model{.algorithm = SentencePieceModel::Algorithm::bpe,
                           .byte_fallback = true,
                           .unk_id = static_cast<std::int32_t>(record.unknown),
                           .bos_id = static_cast<std::int32_t>(record.bos),
                           .eos_id = static_cast<std::int32_t>(record.eos),
                           .normalizer = "identity",
                           .add_dummy_prefix = *prefix,
                           .remove_extra_whitespaces = false};
  for (const auto& text : record.pieces) {
    model.pieces.push_back({text, 0, byte_value(text) >= 0 ? Type::byte : Type::normal});
  }
  for (const auto& added : record.added) {
    if (added.is_word || added.strips_left || added.strips_right) {
      refuse(fmt::format("the added token {} takes spaces, or is a word",
                         quote(model.piece(added.id).text)));
    }
    model.pieces[static_cast<std::size_t>(added.id)].type =
        added.is_special ? Type::control : Type::user_defined;
  }
  model.pieces[static_cast<std::size_t>(record.unknown)].type = Type::unknown;

  std::vector<std::string> normal;
  for (const auto& piece : model.pieces) {
    if (piece.type == Type::normal) normal.push_back(piece.text);
  }
  const PieceIds ids(normal);
  std::size_t n_pairs = 0;
  for (const auto& text : normal) n_pairs += count_pairs(text, ids);
  const auto merges = merges_of_words(record, model);
  if (n_pairs != merges.size()) {
    refuse(fmt::format("it has {} merges, and its pieces {}", merges.size(), n_pairs));
  }
  score(merges, model);
  const auto name = [&](std::int32_t id, std::string& piece) {
    if (id >= 0) piece = model.piece(id).text;
  };
  name(model.unk_id, model.unk_piece);
  name(model.bos_id, model.bos_piece);
  name(model.eos_id, model.eos_piece);
  return model;
}

}  // namespace minillama
