#include "common/sentences.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/text/text_file.h"

#include "common/output.h"
#include "common/typed_lines.h"

namespace minillama::app {
namespace {

/// How answers are told.
struct Telling {
  bool json = false;
  const Explainer& explain;
};

void print_answer(const SentenceClassifier& classifier, const Prediction& prediction,
                  const std::string& sentence, const Telling& telling) {
  const auto label = static_cast<std::size_t>(prediction.label);
  const auto& name = classifier.label_names()[label];
  const double probability = prediction.probabilities[label];
  std::optional<Explanation> why;
  if (telling.explain) why = telling.explain(sentence);
  if (telling.json) {
    Json line{{"label", prediction.label},
              {"name", name},
              {"probability", probability},
              {"text", sentence}};
    if (why) line["explanation"] = to_json(sentence, *why);
    print("{}\n", line.dump());
  } else {
    print("{}  {:.2f}\n", printable(name), probability);
    if (why) print_explanation(sentence, *why);
  }
}

/// Answers `lines` in their order. A blank one has no label, but its answer, so that answer n stays
/// line n's. Returns how many were shortened.
std::int64_t classify_lines(const SentenceClassifier& classifier,
                            std::span<const std::string> lines, const Telling& telling) {
  std::vector<std::string> sentences;
  std::ranges::remove_copy_if(lines, std::back_inserter(sentences), is_blank);
  std::vector<Prediction> predictions;
  if (!sentences.empty())
    predictions = classifier.classify(std::span<const std::string>(sentences));
  auto prediction = predictions.begin();
  for (const auto& line : lines) {
    if (!is_blank(line)) {
      print_answer(classifier, *prediction++, line, telling);
    } else if (telling.json) {
      const Json blank{{"blank", true}, {"text", line}};
      print("{}\n", blank.dump());
    } else {
      print("\n");
    }
  }
  return std::ranges::count_if(predictions, &Prediction::is_shortened);
}

/// Many lines at a time: sentences of similar length are computed together.
std::int64_t classify_file(const SentenceClassifier& classifier, const TextFile& file,
                           const Telling& telling) {
  file.check();
  const std::size_t at_once = classifier.answers_singly() ? 1024 : 1;
  std::int64_t n_shortened = 0;
  std::vector<std::string> lines;
  for (auto rest = file.text(); !rest.empty();) {
    lines.emplace_back(take_line(rest));
    if (lines.size() < at_once && !rest.empty()) continue;
    n_shortened += classify_lines(classifier, lines, telling);
    lines.clear();
  }
  return n_shortened;
}

/// Each line when it comes: whoever writes them may wait for the answer.
std::int64_t classify_stream(const SentenceClassifier& classifier,
                             const std::filesystem::path& path, const Telling& telling) {
  std::int64_t n_shortened = 0;
  TypedLines lines(path);
  while (const auto line = lines.next())
    n_shortened += classify_lines(classifier, {&*line, 1}, telling);
  return n_shortened;
}

}  // namespace

void classify_sentences(const SentenceClassifier& classifier, const Arguments& arguments,
                        bool quiet, const Explainer& explain) {
  const Telling telling{.json = arguments.is_set("json"), .explain = explain};
  std::int64_t n_shortened = 0;
  if (!arguments.positional().empty()) {
    for (const auto& sentence : arguments.positional()) {
      const auto prediction = classifier.classify(std::span(&sentence, 1)).front();
      print_answer(classifier, prediction, sentence, telling);
      n_shortened += prediction.is_shortened ? 1 : 0;
    }
  } else {
    const std::filesystem::path path = arguments.given("file") ? arguments.text("file") : "-";
    if (path == "-" && ::isatty(STDIN_FILENO) != 0 && !quiet) {
      note("Type sentences, one a line; Ctrl-D ends.\n");
    }
    if (is_stream(path)) {
      n_shortened = classify_stream(classifier, path, telling);
    } else {
      n_shortened = classify_file(classifier, TextFile(path), telling);
    }
  }
  if (n_shortened > 0) {
    note("{} sentences were shortened to fit the model's context\n", n_shortened);
  }
}

}  // namespace minillama::app
