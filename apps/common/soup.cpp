#include "common/soup.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/model/classifier_file.h"
#include "minillama/train/weight_soup.h"

#include "common/classify_arguments.h"
#include "common/evaluate.h"
#include "common/labelled_files.h"
#include "common/output.h"
#include "common/output_files.h"

namespace minillama::app {
namespace {

struct Ingredient {
  std::string path;
  ModuleTextClassifier classifier;
  double accuracy;
};

/// Says how accurate a soup of so many is on dev, with the one that was tried last.
void tell(const Arguments& arguments, const Ingredient& tried, std::int64_t n, double accuracy,
          bool stays) {
  if (arguments.is_set("json")) {
    return print("{}\n", Json{{"ingredient", tried.path},
                              {"dev_accuracy", tried.accuracy},
                              {"ingredients", n},
                              {"soup_dev_accuracy", accuracy},
                              {"stays", stays}}
                             .dump());
  }
  print("{}: dev accuracy {:.4f}; the mean of {}: {:.4f}{}\n", tried.path, tried.accuracy, n,
        accuracy, stays ? "" : ", and it is left out");
}

}  // namespace

void make_soup(Checkpoint&& first, const std::filesystem::path& path, const Arguments& arguments,
               const Dataset& dataset, const OpenOptions& open, const LoadIngredient& load) {
  const std::filesystem::path directory = arguments.text("out-dir");
  if (!arguments.given("dev")) throw OptionError("--soup needs --dev, whose accuracy decides");
  if (directory.empty()) throw OptionError("--soup needs --out-dir, where it is kept");
  check_output_directory("out-dir", directory, path);
  if (!arguments.is_set("force")) refuse_earlier_run(directory);

  std::vector<Ingredient> ingredients;
  ingredients.push_back({path.native(), load(std::move(first)), 0});
  for (const auto& more : arguments.texts("soup")) {
    auto checkpoint = Checkpoint::open(more, open);
    if (!checkpoint.classifier()) {
      throw OptionError(fmt::format("--soup {} is no trained classifier", quote(more, 400)));
    }
    ingredients.push_back({more, load(std::move(checkpoint)), 0});
  }
  const auto& names = ingredients.front().classifier.label_names();
  const auto dev = read_examples(arguments.text("dev"), arguments, names);
  for (auto& ingredient : ingredients) {
    ingredient.accuracy = confusion_of(ingredient.classifier, dev).accuracy();
  }
  std::ranges::stable_sort(ingredients, std::greater(), &Ingredient::accuracy);

  auto& classifier = ingredients.front().classifier;
  WeightSoup soup(classifier.model());
  double best = ingredients.front().accuracy;
  tell(arguments, ingredients.front(), 1, best, true);
  for (std::size_t i = 1; i < ingredients.size(); ++i) {
    soup.add(ingredients[i].classifier.model());
    const double accuracy = confusion_of(classifier, dev).accuracy();
    const bool stays = accuracy >= best;
    tell(arguments, ingredients[i], soup.n_ingredients(), accuracy, stays);
    if (stays) {
      best = accuracy;
    } else {
      soup.take_back();
    }
  }

  classifier.model()->set_temperature(1);
  EvaluationReport report{.json = arguments.is_set("json"), .quiet = arguments.is_set("quiet")};
  report.calibrate = [&](double temperature) {
    classifier.model()->set_temperature(temperature);
    write_classifier(directory, classifier.model(), classifier.tokenizer());
  };
  evaluate(classifier, "dev", dev, out_path(arguments, dataset, "dev", "soup", directory), report);
  if (!arguments.given("test")) return;
  report.calibrate = {};
  report.labelled = dataset.test_is_labelled;
  evaluate(classifier, "test", read_examples(arguments.text("test"), arguments, names),
           out_path(arguments, dataset, "test", "soup", directory), report);
}

}  // namespace minillama::app
