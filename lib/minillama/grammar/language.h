#pragma once

// Not part of the public interface: sets of texts, put together of smaller ones. What reads
// patterns and schemas makes them; grammar/byte_automaton.h carries them out.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "minillama/grammar/character_set.h"

namespace minillama {

struct LanguageNode;

/// A regular set of texts. Parts may be shared. Never null, and never without a text.
using Language = std::shared_ptr<const LanguageNode>;

/// One character of a set.
struct OneCharacter {
  CharacterSet set;
};

/// A text of each part, one behind the other.
struct Sequence {
  std::vector<Language> parts;
};

/// The texts of all of them.
struct Union {
  std::vector<Language> languages;
};

/// From `least` to `most` texts (no value: any number) with a separator between two.
struct Repetition {
  Language body;
  std::size_t least;
  std::optional<std::size_t> most;
  Language separator;
};

/// Texts of the items in their order, where those that are not required may be left out, with a
/// separator between two.
struct ItemList {
  struct Item {
    Language language;
    bool is_required;
  };
  std::vector<Item> items;
  Language separator;
};

struct LanguageNode {
  std::variant<std::string, OneCharacter, Sequence, Union, Repetition, ItemList> value;
};

/// One text, byte for byte.
Language literal(std::string_view text);

/// `set` is not empty.
Language one_of(CharacterSet set);

Language in_sequence(std::vector<Language> parts);

/// `languages` is not empty.
Language any_of(std::vector<Language> languages);

Language repeated(Language body, std::size_t least, std::optional<std::size_t> most,
                  Language separator = literal(""));

Language list_of(std::vector<ItemList::Item> items, Language separator);

}  // namespace minillama
