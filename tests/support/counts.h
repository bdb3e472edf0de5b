#pragma once

#include <cstddef>
#include <string>

namespace minillama::test {

/// Notes for docs/reliability.md that a test has tried `n` inputs of a kind: the program prints the
/// sum of each kind when it ends, as "COUNT <n> <kind>".
void count(const std::string& kind, std::size_t n);

}  // namespace minillama::test
