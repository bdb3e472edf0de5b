#include "minillama/generate/text_generator.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/core/require.h"
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
                                   std::ostream& out, const DecodingOptions& decoding) const {
  require(decoding.continuations == 1, "continuations", decoding.continuations,
          "be 1 where one text is written");
  const auto ids = encode(prompt, options);
  StreamDecoder stream(tokenizer_, ids);
  bool is_written = false;
  const auto on_token = [&](std::int64_t id) {
    is_written = true;
    out << stream.push(id) << std::flush;
    return out.good();
  };
  auto generation = minillama::decode(model_, {ids}, with_vocabulary(options), decoding,
                                      tokenizer_.stop_ids(), on_token)
                        .front()
                        .front();
  if (!is_written) std::ranges::all_of(generation.ids, on_token);
  out << stream.flush() << std::flush;
  return generation;
}

std::vector<ContinuedText> TextGenerator::generate_batch(const std::vector<std::string>& prompts,
                                                         const GenerationOptions& options) const {
  std::vector<ContinuedText> texts;
  for (auto& continuations : decode(prompts, options, {})) {
    texts.push_back(std::move(continuations.front()));
  }
  return texts;
}

std::vector<std::vector<ContinuedText>> TextGenerator::decode(
    const std::vector<std::string>& prompts, const GenerationOptions& options,
    const DecodingOptions& decoding) const {
  Prompts ids;
  for (const auto& prompt : prompts) ids.push_back(encode(prompt, options));
  auto generations =
      minillama::decode(model_, ids, with_vocabulary(options), decoding, tokenizer_.stop_ids());
  std::vector<std::vector<ContinuedText>> texts(prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    for (auto& generation : generations[i]) {
      StreamDecoder stream(tokenizer_, ids[i]);
      std::string text;
      for (const auto id : generation.ids) text += stream.push(id);
      text += stream.flush();
      texts[i].push_back({std::move(text), std::move(generation)});
    }
  }
  return texts;
}

void TextGenerator::check_draft(const TextGenerator& draft) const {
  require(draft.tokenizer().vocab_size() == tokenizer_.vocab_size(),
          "the vocabulary of the draft model", draft.tokenizer().vocab_size(),
          fmt::format("be the model's, {} tokens", tokenizer_.vocab_size()));
  for (std::int64_t id = 0; id < tokenizer_.vocab_size(); ++id) {
    if (draft.tokenizer().piece(id) == tokenizer_.piece(id)) continue;
    throw OptionError(fmt::format("the draft model's token {} is {}, the model's {}", id,
                                  quote(draft.tokenizer().piece(id)), quote(tokenizer_.piece(id))));
  }
}

}  // namespace minillama
