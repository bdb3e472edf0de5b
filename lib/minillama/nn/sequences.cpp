#include "minillama/nn/sequences.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace minillama {

Sequences::Sequences(std::vector<std::int64_t> lengths) : lengths_(std::move(lengths)) {
  TORCH_CHECK(!lengths_.empty(), "a batch without sequences");
  for (const auto length : lengths_) TORCH_CHECK(length > 0, "a sequence of length ", length);
  longest_ = *std::max_element(lengths_.begin(), lengths_.end());
  n_tokens_ = std::accumulate(lengths_.begin(), lengths_.end(), std::int64_t{0});
}

Sequences Sequences::rectangle(std::int64_t batch, std::int64_t length) {
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
  if (all_equal()) return tokens.unflatten(0, {size(), longest_});
  auto shape = tokens.sizes().vec();
  shape[0] = size() * longest_;
  return tokens.new_zeros(shape)
      .index_copy(0, places(tokens.device()), tokens)
      .unflatten(0, {size(), longest_});
}

torch::Tensor Sequences::to_tokens(const torch::Tensor& rows) const {
  const auto flat = rows.flatten(0, 1);
  return all_equal() ? flat : flat.index_select(0, places(rows.device()));
}

}  // namespace minillama
