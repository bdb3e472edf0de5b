#pragma once

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/generate/decode.h"
#include "minillama/generate/generate.h"
#include "minillama/generate/generation_options.h"
#include "minillama/text/token_ids.h"
#include "minillama/text/tokenizer.h"
#include "minillama/weights/weights.h"

namespace minillama {

/// A text's continuation, and how it came about.
struct ContinuedText {
  std::string text;
  Generation generation;
};

/// A language model and its tokenizer: text in, text out. All but use_weights() and
/// use_huge_pages() is const, and any number of threads may call it at the same time.
class TextGenerator {
 public:
  /// Throws OptionError if there are no weights.
  TextGenerator(std::shared_ptr<const Weights> weights, Tokenizer tokenizer);

  /// Whatever computes the model, such as decoder_source(module) (model/module_decoder.h).
  TextGenerator(DecoderSource model, Tokenizer tokenizer);

  /// Opens a model of any readable format (checkpoint/checkpoint.h). Its weights are used as they
  /// lie in the file. Throws FileError.
  static TextGenerator load(const std::filesystem::path& path, const OpenOptions& options = {});

  /// From now on computes with all weights in `format`, in memory of their own. Of eight bits
  /// (q8_0) they are three times as fast as float32 where memory is the limit, and nearly as good.
  /// Throws OptionError if the model is not computed from weights, or its widths are no multiples
  /// of the format's block.
  void use_weights(const WeightFormat& format);

  /// From now on computes with a copy of the weights in huge pages, which some processors read
  /// faster; use_weights() makes one anyway. Takes the weights' size of memory that no other
  /// process shares, and reads the file from end to end. Throws OptionError if the model is not
  /// computed from weights.
  void use_huge_pages();

  /// BOS and the tokens of `prompt`, which may be empty. Throws OptionError if it is not valid
  /// UTF-8 or too long for the model's context.
  TokenIds encode(std::string_view prompt, const GenerationOptions& options) const;

  /// Continues `prompt` and writes the continuation to `out` as it comes, in complete UTF-8
  /// characters; one that `decoding` lets search for, when it is found. Ends early if `out` fails.
  /// Throws like encode() and decode(), and OptionError if `decoding` asks for several.
  Generation generate(std::string_view prompt, const GenerationOptions& options, std::ostream& out,
                      const DecodingOptions& decoding = {}) const;

  /// The continuations of several prompts, several at a time: see generate_batch(). Throws like
  /// encode().
  std::vector<ContinuedText> generate_batch(const std::vector<std::string>& prompts,
                                            const GenerationOptions& options) const;

  /// The continuations of each prompt by the strategy that `decoding` asks for: see decode()
  /// (generate/decode.h). Throws like encode() and decode().
  std::vector<std::vector<ContinuedText>> decode(const std::vector<std::string>& prompts,
                                                 const GenerationOptions& options,
                                                 const DecodingOptions& decoding) const;

  /// Throws OptionError unless `draft` has the same tokens with the same ids, so that it can guess
  /// for this one: DecodingOptions::draft = draft.source().
  void check_draft(const TextGenerator& draft) const;

  /// Which weights are not used as they lie in the file, in words; usually empty.
  std::string remark() const { return weights_ ? weights_->remark : std::string(); }

  /// What computes the model.
  const DecoderSource& source() const { return model_; }

  const ModelConfig& config() const { return model_.config; }
  const Tokenizer& tokenizer() const { return tokenizer_; }

 protected:
  /// From now on computes with these weights.
  void use(std::shared_ptr<const Weights> weights);

 private:
  /// The options as this tokenizer needs them: rows of the model without a piece are never chosen.
  GenerationOptions with_vocabulary(GenerationOptions options) const;

  std::shared_ptr<const Weights> weights_;  // null if the model is computed otherwise
  DecoderSource model_;
  Tokenizer tokenizer_;
};

}  // namespace minillama
