// A JSON schema: it becomes an automaton in bounded time and memory, or is refused.

#include "minillama/grammar/json_schema.h"

#include "minillama/grammar/byte_automaton.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const ByteAutomaton automaton(parse_json_schema(input));
  // Nothing that is written ends with a space.
  if (automaton.is_accepting(automaton.next(ByteAutomaton::kStart, " "))) std::abort();
}
