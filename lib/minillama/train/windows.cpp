#include "minillama/train/windows.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/core/random.h"

namespace minillama {
namespace {

torch::Generator epoch_generator(std::uint64_t seed, std::int64_t epoch) {
  // Far apart, so that no two seeds share an epoch.
  return make_generator(seed * 1'000'003 + static_cast<std::uint64_t>(epoch));
}

/// The shift of an epoch: of all the whole windows one is given up for it.
std::int64_t draw_start(std::int64_t length, torch::Generator generator) {
  return torch::randint(length, {}, generator, torch::kLong).item<std::int64_t>();
}

}  // namespace

Windows::Windows(const TokenFile& ids, std::int64_t length, std::int64_t start)
    : ids_(&ids), length_(length), start_(start) {
  require(length >= 1, "window", length, "be at least 1");
  require(start >= 0, "start", start, "not be negative");
  size_ = (ids.size() - start - 1) / length;
  if (size_ < 1) {
    throw OptionError(fmt::format("{} tokens in {} are too few for a window of {} and the next one",
                                  ids.size(), quote(ids.path().native(), 400), length));
  }
}

torch::Tensor Windows::rows(std::span<const std::int64_t> numbers) const {
  for (const auto number : numbers) {
    require_below(number, "window number", size_);
  }
  auto rows = torch::empty({std::ssize(numbers), length_ + 1}, torch::kLong);
  auto* row = rows.data_ptr<std::int64_t>();
  for (const auto number : numbers) {
    ids_->copy(start_ + number * length_, {row, static_cast<std::size_t>(length_ + 1)});
    row += length_ + 1;
  }
  return rows;
}

EpochWindows::EpochWindows(const TokenFile& ids, std::int64_t length, std::uint64_t seed,
                           std::int64_t epoch)
    : windows(ids, length) {
  const auto generator = epoch_generator(seed, epoch);
  // One window is given up for the shift, where there are several.
  auto count = windows.size();
  if (count > 1) {
    windows = Windows(ids, length, draw_start(length, generator));
    --count;
  }
  const auto permutation = torch::randperm(count, generator, torch::kLong);
  const auto* begin = permutation.data_ptr<std::int64_t>();
  order.assign(begin, begin + count);
}

WindowStream::WindowStream(const TokenFile& ids, std::int64_t length, std::uint64_t seed)
    : ids_(&ids), seed_(seed), epoch_windows_(ids, length, seed, epoch_) {}

torch::Tensor WindowStream::rows(std::int64_t begin, std::int64_t count) {
  require(begin >= 0, "begin", begin, "not be negative");
  require(count >= 1, "count", count, "be at least 1");
  std::vector<torch::Tensor> parts;
  while (count > 0) {
    if (const auto epoch = begin / per_epoch(); epoch != epoch_) {
      epoch_windows_ = EpochWindows(*ids_, epoch_windows_.windows.length(), seed_, epoch);
      epoch_ = epoch;
    }
    const auto first = begin % per_epoch();
    const auto size = std::min(count, per_epoch() - first);
    parts.push_back(epoch_windows_.windows.rows(
        std::span(epoch_windows_.order)
            .subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size))));
    begin += size;
    count -= size;
  }
  return torch::cat(parts);
}

}  // namespace minillama
