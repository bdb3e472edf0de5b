#include "minillama/grammar/language.h"

#include <utility>

namespace minillama {
namespace {

template <typename Value>
Language make(Value value) {
  return std::make_shared<const LanguageNode>(LanguageNode{std::move(value)});
}

}  // namespace

Language literal(std::string_view text) {
  return make(std::string(text));
}

Language one_of(CharacterSet set) {
  return make(OneCharacter{std::move(set)});
}

Language in_sequence(std::vector<Language> parts) {
  if (parts.size() == 1) return parts.front();
  return make(Sequence{std::move(parts)});
}

Language any_of(std::vector<Language> languages) {
  if (languages.size() == 1) return languages.front();
  return make(Union{std::move(languages)});
}

Language repeated(Language body, std::size_t least, std::optional<std::size_t> most,
                  Language separator) {
  return make(Repetition{std::move(body), least, most, std::move(separator)});
}

Language list_of(std::vector<ItemList::Item> items, Language separator) {
  return make(ItemList{std::move(items), std::move(separator)});
}

}  // namespace minillama
