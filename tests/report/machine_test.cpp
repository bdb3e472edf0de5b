#include "minillama/report/machine.h"

#include <algorithm>

#include "minillama/core/processors.h"
#include "minillama/core/threads.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("machine: what computes is told, each fact once and with a value") {
  const auto facts = machine_facts();
  const auto has = [&](const RunFact& fact) { return std::ranges::count(facts, fact) == 1; };
  CHECK(has({"processors", std::to_string(available_processors())}));
  CHECK(has({"threads", std::to_string(threads())}));
  for (const auto& fact : facts) {
    CHECK_FALSE(fact.value.empty());
    CHECK(std::ranges::count(facts, fact.name, &RunFact::name) == 1);
  }
}
