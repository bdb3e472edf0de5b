#include "minillama/model/integrated_gradients.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include <torch/autograd.h>

#include "minillama/core/check.h"
#include "minillama/core/utf8.h"
#include "minillama/nn/mode_scope.h"
#include "minillama/ops/precision.h"
#include "minillama/text/characters.h"
#include "minillama/text/sentence_template.h"
#include "minillama/text/stream_decoder.h"

namespace minillama {
namespace {

/// Tokens of the path's points that go through the model together.
constexpr std::int64_t kPassTokens = 2048;

/// A point of a path from 0 to 1, and what it counts in the integral.
struct PathPoint {
  double place;
  double weight;
};

/// Gauss and Legendre's rule on [0, 1]: the zeros of the Legendre polynomial of that degree, by
/// Newton's method.
std::vector<PathPoint> gauss_legendre(std::int64_t n) {
  std::vector<PathPoint> points;
  const auto degree = static_cast<double>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    double x = std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (degree + 0.5));
    double slope = 1;
    for (int round = 0; round < 100; ++round) {
      double before = 1, value = x;  // of degrees k - 1 and k
      for (double k = 1; k < degree; ++k) {
        before = std::exchange(value, ((2 * k + 1) * x * value - k * before) / (k + 1));
      }
      slope = degree * (x * value - before) / (x * x - 1);
      const double change = value / slope;
      x -= change;
      if (std::abs(change) < 1e-15) break;
    }
    points.push_back({(1 - x) / 2, 1 / ((1 - x * x) * slope * slope)});
  }
  return points;
}

/// What the model reads: ids [T], of which those of the text itself are [begin, end).
struct EncodedText {
  TokenIds ids;
  std::size_t begin = 0;
  std::size_t end = 0;
};

EncodedText encoded_text(const ModuleTextClassifier& classifier, const std::string& text,
                         const ClassifierConfig& config) {
  const std::vector<std::string> both{text, ""};
  auto encoded = classifier.encode(both).ids;
  const auto n_behind =
      SentenceTemplate(config.sentence_template).ids_behind(classifier.tokenizer()).size();
  const auto n_around = encoded[1].size();
  EncodedText out{.ids = std::move(encoded[0])};
  out.begin = n_around - n_behind;
  out.end = out.ids.size() - n_behind;
  return out;
}

/// Of each token of the text the number of its word: of the one that its first character is in, or,
/// of a token without any, that the next character is in.
std::vector<std::size_t> words_of_tokens(const EncodedText& text, const Tokenizer& tokenizer,
                                         std::size_t n_words) {
  const std::span<const std::int64_t> ids = text.ids;
  StreamDecoder decoder(tokenizer, ids.first(text.begin));
  std::vector<std::size_t> words;
  std::size_t begun = 0;  // words
  bool in_word = false;
  for (const auto id : ids.subspan(text.begin, text.end - text.begin)) {
    const auto characters = decoder.push(id);
    // Bytes of an unfinished character are of the word that it stands in.
    auto word = in_word && characters.empty() ? begun - 1 : begun;
    bool is_first = true;
    for (std::string_view rest = characters; !rest.empty();) {
      const auto character = rest.substr(0, utf8_character_length(rest));
      const bool is_space = is_white_space(utf8_code_point(character));
      if (!is_space && !in_word) ++begun;
      in_word = !is_space;
      if (in_word && std::exchange(is_first, false)) word = begun - 1;
      rest.remove_prefix(character.size());
    }
    words.push_back(std::min(word, n_words - 1));
  }
  return words;
}

/// log_odds() of logits [B, L] -> [B].
torch::Tensor log_odds_of(const torch::Tensor& logits, std::int64_t label, double temperature) {
  const auto scores = logits / temperature;
  const auto others = torch::cat(
      {scores.narrow(1, 0, label), scores.narrow(1, label + 1, scores.size(1) - label - 1)}, 1);
  return scores.select(1, label) - others.logsumexp(1);
}

/// F of embeddings [B, T, D] -> [B].
torch::Tensor log_odds_at(Classifier& model, const torch::Tensor& embeddings, std::int64_t label) {
  const auto sequences = Sequences::rectangle(embeddings.size(0), embeddings.size(1));
  const auto hidden = model->llama->forward_embedded(embeddings.flatten(0, 1), sequences);
  return log_odds_of(model->classify(model->pool(hidden, sequences)), label,
                     model->config().temperature);
}

}  // namespace

IntegratedGradients integrated_gradients(ModuleTextClassifier& classifier, const std::string& text,
                                         const IntegratedGradientsOptions& options) {
  auto& model = classifier.model();
  require(options.steps >= 1, "steps", options.steps, "be at least 1");
  if (!classifier.answers_singly()) {
    throw OptionError(
        "no explanation by gradients: this classifier's answers depend on what a text is "
        "classified with");
  }
  if (options.label) {
    require_below(*options.label, "the label", classifier.label_names().size());
  }
  const auto words = text_words(text);
  const auto prediction = classifier.classify(std::span(&text, 1)).front();
  const auto label = options.label.value_or(prediction.label);
  IntegratedGradients result{
      .explanation = {.label = label, .log_odds = log_odds(prediction, label)},
      .baseline_log_odds = log_odds(prediction, label)};
  for (const auto& word : words) result.explanation.words.push_back({word, 0});
  const auto encoded = encoded_text(classifier, text, model->config());
  if (words.empty() || encoded.begin == encoded.end) return result;

  const ModeScope evaluating(*model, Mode::evaluation);
  const PrecisionScope exact(Precision::float32, model->llama->device());
  const auto ids = torch::tensor(encoded.ids, torch::kLong).to(model->llama->device());
  torch::Tensor input, path;  // [T, D]; from the baseline to it
  {
    const torch::NoGradGuard no_grad;
    input = model->llama->tok_embeddings(ids);
    path = torch::zeros_like(input);
    const auto begin = static_cast<std::int64_t>(encoded.begin);
    const auto n = static_cast<std::int64_t>(encoded.end - encoded.begin);
    path.narrow(0, begin, n).copy_(input.narrow(0, begin, n));
    result.baseline_log_odds =
        log_odds_at(model, (input - path).unsqueeze(0), label)[0].item<double>();
  }
  const auto points = gauss_legendre(options.steps);
  const auto at_once = std::max<std::int64_t>(1, kPassTokens / std::ssize(encoded.ids));
  auto gradient = torch::zeros(input.sizes(), torch::kDouble);
  for (std::int64_t first = 0; first < options.steps; first += at_once) {
    const auto n = std::min(at_once, options.steps - first);
    std::vector<double> places, weights;
    for (auto i = first; i < first + n; ++i) {
      places.push_back(points[static_cast<std::size_t>(i)].place);
      weights.push_back(points[static_cast<std::size_t>(i)].weight);
    }
    const auto as_column = [&](const std::vector<double>& values) {
      return torch::tensor(values, torch::kDouble).to(input.options()).view({-1, 1, 1});
    };
    auto embeddings = (input - path + as_column(places) * path).requires_grad_(true);
    const auto gradients =
        torch::autograd::grad({log_odds_at(model, embeddings, label).sum()}, {embeddings}).front();
    gradient += (gradients * as_column(weights)).sum(0).to(torch::kCPU, torch::kDouble);
  }
  const auto values = (gradient * path.to(torch::kCPU, torch::kDouble)).sum(1);  // [T]
  const auto of_words = words_of_tokens(encoded, classifier.tokenizer(), words.size());
  for (std::size_t i = 0; i < of_words.size(); ++i) {
    result.explanation.words[of_words[i]].value +=
        values[static_cast<std::int64_t>(encoded.begin + i)].item<double>();
  }
  return result;
}

}  // namespace minillama
