#pragma once

#include <functional>
#include <string>

#include "minillama/core/json.h"
#include "minillama/eval/explanation.h"

#include "common/arguments.h"

namespace minillama::app {

/// Explains the most probable label of a text; none: nothing is explained.
using Explainer = std::function<Explanation(const std::string& text)>;

/// What --explain occlusion asks for of `classifier`, which must outlive it; none if it was not
/// given. Throws OptionError if the classifier's answers depend on their neighbours.
Explainer occlusion(const SentenceClassifier& classifier, const Arguments& arguments);

/// Prints the words of `text` as wide as the terminal: where colours are wanted (output.h), in
/// orange if they speak for the label and in blue if against it, the stronger the more they do;
/// else with their values.
void print_explanation(const std::string& text, const Explanation& explanation);

/// The same for programs: log_odds, and of each word its text and value.
Json to_json(const std::string& text, const Explanation& explanation);

}  // namespace minillama::app
