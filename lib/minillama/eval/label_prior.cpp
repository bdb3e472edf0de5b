#include "minillama/eval/label_prior.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

std::vector<TokenIds> content_free(const PriorPrompts& made_of) {
  const std::vector<std::string> usual{"N/A"};
  return made_of.sentence_template
      .encode(made_of.tokenizer, made_of.texts.empty() ? usual : made_of.texts, made_of.max_tokens,
              made_of.max_tokens)
      .ids;
}

std::vector<TokenIds> domain(const PriorPrompts& made_of) {
  std::vector<TokenIds> prompts;
  for (const auto& text : made_of.texts) {
    prompts.push_back(with_bos(made_of.tokenizer, made_of.tokenizer.encode(text)));
  }
  if (prompts.empty()) {
    prompts.push_back(made_of.sentence_template.encode_behind(made_of.tokenizer));
  }
  for (const auto& ids : prompts) {
    if (!ids.empty() && std::ssize(ids) <= made_of.max_tokens) continue;
    throw OptionError(
        fmt::format("a domain's premise has {} tokens, at least 1 is needed, and at most {} fit",
                    ids.size(), made_of.max_tokens));
  }
  return prompts;
}

constexpr LabelPriorKind kKinds[] = {
    {"content-free", content_free}, {"domain", domain}, {"batch", nullptr}};

double log_sum_exp(std::span<const double> values) {
  const double most = *std::ranges::max_element(values);
  double sum = 0;
  for (const double value : values) sum += std::exp(value - most);
  return most + std::log(sum);
}

}  // namespace

std::span<const LabelPriorKind> label_prior_kinds() {
  return kKinds;
}

const LabelPriorKind& label_prior_kind(const LabelPrior& prior) {
  const auto found = std::ranges::find(kKinds, prior.kind, &LabelPriorKind::name);
  if (found == std::end(kKinds)) {
    std::vector<std::string_view> names;
    for (const auto& kind : kKinds) names.push_back(kind.name);
    throw OptionError(fmt::format("the labels' prior is of the kind {}, must be {}",
                                  quote(prior.kind), fmt::join(names, " or ")));
  }
  if (found->is_of_sentences() && !prior.texts.empty()) {
    throw OptionError(fmt::format(
        "a prior of the kind {} takes no texts: it is that of the sentences", prior.kind));
  }
  return *found;
}

LabelScores log_prior(std::span<const LabelScores> scores) {
  if (scores.empty()) throw OptionError("a prior of no prompts");
  const auto n_labels = scores.front().size();
  std::vector<std::vector<double>> logs(n_labels);  // log p(l | q) of each l and q
  for (const auto& of_labels : scores) {
    if (!std::ranges::all_of(of_labels, [](double score) { return std::isfinite(score); })) {
      throw InputError("the scores of the labels are not finite: the model's weights are broken");
    }
    const double normalizer = log_sum_exp(of_labels);
    for (std::size_t label = 0; label < n_labels; ++label) {
      logs[label].push_back(of_labels.at(label) - normalizer);
    }
  }
  LabelScores prior;
  for (const auto& of_label : logs) {
    prior.push_back(log_sum_exp(of_label) - std::log(static_cast<double>(scores.size())));
  }
  return prior;
}

}  // namespace minillama
