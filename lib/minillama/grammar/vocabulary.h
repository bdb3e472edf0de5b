#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "minillama/text/tokenizer.h"

namespace minillama {

class TokenTrie;

/// The bytes that each token of a tokenizer adds to a text, laid out for constraints. Making one
/// takes some tens of milliseconds, so whoever makes many constraints keeps it; copies share what
/// they hold. May be used from several threads at once.
class Vocabulary {
 public:
  /// A tokenizer may be given wherever this is wanted. The token for what is unknown, and all that
  /// have no text, as BOS and the markers of a chat, are never part of a text.
  Vocabulary(const Tokenizer& tokenizer);  // NOLINT(google-explicit-constructor)

  std::int64_t size() const;

  /// Whether behind these tokens a token has the text that it has at the start of one: where they
  /// have none, tokenizers drop the space in front of a word.
  bool is_at_start(std::span<const std::int64_t> tokens) const;

  /// The bytes that a token adds; empty if it is never part of a text.
  const std::string& text(std::int64_t token, bool at_start) const;

  /// The library's own: all of these texts.
  const TokenTrie& trie(bool at_start) const;

 private:
  struct Parts;
  std::shared_ptr<const Parts> parts_;
};

}  // namespace minillama
