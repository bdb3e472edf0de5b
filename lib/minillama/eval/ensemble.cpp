#include "minillama/eval/ensemble.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

namespace minillama {

Ensemble::Ensemble(std::vector<std::shared_ptr<const SentenceClassifier>> members)
    : members_(std::move(members)) {
  if (members_.empty()) throw OptionError("an ensemble without members");
  for (const auto& member : members_) {
    if (!member) throw OptionError("a member of the ensemble is empty");
    if (member->label_names() == label_names()) continue;
    throw OptionError(fmt::format("a member of the ensemble has the labels {}, the first one {}",
                                  quote(fmt::format("{}", fmt::join(member->label_names(), ", "))),
                                  quote(fmt::format("{}", fmt::join(label_names(), ", ")))));
  }
}

std::vector<Prediction> Ensemble::classify(std::span<const std::string> sentences) const {
  auto together = members_.front()->classify(sentences);
  for (std::size_t m = 1; m < members_.size(); ++m) {
    const auto others = members_[m]->classify(sentences);
    for (std::size_t i = 0; i < together.size(); ++i) {
      for (std::size_t l = 0; l < together[i].probabilities.size(); ++l) {
        together[i].probabilities[l] += others[i].probabilities[l];
      }
      together[i].is_shortened = together[i].is_shortened || others[i].is_shortened;
    }
  }
  for (auto& prediction : together) {
    for (auto& probability : prediction.probabilities) {
      probability /= static_cast<double>(members_.size());
    }
    const auto best = std::ranges::max_element(prediction.probabilities);
    prediction.label = best - prediction.probabilities.begin();
  }
  return together;
}

std::string Ensemble::prompt(const std::string& sentence) const {
  return members_.front()->prompt(sentence);
}

const std::vector<std::string>& Ensemble::label_names() const {
  return members_.front()->label_names();
}

bool Ensemble::answers_singly() const {
  return std::ranges::all_of(members_, [](const auto& member) { return member->answers_singly(); });
}

}  // namespace minillama
