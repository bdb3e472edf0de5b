#include "minillama/data/soft_labels.h"

#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/require.h"
#include "minillama/data/data_records.h"
#include "minillama/data/json_line.h"

namespace minillama {
namespace {

std::vector<double> read_probabilities(const Json& object, std::span<const std::string> label_names,
                                       const std::filesystem::path& path, std::size_t line) {
  if (!object.is_object()) {
    throw FileError(
        path, line,
        fmt::format("field \"probabilities\" is {}, must be an object of labels", shown(object)));
  }
  std::vector<double> probabilities;
  for (const auto& name : label_names) {
    const Json& value = json_field(object, name, path, line);
    const double p = value.is_number() ? value.get<double>() : -1;
    if (!(p >= 0 && p <= 1)) {
      throw FileError(path, line,
                      fmt::format("the probability of {} is {}, must lie in [0, 1]", quote(name),
                                  shown(value)));
    }
    probabilities.push_back(p);
  }
  if (object.size() != label_names.size()) {
    throw FileError(path, line,
                    fmt::format("has probabilities of {} labels, there are {}", object.size(),
                                label_names.size()));
  }
  const double sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  if (std::abs(sum - 1) > 1e-3) {
    throw FileError(path, line, fmt::format("the probabilities' sum is {}, must be 1", sum));
  }
  for (double& p : probabilities) p /= sum;
  return probabilities;
}

}  // namespace

SoftLabels read_soft_labels(const std::filesystem::path& path,
                            std::span<const std::string> label_names) {
  const auto file = open_data_file(path);
  SoftLabels soft_labels;
  auto rest = file.text();
  for (std::size_t line = 1; !strip(rest).empty(); ++line) {
    const auto object = parse_json_object(take_line(rest), path, line);
    auto text = json_string(object, "text", path, line);
    soft_labels.insert_or_assign(std::move(text),
                                 read_probabilities(json_field(object, "probabilities", path, line),
                                                    label_names, path, line));
  }
  if (soft_labels.empty()) throw FileError(path, "holds no soft label");
  return soft_labels;
}

std::vector<std::vector<double>> soft_targets(std::span<const LabelledSentence> examples,
                                              const SoftLabels& soft_labels, double share) {
  require(share >= 0 && share <= 1, "soft-label-share", share, "lie in [0, 1]");
  std::vector<std::vector<double>> targets;
  for (const auto& example : examples) {
    const auto found = soft_labels.find(example.sentence);
    if (found == soft_labels.end()) {
      throw OptionError(
          fmt::format("there is no soft label of the text {}", quote(example.sentence)));
    }
    auto& target = targets.emplace_back(found->second);
    const auto label = static_cast<std::size_t>(example.label);
    require_below(label, "the label of an example", target.size());
    for (double& p : target) p *= share;
    target[label] += 1 - share;
  }
  return targets;
}

}  // namespace minillama
