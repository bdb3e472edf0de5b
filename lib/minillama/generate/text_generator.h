#pragma once

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/checkpoint/language_model_file.h"
#include "minillama/engine/engine_model.h"
#include "minillama/generate/generate.h"
#include "minillama/generate/generation_options.h"
#include "minillama/model/language_model.h"
#include "minillama/text/batch.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// A text's continuation, and how it came about.
struct ContinuedText {
  std::string text;
  Generation generation;
};

/// A language model and its tokenizer: text in, text out.
class TextGenerator {
 public:
  /// Throws OptionError if `model` is empty.
  TextGenerator(LanguageModel model, Tokenizer tokenizer);

  /// From now on computes with weights of eight bits (Q8_0) in place of float32 ones, which are
  /// freed: three times as fast where memory is the limit, and nearly as good. Throws OptionError
  /// if an engine does not compute the model (engine/engine_model.h) or its widths are no multiples
  /// of 32.
  void quantize();

  /// BOS and the tokens of `prompt`, which may be empty. Throws OptionError if it is not valid
  /// UTF-8 or too long for the model's context.
  TokenIds encode(std::string_view prompt, const GenerationOptions& options) const;

  /// Continues `prompt` and writes the continuation to `out` as it comes, in complete UTF-8
  /// characters. Ends early if `out` fails. Throws like encode().
  Generation generate(std::string_view prompt, const GenerationOptions& options, std::ostream& out);

  /// The continuations of several prompts, several at a time: see generate_batch(). Throws like
  /// encode().
  std::vector<ContinuedText> generate_batch(const std::vector<std::string>& prompts,
                                            const GenerationOptions& options);

  /// The model with its float32 weights; empty after quantize().
  LanguageModel& model() { return model_; }
  const ModelConfig& config() const { return quantized_ ? quantized_->config : model_->config(); }
  const Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  /// The options as this tokenizer needs them: rows of the model without a piece are never chosen.
  GenerationOptions with_vocabulary(GenerationOptions options) const;

  LanguageModel model_;  // empty when there is
  std::shared_ptr<const EngineModel> quantized_;
  Tokenizer tokenizer_;
};

/// Reads a language model and its tokenizer, which lies beside it unless `tokenizer` names another.
/// See read_language_model() for formats and errors.
TextGenerator load_language_model(const std::filesystem::path& path,
                                  const LoadOptions& options = {},
                                  const std::filesystem::path& tokenizer = {});

}  // namespace minillama
