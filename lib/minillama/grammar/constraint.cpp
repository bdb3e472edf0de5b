#include "minillama/grammar/constraint.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"
#include "minillama/grammar/byte_automaton.h"
#include "minillama/grammar/json_schema.h"
#include "minillama/grammar/language.h"
#include "minillama/grammar/regular_expression.h"
#include "minillama/grammar/shortest_completions.h"
#include "minillama/grammar/token_trie.h"

namespace minillama {
namespace {

/// More than this is not kept of what may follow.
constexpr std::size_t kMostKeptBytes = std::size_t{64} << 20;

constexpr std::int64_t kAnyNumber = std::numeric_limits<std::int64_t>::max();

Language language_of(std::span<const std::string> texts) {
  if (texts.empty()) throw OptionError("there are no choices, must be at least one");
  std::vector<Language> languages;
  for (const auto& text : texts) {
    if (text.empty()) throw OptionError("a choice is empty, must be a text");
    if (utf8_valid_prefix(text) < text.size()) {
      throw OptionError(fmt::format("choice {} is not UTF-8", quote(text)));
    }
    languages.push_back(literal(text));
  }
  return any_of(std::move(languages));
}

}  // namespace

std::shared_ptr<const Constraint> Constraint::choices(std::span<const std::string> texts,
                                                      const Vocabulary& vocabulary) {
  return std::shared_ptr<const Constraint>(new Constraint(language_of(texts), vocabulary));
}

std::shared_ptr<const Constraint> Constraint::regular_expression(std::string_view pattern,
                                                                 const Vocabulary& vocabulary) {
  return std::shared_ptr<const Constraint>(
      new Constraint(parse_regular_expression(pattern), vocabulary));
}

std::shared_ptr<const Constraint> Constraint::json_schema(std::string_view schema,
                                                          const Vocabulary& vocabulary) {
  return std::shared_ptr<const Constraint>(new Constraint(parse_json_schema(schema), vocabulary));
}

Constraint::Constraint(const Language& language, const Vocabulary& vocabulary)
    : vocabulary_(vocabulary),
      automaton_(std::make_unique<ByteAutomaton>(language)),
      shortest_(shortest_completions(*automaton_, vocabulary.trie(false))) {
  if (shortest() == kNever) {
    throw OptionError(
        "the vocabulary lacks bytes of every text that the constraint allows: it cannot be "
        "written with the model's tokens");
  }
  std::vector<bool> can_end;
  for (const auto n : shortest_) can_end.push_back(n != kNever);
  automaton_->keep_only(can_end);
}

Constraint::~Constraint() = default;

bool Constraint::accepts(std::string_view text) const {
  return automaton_->is_accepting(automaton_->next(ByteAutomaton::kStart, text));
}

Constraint::Place Constraint::begin(std::span<const std::int64_t> prompt) const {
  return {.state = ByteAutomaton::kStart, .at_start = vocabulary_.is_at_start(prompt)};
}

Constraint::Place Constraint::behind(Place place, std::int64_t token) const {
  const bool is_known = token >= 0 && token < vocabulary_.size();
  const auto text = is_known ? vocabulary_.text(token, place.at_start) : std::string();
  return {.state = text.empty() ? ByteAutomaton::kDead : automaton_->next(place.state, text)};
}

bool Constraint::may_end(Place place) const {
  return automaton_->is_accepting(place.state);
}

bool Constraint::goes_on(Place place) const {
  return automaton_->goes_on(place.state);
}

std::int64_t Constraint::shortest(Place place) const {
  if (!place.at_start) return shortest_[place.state];
  std::int64_t fewest = kAnyNumber;
  vocabulary_.trie(true).walk(*automaton_, place.state,
                              [&](std::span<const std::int64_t>, ByteAutomaton::State state) {
                                fewest = std::min(fewest, std::int64_t{1} + shortest_[state]);
                              });
  return may_end(place) ? 0 : fewest;
}

std::int64_t Constraint::shortest() const {
  return shortest_[ByteAutomaton::kStart];
}

std::shared_ptr<const std::vector<std::uint64_t>> Constraint::allowed(Place place,
                                                                      std::int64_t left) const {
  const auto bits_of = [](std::shared_ptr<const Tokens> tokens) {
    const auto* bits = &tokens->bits;
    return std::shared_ptr<const std::vector<std::uint64_t>>(std::move(tokens), bits);
  };
  const std::uint64_t key = std::uint64_t{place.state} * 2 + (place.at_start ? 1 : 0);
  std::shared_ptr<const Tokens> all;
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(key);
    if (found != known_.end()) all = found->second;
  }
  if (!all) {
    all = std::make_shared<const Tokens>(find(place, kAnyNumber));
    const std::lock_guard lock(mutex_);
    if (known_.size() * all->bits.size() * sizeof(std::uint64_t) > kMostKeptBytes) known_.clear();
    known_.emplace(key, all);
  }
  if (all->most < left) return bits_of(std::move(all));
  return bits_of(std::make_shared<const Tokens>(find(place, left)));
}

Constraint::Tokens Constraint::find(Place place, std::int64_t left) const {
  Tokens found;
  found.bits.resize((static_cast<std::size_t>(vocabulary_.size()) + 63) / 64);
  const auto add = [&](std::span<const std::int64_t> tokens, ByteAutomaton::State state) {
    const auto needed = shortest_[state];
    if (needed >= left) return;
    found.most = std::max(found.most, needed);
    for (const auto token : tokens) {
      const auto id = static_cast<std::size_t>(token);
      found.bits[id / 64] |= std::uint64_t{1} << (id % 64);
    }
  };
  vocabulary_.trie(place.at_start).walk(*automaton_, place.state, add);
  return found;
}

}  // namespace minillama
