#include "minillama/data/data_check.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "minillama/core/require.h"

namespace minillama {
namespace {

double share(std::size_t n, std::size_t all) {
  return all == 0 ? 0 : static_cast<double>(n) / static_cast<double>(all);
}

/// Where a text was seen first, and whether it was seen elsewhere, too.
struct Sighting {
  std::size_t part;
  std::int64_t label;
  bool in_two_parts = false;
  bool under_two_labels = false;
};

/// Finds what concerns texts of several parts.
class Sightings {
 public:
  explicit Sightings(DataReport& report) : report_(report) {}

  void add(const std::string& text, std::int64_t label, std::size_t part) {
    auto& seen = seen_.try_emplace(text, Sighting{part, label}).first->second;
    if (part != seen.part) note(seen.in_two_parts, report_.in_two_parts, text);
    if (label != seen.label) note(seen.under_two_labels, report_.under_two_labels, text);
  }

 private:
  static void note(bool& is_known, DataReport::Texts& texts, const std::string& text) {
    if (std::exchange(is_known, true)) return;
    if (texts.n++ == 0) texts.first = text;
  }

  DataReport& report_;
  std::unordered_map<std::string_view, Sighting> seen_;
};

DataReport::Part check_part(const DataPart& part, std::size_t n_labels,
                            const DataCheckOptions& options) {
  DataReport::Part report{.name = part.name,
                          .n_of_label = std::vector<std::size_t>(n_labels),
                          .n_examples = part.examples.size()};
  std::unordered_set<std::string_view> texts;
  for (const auto& example : part.examples) {
    const auto& text = example.sentence;
    require_below(example.label, "an example's label", n_labels);
    ++report.n_of_label[static_cast<std::size_t>(example.label)];
    if (strip(text).empty()) {
      ++report.n_empty;
      continue;
    }
    if (!texts.insert(text).second) ++report.n_duplicates;
    if (!options.count_tokens) continue;
    const auto [tokens, bytes] = options.count_tokens(text);
    report.n_tokens += tokens;
    report.n_byte_tokens += bytes;
    if (options.max_tokens > 0 && tokens > options.max_tokens) ++report.n_cut;
  }
  for (std::size_t label = 0; label < n_labels; ++label) {
    if (report.n_of_label[label] < options.few) report.few.push_back(label);
  }
  return report;
}

}  // namespace

TokenCounter token_counter(const Tokenizer& tokenizer) {
  return [&tokenizer](std::string_view text) {
    const auto ids = tokenizer.encode(text);
    const auto n_bytes =
        std::ranges::count_if(ids, [&](std::int64_t id) { return tokenizer.is_byte(id); });
    return TokenCount{.tokens = ids.size(), .bytes = static_cast<std::size_t>(n_bytes)};
  };
}

double DataReport::Part::share_of_label(std::size_t label) const {
  require_below(label, "the label", n_of_label.size());
  return share(n_of_label[label], n_examples);
}

double DataReport::Part::share_of_byte_tokens() const {
  return share(n_byte_tokens, n_tokens);
}

DataReport check_data(std::span<const DataPart> parts, std::span<const std::string> label_names,
                      const DataCheckOptions& options) {
  require(!parts.empty(), "the number of parts", parts.size(), "be at least 1");
  DataReport report{.label_names = {label_names.begin(), label_names.end()}};
  Sightings sightings(report);
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    require(names.insert(parts[i].name).second, "the name of a part", parts[i].name,
            "be another than those of other parts");
    report.parts.push_back(check_part(parts[i], label_names.size(), options));
    for (const auto& example : parts[i].examples) {
      if (!strip(example.sentence).empty()) sightings.add(example.sentence, example.label, i);
    }
  }
  return report;
}

}  // namespace minillama
