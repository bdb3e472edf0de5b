#include "minillama/eval/predictions.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/core/require.h"
#include "minillama/io/atomic_file.h"
#include "minillama/text/labelled_sentences.h"
#include "minillama/text/text_file.h"

namespace minillama {
namespace {

constexpr std::string_view kSeparator = " ||| ";

std::string in_one_line(std::string sentence) {
  const auto is_line_end = [](char c) { return c == '\n' || c == '\r'; };
  std::ranges::replace_if(sentence, is_line_end, ' ');
  return sentence;
}

}  // namespace

void write_predictions(const std::filesystem::path& path, std::span<const std::int64_t> labels,
                       std::span<const std::string> sentences) {
  if (labels.size() != sentences.size()) {
    throw OptionError(fmt::format("{}: {} labels for {} sentences", quote(path.native(), 400),
                                  labels.size(), sentences.size()));
  }
  std::string lines;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    lines += fmt::format("{}{}{}\n", labels[i], kSeparator, in_one_line(sentences[i]));
  }
  write_file(path, lines);
}

std::vector<std::int64_t> read_predictions(const std::filesystem::path& path,
                                           std::span<const std::string> sentences,
                                           std::int64_t n_labels) {
  const TextFile file(path);
  auto rest = file.text();
  std::vector<std::int64_t> labels;
  while (!rest.empty()) {
    const auto line = take_line(rest);
    const auto number = labels.size() + 1;
    const auto refuse = [&](std::string_view problem) { throw FileError(path, number, problem); };
    if (const auto problem = problem_of_line(line); !problem.empty()) refuse(problem);
    if (labels.size() == sentences.size()) {
      refuse(fmt::format("is one more than the {} sentences of the set", sentences.size()));
    }
    const auto separator = line.find(kSeparator);
    if (separator == std::string_view::npos) {
      refuse(fmt::format("no \"{}\" between label and sentence: {}", kSeparator, quote(line)));
    }
    const auto text = line.substr(separator + kSeparator.size());
    const auto& sentence = sentences[labels.size()];
    if (text.find(in_one_line(sentence)) == std::string_view::npos) {
      refuse(fmt::format("is of {}, not of {}", quote(text), quote(sentence)));
    }
    labels.push_back(parse_label(line.substr(0, separator), n_labels, path, number));
  }
  if (labels.size() < sentences.size()) {
    throw FileError(path, labels.size() + 1,
                    fmt::format("is missing: the set has {} sentences", sentences.size()));
  }
  return labels;
}

void write_probabilities(const std::filesystem::path& path,
                         std::span<const std::string> label_names,
                         std::span<const std::string> sentences,
                         std::span<const std::int64_t> labels,
                         std::span<const Prediction> predictions) {
  const auto n = predictions.size();
  if (sentences.size() != n || (!labels.empty() && labels.size() != n)) {
    throw OptionError(fmt::format("{}: {} predictions for {} sentences and {} labels",
                                  quote(path.native(), 400), n, sentences.size(), labels.size()));
  }
  for (const auto label : labels) require_below(label, "label", label_names.size());
  for (const auto& prediction : predictions) {
    require_below(prediction.label, "predicted label", label_names.size());
    require(prediction.probabilities.size() == label_names.size(), "the number of probabilities",
            prediction.probabilities.size(),
            fmt::format("be that of the labels, {}", label_names.size()));
  }
  const auto name = [&](std::int64_t label) {
    return label_names[static_cast<std::size_t>(label)];
  };
  AtomicFile file(path);
  for (std::size_t i = 0; i < n; ++i) {
    Json line{{"text", sentences[i]}};
    if (!labels.empty()) line["label"] = name(labels[i]);
    line["predicted"] = name(predictions[i].label);
    auto& probabilities = line["probabilities"];
    for (std::size_t l = 0; l < label_names.size(); ++l) {
      probabilities[label_names[l]] = predictions[i].probabilities[l];
    }
    file.write(line.dump() + "\n");
  }
  file.commit();
}

}  // namespace minillama
