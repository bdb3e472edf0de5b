#include "minillama/generate/text_generator.h"

#include <array>

#include "minillama/text/stream_decoder.h"

namespace minillama {

TokenIds TextGenerator::encode(std::string_view prompt, const GenerationOptions& options) const {
  auto ids = with_bos(tokenizer_, tokenizer_.encode(prompt));
  check_prompt(ids, model_->config(), options);
  return ids;
}

Generation TextGenerator::generate(std::string_view prompt, const GenerationOptions& options,
                                   std::ostream& out) {
  const auto ids = encode(prompt, options);
  StreamDecoder stream(tokenizer_, ids);
  const std::array stop_ids{tokenizer_.bos_id(), tokenizer_.eos_id()};
  auto generation = minillama::generate(model_, ids, options, stop_ids, [&](std::int64_t id) {
    out << stream.push(id) << std::flush;
    return out.good();
  });
  out << stream.flush() << std::flush;
  return generation;
}

TextGenerator load_language_model(const std::filesystem::path& path, const LoadOptions& options,
                                  const std::filesystem::path& tokenizer) {
  auto model = read_language_model(path, options);
  auto its_tokenizer = read_tokenizer_for(path, model->config(), tokenizer);
  return {std::move(model), std::move(its_tokenizer)};
}

}  // namespace minillama
