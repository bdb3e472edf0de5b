#pragma once

// Not part of the public interface: a tokenizer by byte pairs, as its files describe it.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace minillama {

/// What is looked for in a text: these characters, or a regular expression of Oniguruma's, which is
/// what Hugging Face's tokenizers use.
struct TextPattern {
  std::string text;
  bool is_regex = false;

  bool operator==(const TextPattern&) const = default;
};

// Steps of normalization, in the terms of Hugging Face's tokenizers.

/// Unicode's normalization forms (Unicode Standard Annex #15).
enum class UnicodeForm { nfc, nfd, nfkc, nfkd };

struct Lowercase {
  bool operator==(const Lowercase&) const = default;
};

/// Puts `text` in front of a text that is not empty.
struct Prepend {
  std::string text;

  bool operator==(const Prepend&) const = default;
};

struct Replace {
  TextPattern pattern;
  std::string content;

  bool operator==(const Replace&) const = default;
};

/// Removes white space at the ends.
struct StripSpace {
  bool left = true;
  bool right = true;

  bool operator==(const StripSpace&) const = default;
};

using NormalizerStep = std::variant<UnicodeForm, Lowercase, Prepend, Replace, StripSpace>;

// Steps of pre-tokenization: a text becomes pieces, each of which is merged for itself.

enum class SplitBehavior { isolated, removed, merged_with_previous, merged_with_next, contiguous };

/// Cuts around what a pattern finds or, inverted, around what is in between.
struct Split {
  TextPattern pattern;
  SplitBehavior behavior = SplitBehavior::isolated;
  bool is_inverted = false;

  bool operator==(const Split&) const = default;
};

/// Which pieces get a space in front where they have none.
enum class PrependScheme { never, first, always };

/// A space in front of every piece that does not begin with one.
struct PrefixSpace {
  bool operator==(const PrefixSpace&) const = default;
};

/// Spaces become `replacement`; one is put in front, and cut before if `splits`.
struct Metaspace {
  std::string replacement;
  PrependScheme scheme = PrependScheme::always;
  bool splits = true;

  bool operator==(const Metaspace&) const = default;
};

using PreTokenizerStep = std::variant<Split, PrefixSpace, Metaspace>;

/// How pieces become text.
struct BpeDecoding {
  /// What is done to each piece, but the byte pieces.
  using Step = std::variant<Replace, Metaspace>;

  bool byte_level = false;     ///< pieces spell bytes (text/byte_alphabet.h); then nothing below
  bool byte_fallback = false;  ///< "<0x41>" is a byte
  std::vector<Step> steps = {};
  char strip_character = 0;     ///< one of ASCII that is removed in front of the text …
  std::size_t strip_count = 0;  ///< … at most so often

  bool operator==(const BpeDecoding&) const = default;
};

/// A token that is looked for in the text before anything else.
struct AddedPiece {
  std::int32_t id = 0;
  bool is_special = false;     ///< has no text
  bool is_normalized = false;  ///< is looked for in the normalized text
  bool is_word = false;        ///< not where a letter or digit stands beside it
  bool strips_left = false;    ///< takes the white space on that side
  bool strips_right = false;
  bool is_mergeable = true;  ///< the vocabulary that is merged has it, too

  bool operator==(const AddedPiece&) const = default;
};

/// Pieces that become one: the result is the piece of both texts.
struct BpeMerge {
  std::int32_t left = 0;
  std::int32_t right = 0;
  std::int32_t result = 0;

  bool operator==(const BpeMerge&) const = default;
};

/// A tokenizer by byte pairs (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909).
struct BpeRecord {
  std::vector<std::string> pieces;  ///< the index is the id
  std::vector<BpeMerge> merges;     ///< the first goes first
  std::vector<AddedPiece> added;    ///< by increasing id

  std::vector<NormalizerStep> normalizer;
  std::vector<PreTokenizerStep> pre_tokenizer;
  bool byte_level = false;     ///< pieces spell bytes (text/byte_alphabet.h), not characters
  bool byte_fallback = false;  ///< a character without a piece becomes pieces "<0x41>"
  bool fuse_unknown = false;   ///< neighbours without a piece become one UNKNOWN
  bool ignore_merges = false;  ///< a word that is a piece becomes it, whatever the merges
  BpeDecoding decoding;

  bool drops_unknown = true;  ///< characters without a piece are left out, else UNKNOWN
  std::int64_t unknown = -1;  ///< -1: none; so for the next three
  std::int64_t bos = -1;
  std::int64_t eos = -1;
  std::int64_t pad = -1;
  bool adds_bos = false;  ///< where no other file says
};

}  // namespace minillama
