#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace minillama {

/// What a classifier says about one sentence.
struct Prediction {
  std::int64_t label = 0;             ///< the most probable one
  std::vector<double> probabilities;  ///< of each label, adding up to 1
  bool is_shortened = false;          ///< whether the sentence was cut at its end to fit
};

/// The same for a reader.
struct Classification {
  std::int64_t label;  ///< the most probable one
  std::string name;    ///< of that label
  double probability;  ///< of that label
};

/// The prediction that goes with log-probabilities, or scores that differ from them by a constant.
/// Throws InputError if one is not finite: then the model's weights are broken.
/// Throws OptionError if there are none.
Prediction to_prediction(const std::vector<double>& scores);

/// Text in, label out, however it is found. All functions may be called from any number of threads
/// at the same time, unless a class says otherwise.
class SentenceClassifier {
 public:
  virtual ~SentenceClassifier() = default;

  /// One prediction for each sentence. Throws OptionError if one is not valid UTF-8, InputError if
  /// the model's scores are not finite.
  virtual std::vector<Prediction> classify(std::span<const std::string> sentences) const = 0;

  /// The text that is put before the model for `sentence`.
  virtual std::string prompt(const std::string& sentence) const = 0;

  virtual const std::vector<std::string>& label_names() const = 0;

  /// Whether a sentence's prediction is the same whatever sentences it is classified with, but for
  /// rounding.
  virtual bool answers_singly() const { return true; }

  /// One sentence.
  Classification classify(const std::string& sentence) const;
};

}  // namespace minillama
