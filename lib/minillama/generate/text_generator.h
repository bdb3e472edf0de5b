#pragma once

#include <filesystem>
#include <ostream>
#include <string_view>

#include "minillama/checkpoint/language_model_file.h"
#include "minillama/generate/generate.h"
#include "minillama/generate/generation_options.h"
#include "minillama/model/language_model.h"
#include "minillama/text/batch.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// A language model and its tokenizer: text in, text out.
class TextGenerator {
 public:
  TextGenerator(LanguageModel model, Tokenizer tokenizer)
      : model_(std::move(model)), tokenizer_(std::move(tokenizer)) {}

  /// BOS and the tokens of `prompt`, which may be empty. Throws OptionError if it is not valid
  /// UTF-8 or too long for the model's context.
  TokenIds encode(std::string_view prompt, const GenerationOptions& options) const;

  /// Continues `prompt` and writes the continuation to `out` as it comes, in complete UTF-8
  /// characters. Ends early if `out` fails. Throws like encode().
  Generation generate(std::string_view prompt, const GenerationOptions& options, std::ostream& out);

  LanguageModel& model() { return model_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  LanguageModel model_;
  Tokenizer tokenizer_;
};

/// Reads a language model and its tokenizer, which lies beside it unless `tokenizer` names another.
/// See read_language_model() for formats and errors.
TextGenerator load_language_model(const std::filesystem::path& path,
                                  const LoadOptions& options = {},
                                  const std::filesystem::path& tokenizer = {});

}  // namespace minillama
