#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "minillama/grammar/vocabulary.h"

namespace minillama {

class ByteAutomaton;
struct LanguageNode;

/// Which texts may be written behind a prompt: GenerationOptions::constraint. What is written is
/// always the beginning of one of them, ends where it is one, and ends within max_new_tokens:
/// docs/constrained.md.
///
///     const auto stars = Constraint::regular_expression("[1-5] stars?", lm.tokenizer());
///     lm.generate("I give it ", {.max_new_tokens = 8, .constraint = stars}, std::cout);
///
/// The texts are a regular language over bytes, read by a deterministic automaton (Willard & Louf
/// 2023, "Efficient guided generation for large language models", arXiv:2307.09702). May be used
/// from several threads at once, and for any number of texts.
///
/// All makers throw OptionError that names what cannot be used and where, also if the constraint
/// would be too large (65536 states), or no text of it can be spelled in single bytes of the
/// vocabulary.
class Constraint {
 public:
  /// One of these texts, which are UTF-8 and not empty.
  static std::shared_ptr<const Constraint> choices(std::span<const std::string> texts,
                                                   const Vocabulary& vocabulary);

  /// A text that the whole of a regular expression matches: of ECMAScript's, with flag u, what
  /// docs/constrained.md lists.
  static std::shared_ptr<const Constraint> regular_expression(std::string_view pattern,
                                                              const Vocabulary& vocabulary);

  /// A JSON text that a JSON schema (2020-12) describes: properties stand in the schema's order,
  /// and a space may stand behind `,` and `:` and nowhere else. docs/constrained.md lists what a
  /// schema may say.
  static std::shared_ptr<const Constraint> json_schema(std::string_view schema,
                                                       const Vocabulary& vocabulary);

  ~Constraint();

  const Vocabulary& vocabulary() const { return vocabulary_; }

  /// Whether the text is allowed.
  bool accepts(std::string_view text) const;

  // How a text is followed.

  /// Where a text stands.
  struct Place {
    std::uint32_t state;
    bool at_start = false;  ///< of everything: see Vocabulary::is_at_start()
  };

  /// Behind a prompt.
  Place begin(std::span<const std::int64_t> prompt) const;
  /// Behind one token more. One that is not allowed leads to a place where nothing is.
  Place behind(Place place, std::int64_t token) const;

  bool may_end(Place place) const;  ///< the text is complete
  bool goes_on(Place place) const;  ///< it may become longer

  /// So many tokens are enough to complete the text; very many if none do.
  std::int64_t shortest(Place place) const;
  /// The same of the whole text.
  std::int64_t shortest() const;

  /// The tokens that may come next, a bit for each: those behind which `left` - 1 tokens are enough
  /// to complete the text. A place's are kept, so that only the first time takes long.
  std::shared_ptr<const std::vector<std::uint64_t>> allowed(Place place, std::int64_t left) const;

 private:
  Constraint(const std::shared_ptr<const LanguageNode>& language, const Vocabulary& vocabulary);

  struct Tokens {
    std::vector<std::uint64_t> bits;
    std::uint32_t most = 0;  // that are needed behind one of them
  };
  Tokens find(Place place, std::int64_t left) const;

  Vocabulary vocabulary_;
  std::unique_ptr<ByteAutomaton> automaton_;
  std::vector<std::uint32_t> shortest_;  // of each state
  mutable std::mutex mutex_;             // of what follows
  mutable std::unordered_map<std::uint64_t, std::shared_ptr<const Tokens>> known_;
};

}  // namespace minillama
