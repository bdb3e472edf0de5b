#include "common/training_data.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/data/data_split.h"
#include "minillama/data/soft_labels.h"
#include "minillama/eval/majority.h"
#include "minillama/eval/naive_bayes.h"
#include "minillama/text/balanced_sample.h"
#include "minillama/text/treebank.h"

#include "common/classify_arguments.h"
#include "common/data_report.h"
#include "common/default_files.h"
#include "common/labelled_files.h"
#include "common/output.h"

namespace minillama::app {
namespace {

/// What is trained on, which is opened once since it may be a pipe.
class TrainingFile {
 public:
  TrainingFile(std::filesystem::path path, const Arguments& arguments) : path_(std::move(path)) {
    std::error_code error;
    if (std::filesystem::is_directory(path_, error) || arguments.text("format") == "folder") return;
    file_ = open_data_file(path_);
    has_trees_ = !arguments.given("format") && holds_trees(file_->text());
  }

  bool has_trees() const { return has_trees_; }
  const TextFile& text() const { return *file_; }
  DataRecords records(const Arguments& arguments) const {
    return file_ ? parse_records(*file_, arguments) : read_records(path_, arguments);
  }

 private:
  std::filesystem::path path_;
  std::optional<TextFile> file_;  // nothing: a folder
  bool has_trees_ = false;
};

/// The phrases of trees, but those that are sentences of dev or test.
std::vector<LabelledSentence> phrases_of(const TextFile& file, const Arguments& arguments,
                                         const TrainingData& data, bool quiet) {
  auto held_out = data.dev;
  held_out.insert(held_out.end(), data.test.begin(), data.test.end());
  const auto trees = parse_trees(file, std::ssize(data.label_names));
  auto [examples, n_held_out] =
      distinct_phrases(trees, held_out, phrase_weight(arguments.text("phrase-weights")));
  if (!quiet) {
    note("{} distinct phrases of {} trees; left out as they are sentences of dev or test: {}\n",
         examples.size(), trees.size(), n_held_out);
  }
  return examples;
}

/// Leaves a tenth of the examples of each label to evaluate on.
void take_dev(const Arguments& arguments, TrainingData& data, bool quiet) {
  const auto seed = arguments.integer("seed");
  auto [train, dev, unused] =
      split_data(data.train, {.dev = 0.1, .seed = static_cast<std::uint64_t>(seed)});
  if (dev.empty()) {
    throw OptionError(fmt::format(
        "{} examples are too few to leave some to evaluate on: give --dev", data.train.size()));
  }
  if (!quiet) {
    note("without --dev a tenth of --train is evaluated on, {} of {} texts, drawn by --seed {}\n",
         dev.size(), data.train.size(), seed);
  }
  data.train = std::move(train);
  data.dev = std::move(dev);
}

}  // namespace

TrainingData read_training_data(const Arguments& arguments, const Dataset& dataset, bool quiet) {
  const bool any_given =
      arguments.given("train") || arguments.given("dev") || arguments.given("test");
  const auto path_of = [&](const std::string& split) {
    const auto name = fmt::format("{0}/{0}-{1}.txt", dataset.name, split);
    auto path = any_given ? std::filesystem::path(arguments.text(split)) : find_data(name);
    if (!path.empty() || split == "test") return path;
    throw OptionError(any_given ? fmt::format("training needs --{} too", split)
                                : fmt::format("no data/{} found: give --{}", name, split));
  };
  const TrainingFile train(path_of("train"), arguments);
  if (train.has_trees() && label_names(arguments, dataset).empty()) {
    throw OptionError("--train holds trees, whose labels are numbers: give --label-names");
  }
  const bool splits = arguments.given("train") && !arguments.given("dev") && !train.has_trees();
  const auto records = train.has_trees() ? DataRecords{} : train.records(arguments);
  TrainingData data{.label_names = train.has_trees()
                                       ? label_names(arguments, dataset)
                                       : training_label_names(records, arguments, dataset)};
  if (!splits) data.dev = read_examples(path_of("dev"), arguments, data.label_names);
  if (const auto test = path_of("test"); !test.empty()) {
    data.test = read_examples(test, arguments, data.label_names);
  }
  if (train.has_trees()) {
    data.train = phrases_of(train.text(), arguments, data, quiet);
  } else if (arguments.given("phrase-weights")) {
    throw OptionError(fmt::format("--phrase-weights has no effect: {} holds no trees",
                                  quote(records.path.native(), 400)));
  } else {
    data.train = label_records(records, data.label_names);
  }
  if (splits) take_dev(arguments, data, quiet);
  return data;
}

void draw_training_examples(const Arguments& arguments, std::span<const std::string> label_names,
                            TrainingData& data) {
  const auto per_label = arguments.integer("train-per-label");
  const auto n_labels = std::ssize(label_names);
  if (per_label < 0 || per_label > std::numeric_limits<std::int64_t>::max() / n_labels) {
    throw OptionError(
        fmt::format("--train-per-label is {}, must be 0 or a number of examples", per_label));
  }
  if (per_label == 0) return;
  std::vector<LabelledSentence> drawn;
  for (const auto index : draw_balanced(data.train, label_names, per_label * n_labels,
                                        static_cast<std::uint64_t>(arguments.integer("seed")))) {
    drawn.push_back(std::move(data.train[index]));
  }
  data.train = std::move(drawn);
}

void read_targets(const Arguments& arguments, TrainingData& data) {
  const double share = arguments.number("soft-label-share");
  if (!arguments.given("soft-labels")) return;
  data.targets = soft_targets(
      data.train, read_soft_labels(arguments.text("soft-labels"), data.label_names), share);
}

TrainingDataCheck check_training_data(const TrainingData& data, const Tokenizer& tokenizer,
                                      std::int64_t max_tokens) {
  std::vector<DataPart> parts{{"train", data.train}, {"dev", data.dev}};
  if (!data.test.empty()) parts.push_back({"test", data.test});
  const auto n_labels = std::ssize(data.label_names);
  const auto majority = majority_label(data.train, n_labels);
  const NaiveBayes naive_bayes(data.train, n_labels);
  const auto accuracy = [&](const auto& answer) {
    const auto is_right = [&](const auto& example) {
      return answer(example.sentence) == example.label;
    };
    return static_cast<double>(std::ranges::count_if(data.dev, is_right)) /
           static_cast<double>(data.dev.size());
  };
  return {.report = check_data(parts, data.label_names,
                               {.count_tokens = token_counter(tokenizer),
                                .max_tokens = static_cast<std::size_t>(max_tokens)}),
          .majority_accuracy = accuracy([&](const std::string&) { return majority; }),
          .naive_bayes_accuracy =
              accuracy([&](const std::string& text) { return naive_bayes.classify(text); })};
}

void tell(const TrainingDataCheck& check) {
  note("{}", data_report_text(check.report));
  note("to be beaten on dev: accuracy {:.4f} of the most frequent label, {:.4f} of naive Bayes\n",
       check.majority_accuracy, check.naive_bayes_accuracy);
}

}  // namespace minillama::app
