#include "common/ensemble_arguments.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/eval/ensemble.h"

namespace minillama::app {

std::shared_ptr<const SentenceClassifier> with_ensemble(
    std::shared_ptr<const SentenceClassifier> classifier, const Arguments& arguments,
    const OpenOptions& open, const LoadMember& load) {
  if (!arguments.given("ensemble")) return classifier;
  std::vector<std::shared_ptr<const SentenceClassifier>> members{std::move(classifier)};
  for (const auto& path : arguments.texts("ensemble")) {
    auto checkpoint = Checkpoint::open(path, open);
    if (!checkpoint.classifier()) {
      throw OptionError(fmt::format("--ensemble {} is no trained classifier", quote(path, 400)));
    }
    members.push_back(load(std::move(checkpoint)));
  }
  return std::make_shared<Ensemble>(std::move(members));
}

void refuse_ensemble(const Arguments& arguments, const std::filesystem::path& model) {
  if (!arguments.given("ensemble")) return;
  throw OptionError(fmt::format("--ensemble needs trained classifiers, and {} is none",
                                quote(model.native(), 400)));
}

}  // namespace minillama::app
