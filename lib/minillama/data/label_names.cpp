#include "minillama/data/label_names.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "minillama/core/require.h"

namespace minillama {
namespace {

/// As many as a confusion matrix can be made of and looked at.
constexpr std::size_t kMostLabels = 4096;

bool is_integer(const std::string& label) {
  return integer_label(label).has_value();
}

/// Of many only the first.
std::string list(std::span<const std::string> names) {
  constexpr std::size_t kMostListed = 50;
  std::string text;
  for (const auto& name : names.first(std::min(names.size(), kMostListed))) {
    text += (text.empty() ? "" : ", ") + printable(name);
  }
  return names.size() > kMostListed ? fmt::format("{}, … ({})", text, names.size()) : text;
}

}  // namespace

std::optional<std::int64_t> integer_label(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

std::vector<std::string> find_label_names(const DataRecords& data) {
  std::set<std::string> different;
  for (const auto& record : data.records) {
    different.insert(record.label);
    if (different.size() <= kMostLabels) continue;
    throw record_error(data, record,
                       fmt::format("label {} is the {}th, {} are possible", quote(record.label),
                                   different.size(), kMostLabels));
  }
  if (different.size() < 2) {
    throw FileError(data.path, fmt::format("has but one label, {}: at least 2 are needed",
                                           different.empty() ? "none" : quote(*different.begin())));
  }
  std::vector<std::string> names(different.begin(), different.end());
  if (std::ranges::all_of(names, is_integer)) {
    std::ranges::stable_sort(names, {}, integer_label);
  }
  return names;
}

LabelIndex::LabelIndex(std::span<const std::string> names)
    : names_(names.begin(), names.end()), takes_integers_(std::ranges::none_of(names, is_integer)) {
  require(names.size() >= 2, "the number of labels", names.size(), "be at least 2");
  for (const auto& name : names_) {
    if (!numbers_.emplace(name, std::ssize(numbers_)).second) {
      throw OptionError(fmt::format("label name {} is there twice", quote(name)));
    }
  }
}

std::optional<std::int64_t> LabelIndex::find(const std::string& label) const {
  if (const auto found = numbers_.find(label); found != numbers_.end()) return found->second;
  const auto number = integer_label(label);
  const bool stands_for_itself =
      takes_integers_ && number && *number >= 0 && *number < std::ssize(names_);
  return stands_for_itself ? number : std::nullopt;
}

std::string LabelIndex::problem(const std::string& label) const {
  if (takes_integers_ && integer_label(label)) {
    return fmt::format("label {} lies outside 0 to {} ({})", quote(label), names_.size() - 1,
                       list(names_));
  }
  return fmt::format("label {} is not known: the labels are {}", quote(label), list(names_));
}

}  // namespace minillama
