#include "minillama/text/batch.h"

#include <algorithm>

#include "minillama/core/check.h"

namespace minillama {

torch::Tensor concatenate(std::span<const TokenIds> sequences) {
  TokenIds all;
  for (const auto& ids : sequences) all.insert(all.end(), ids.begin(), ids.end());
  return torch::tensor(all, torch::kLong);
}

torch::Tensor pad_right(std::span<const TokenIds> sequences, std::int64_t pad_id) {
  const auto lengths = lengths_of(sequences);
  if (lengths.empty()) throw OptionError("there are no sequences to make rows of");
  const auto longest = *std::ranges::max_element(lengths);
  auto rows = torch::full({std::ssize(sequences), longest}, pad_id, torch::kLong);
  auto* row = rows.data_ptr<std::int64_t>();
  for (const auto& ids : sequences) {
    std::ranges::copy(ids, row);
    row += longest;
  }
  return rows;
}

}  // namespace minillama
