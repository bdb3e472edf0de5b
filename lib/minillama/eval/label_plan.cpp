#include "minillama/eval/label_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

bool starts_with(const TokenIds& ids, std::span<const std::int64_t> start) {
  return ids.size() >= start.size() &&
         std::ranges::equal(std::span(ids).first(start.size()), start);
}

}  // namespace

LabelPlan::LabelPlan(std::span<const TokenIds> label_ids) {
  if (label_ids.empty()) throw OptionError("there are no labels to score");
  for (std::size_t i = 0; i < label_ids.size(); ++i) {
    if (label_ids[i].empty()) throw OptionError(fmt::format("label {} has no tokens", i));
  }
  std::vector<TokenIds> prefixes;
  for (const auto& ids : label_ids) prefixes.emplace_back(ids.begin(), ids.end() - 1);
  // Longest first: a shorter one that starts a longer one needs no sequence of its own.
  std::ranges::stable_sort(prefixes, std::ranges::greater(), &TokenIds::size);
  for (const auto& prefix : prefixes) {
    const bool covered = std::ranges::any_of(
        continuations, [&](const auto& longer) { return starts_with(longer, prefix); });
    if (!covered) continuations.push_back(prefix);
  }

  for (const auto& ids : label_ids) {
    const auto prefix = std::span(ids).first(ids.size() - 1);
    const auto found = std::ranges::find_if(
        continuations, [&](const auto& longer) { return starts_with(longer, prefix); });
    std::vector<Term> terms;
    for (std::size_t j = 0; j < ids.size(); ++j) {
      terms.push_back({.continuation = static_cast<std::size_t>(found - continuations.begin()),
                       .offset = static_cast<std::int64_t>(j),
                       .token = ids[j]});
    }
    labels.push_back(std::move(terms));
  }
}

std::int64_t LabelPlan::longest() const {
  return continuations.empty() ? 0 : std::ssize(continuations.front());
}

}  // namespace minillama
