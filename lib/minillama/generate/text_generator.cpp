#include "minillama/generate/text_generator.h"

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/text/stream_decoder.h"

namespace minillama {

TextGenerator::TextGenerator(std::shared_ptr<const Weights> weights, Tokenizer tokenizer)
    : weights_(weights),
      model_(decoder_source(std::move(weights))),
      tokenizer_(std::move(tokenizer)) {}

TextGenerator::TextGenerator(DecoderSource model, Tokenizer tokenizer)
    : model_(std::move(model)), tokenizer_(std::move(tokenizer)) {}

TextGenerator TextGenerator::load(const std::filesystem::path& path, const OpenOptions& options) {
  const auto checkpoint = Checkpoint::open(path, options);
  return {std::make_shared<const Weights>(checkpoint.language_model()), checkpoint.tokenizer()};
}

TokenIds TextGenerator::encode(std::string_view prompt, const GenerationOptions& options) const {
  auto ids = with_bos(tokenizer_, tokenizer_.encode(prompt));
  check_prompt(ids, config(), options);
  return ids;
}

GenerationOptions TextGenerator::with_vocabulary(GenerationOptions options) const {
  if (options.vocabulary == 0) options.vocabulary = tokenizer_.vocab_size();
  return options;
}

void TextGenerator::use_weights(const WeightFormat& format) {
  if (!weights_) {
    throw OptionError(
        fmt::format("weights of type {} (--weights {}) need a model that an engine "
                    "computes",
                    format.name, format.name));
  }
  use(std::make_shared<const Weights>(converted(*weights_, format)));
}

void TextGenerator::use_huge_pages() {
  if (!weights_) {
    throw OptionError("huge pages (--huge-pages) need a model that an engine computes");
  }
  use(std::make_shared<const Weights>(copied(*weights_)));
}

void TextGenerator::use(std::shared_ptr<const Weights> weights) {
  weights_ = std::move(weights);
  model_ = decoder_source(weights_);
}

Generation TextGenerator::generate(std::string_view prompt, const GenerationOptions& options,
                                   std::ostream& out) const {
  const auto ids = encode(prompt, options);
  StreamDecoder stream(tokenizer_, ids);
  const auto on_token = [&](std::int64_t id) {
    out << stream.push(id) << std::flush;
    return out.good();
  };
  const auto own = with_vocabulary(options);
  const auto stop_ids = tokenizer_.stop_ids();
  auto generation = minillama::generate(model_, ids, own, stop_ids, on_token);
  out << stream.flush() << std::flush;
  return generation;
}

std::vector<ContinuedText> TextGenerator::generate_batch(const std::vector<std::string>& prompts,
                                                         const GenerationOptions& options) const {
  Prompts ids;
  for (const auto& prompt : prompts) ids.push_back(encode(prompt, options));
  const auto own = with_vocabulary(options);
  const auto stop_ids = tokenizer_.stop_ids();
  auto generations = minillama::generate_batch(model_, ids, own, stop_ids);
  std::vector<ContinuedText> texts;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    StreamDecoder stream(tokenizer_, ids[i]);
    std::string text;
    for (const auto id : generations[i].ids) text += stream.push(id);
    text += stream.flush();
    texts.push_back({std::move(text), std::move(generations[i])});
  }
  return texts;
}

}  // namespace minillama
