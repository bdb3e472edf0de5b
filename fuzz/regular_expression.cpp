// A regular expression: it becomes an automaton in bounded time and memory, or is refused.

#include "minillama/grammar/regular_expression.h"

#include "minillama/grammar/byte_automaton.h"
#include "minillama/grammar/json_language.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const ByteAutomaton whole(parse_regular_expression(input));
  const auto end = whole.next(ByteAutomaton::kStart, input);
  if (end >= whole.size() || whole.is_accepting(ByteAutomaton::kDead)) std::abort();
  ByteAutomaton(parse_regular_expression(input, {.is_search = true, .character = json_character}));
}
