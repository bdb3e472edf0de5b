#include "minillama/ops/sequences.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "minillama/core/check.h"
#include "minillama/text/batches.h"

namespace minillama {

Sequences::Sequences(std::vector<std::int64_t> lengths) : lengths_(std::move(lengths)) {
  if (lengths_.empty()) throw OptionError("a batch without sequences");
  require_lengths(lengths_, 1);
  longest_ = *std::max_element(lengths_.begin(), lengths_.end());
  n_tokens_ = std::accumulate(lengths_.begin(), lengths_.end(), std::int64_t{0});
}

Sequences Sequences::rectangle(std::int64_t batch, std::int64_t length) {
  require(batch >= 1, "the number of sequences", batch, "be at least 1");
  return Sequences(std::vector<std::int64_t>(static_cast<std::size_t>(batch), length));
}

torch::Tensor Sequences::positions(torch::Device device) const {
  auto positions = torch::empty({n_tokens_}, torch::kLong);
  auto* next = positions.data_ptr<std::int64_t>();
  for (const auto length : lengths_) {
    std::iota(next, next + length, 0);
    next += length;
  }
  return positions.to(device);
}

torch::Tensor Sequences::last_tokens(torch::Device device) const {
  return torch::tensor(lengths_, torch::kLong).cumsum(0).sub_(1).to(device);
}

torch::Tensor Sequences::padding(torch::Device device) const {
  const auto lengths = torch::tensor(lengths_, torch::kLong).unsqueeze(1);
  return (torch::arange(longest_) >= lengths).to(device);
}

torch::Tensor Sequences::places(torch::Device device) const {
  auto places = torch::empty({n_tokens_}, torch::kLong);
  auto* next = places.data_ptr<std::int64_t>();
  std::int64_t row_start = 0;
  for (const auto length : lengths_) {
    std::iota(next, next + length, row_start);
    next += length;
    row_start += longest_;
  }
  return places.to(device);
}

torch::Tensor Sequences::to_rows(const torch::Tensor& tokens) const {
  if (!tokens.defined() || tokens.dim() == 0 || tokens.size(0) != n_tokens_) {
    throw OptionError(fmt::format("tokens are {}, must be [{}, …]", describe(tokens), n_tokens_));
  }
  if (all_equal()) return tokens.unflatten(0, {size(), longest_});
  auto shape = tokens.sizes().vec();
  shape[0] = size() * longest_;
  return tokens.new_zeros(shape)
      .index_copy(0, places(tokens.device()), tokens)
      .unflatten(0, {size(), longest_});
}

torch::Tensor Sequences::to_tokens(const torch::Tensor& rows) const {
  if (!rows.defined() || rows.dim() < 2 || rows.size(0) != size() || rows.size(1) != longest_) {
    throw OptionError(
        fmt::format("rows are {}, must be [{}, {}, …]", describe(rows), size(), longest_));
  }
  const auto flat = rows.flatten(0, 1);
  return all_equal() ? flat : flat.index_select(0, places(rows.device()));
}

}  // namespace minillama
