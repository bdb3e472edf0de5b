#include "minillama/generate/text_generator.h"

#include "minillama/core/check.h"
#include "minillama/text/stream_decoder.h"

namespace minillama {

TextGenerator::TextGenerator(LanguageModel model, Tokenizer tokenizer)
    : model_(std::move(model)), tokenizer_(std::move(tokenizer)) {
  require_module(model_, "the language model");
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

void TextGenerator::quantize() {
  if (quantized_) return;
  if (!suits_engine(model_)) {
    throw OptionError(
        "weights of type q8_0 (--weights q8_0) need a causal model in float32 on the CPU, its "
        "adapter "
        "merged");
  }
  quantized_ = std::make_shared<const EngineModel>(quantize_weights(model_));
  model_ = nullptr;
}

Generation TextGenerator::generate(std::string_view prompt, const GenerationOptions& options,
                                   std::ostream& out) {
  const auto ids = encode(prompt, options);
  StreamDecoder stream(tokenizer_, ids);
  const auto on_token = [&](std::int64_t id) {
    out << stream.push(id) << std::flush;
    return out.good();
  };
  const auto own = with_vocabulary(options);
  const auto stop_ids = tokenizer_.stop_ids();
  auto generation = quantized_ ? minillama::generate(quantized_, ids, own, stop_ids, on_token)
                               : minillama::generate(model_, ids, own, stop_ids, on_token);
  out << stream.flush() << std::flush;
  return generation;
}

std::vector<ContinuedText> TextGenerator::generate_batch(const std::vector<std::string>& prompts,
                                                         const GenerationOptions& options) {
  Prompts ids;
  for (const auto& prompt : prompts) ids.push_back(encode(prompt, options));
  const auto own = with_vocabulary(options);
  const auto stop_ids = tokenizer_.stop_ids();
  auto generations = quantized_ ? minillama::generate_batch(quantized_, ids, own, stop_ids)
                                : minillama::generate_batch(model_, ids, own, stop_ids);
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

TextGenerator load_language_model(const std::filesystem::path& path, const LoadOptions& options,
                                  const std::filesystem::path& tokenizer) {
  auto model = read_language_model(path, options);
  auto its_tokenizer = read_tokenizer_for(path, model->config(), tokenizer);
  return {std::move(model), std::move(its_tokenizer)};
}

}  // namespace minillama
