#include "common/spelling.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace minillama::app {

std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const auto changed = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

bool is_slip_of(std::string_view word, std::string_view known) {
  return edit_distance(word, known) <= 1 + word.size() / 4;
}

}  // namespace minillama::app
