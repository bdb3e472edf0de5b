#include "minillama/train/weight_soup.h"

#include <utility>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/core/require.h"
#include "minillama/model/adapters.h"

namespace minillama {
namespace {

void require_same_task(const ClassifierConfig& a, const ClassifierConfig& b) {
  const auto require_same = [](const char* what, const auto& one, const auto& other) {
    if (one == other) return;
    throw OptionError(fmt::format("a soup of classifiers with other {}", what));
  };
  require_same("labels", a.label_names, b.label_names);
  require_same("poolings", a.pooling, b.pooling);
  require_same("templates", a.sentence_template, b.sentence_template);
}

}  // namespace

WeightSoup::WeightSoup(Classifier model) : model_(std::move(model)) {
  require_module(model_, "the classifier");
  absorb_adapter(model_->llama);
}

void WeightSoup::add(Classifier ingredient) {
  require_module(ingredient, "the classifier");
  require_same_task(model_->config(), ingredient->config());
  absorb_adapter(ingredient->llama);
  const auto mean = parameters_of(*model_);
  const auto more = parameters_of(*ingredient);
  require(more.size() == mean.size(), "the number of an ingredient's weights", more.size(),
          fmt::format("be {}", mean.size()));
  for (std::size_t i = 0; i < mean.size(); ++i) {
    const auto& [name, tensor] = mean[i];
    if (i < more.size() && more[i].first == name && more[i].second.sizes() == tensor.sizes()) {
      continue;
    }
    throw OptionError(fmt::format("a soup of classifiers of other models: {}", quote(name)));
  }
  const torch::NoGradGuard no_grad;
  before_.clear();
  ++n_;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    const auto& [name, tensor] = mean[i];
    before_.emplace_back(name, tensor.detach().clone());
    tensor.add_((more[i].second - tensor) / n_);
  }
}

void WeightSoup::take_back() {
  if (before_.empty()) throw OptionError("nothing was added to the soup that can be taken back");
  const torch::NoGradGuard no_grad;
  const auto mean = parameters_of(*model_);
  for (std::size_t i = 0; i < mean.size(); ++i) mean[i].second.copy_(before_[i].second);
  before_.clear();
  --n_;
}

}  // namespace minillama
