#include "minillama/generate/text_generator.h"

#include <sstream>

#include "minillama/core/error.h"
#include "minillama/model/module_text_generator.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/small_model.h"

using namespace minillama;

TEST_CASE("text generator: llama2.c's story comes out of llama2.c's files") {
  const auto model = test::data_file("stories260K/stories260K.bin");
  const auto tokenizer = test::data_file("stories260K/tok512.bin");
  SKIP_WITHOUT(model, "stories260K/stories260K.bin");
  SKIP_WITHOUT(tokenizer, "stories260K/tok512.bin");
  const auto generator = TextGenerator::load(*model, {.tokenizer = *tokenizer});
  std::ostringstream out;
  generator.generate("", {.max_new_tokens = 90, .temperature = 0}, out);
  CHECK_THAT(
      out.str(),
      Catch::Matchers::StartsWith(
          "Once upon a time, there was a little girl named Lily. She loved to play outside "
          "in the park. One day, she saw a big, red ball. She wanted to play with it, but it "
          "was too high.\nLily's mom said, "));
}

TEST_CASE("text generator: the stream is the decoded text, continued from the prompt") {
  auto tokenizer = test::small_tokenizer();
  LanguageModel model(ModelConfig{.dim = 16,
                                  .n_layers = 1,
                                  .n_heads = 2,
                                  .vocab_size = tokenizer.vocab_size(),
                                  .max_seq_len = 64},
                      make_generator(1));
  model->eval();
  ModuleTextGenerator generator(model, std::move(tokenizer));
  std::ostringstream out;
  const std::string prompt = "a film";
  const auto generation = generator.generate(prompt, {.max_new_tokens = 40, .temperature = 3}, out);
  REQUIRE(generation.ids.size() > 10);
  auto ids = generator.tokenizer().encode(prompt);
  ids.insert(ids.end(), generation.ids.begin(), generation.ids.end());
  CHECK(prompt + out.str() == generator.tokenizer().decode(ids));

  CHECK_THROWS_AS(generator.generate("\xff", {}, out), OptionError);
  std::string long_prompt;
  for (int i = 0; i < 100; ++i) long_prompt += "film ";
  CHECK_THROWS_WITH(generator.generate(long_prompt, {}, out), contains("the model's context 64"));
}

TEST_CASE("text generator: ends when the stream fails") {
  auto tokenizer = test::small_tokenizer();
  LanguageModel model(ModelConfig{.dim = 16,
                                  .n_layers = 1,
                                  .n_heads = 2,
                                  .vocab_size = tokenizer.vocab_size(),
                                  .max_seq_len = 64});
  ModuleTextGenerator generator(model, std::move(tokenizer));
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  CHECK(generator.generate("a", {}, out).stop == StopReason::callback);
}

TEST_CASE("text generator: several prompts, and weights of eight bits") {
  auto tokenizer = test::small_tokenizer();
  LanguageModel model(ModelConfig{.dim = 64,
                                  .n_layers = 2,
                                  .n_heads = 2,
                                  .hidden_dim = 96,
                                  .vocab_size = tokenizer.vocab_size(),
                                  .max_seq_len = 64},
                      make_generator(1));
  model->eval();
  ModuleTextGenerator generator(model, std::move(tokenizer));
  GenerationOptions options{.max_new_tokens = 20, .temperature = 1, .seed = 8};
  for (const bool quantized : {false, true}) {
    if (quantized) generator.quantize();
    const std::vector<std::string> prompts{"a film", "", "the film is"};
    const auto texts = generator.generate_batch(prompts, options);
    REQUIRE(texts.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      auto alone = options;
      alone.seed += i;
      std::ostringstream out;
      generator.generate(prompts[i], alone, out);
      CHECK(texts[i].text == out.str());
    }
    CHECK_THROWS_AS(generator.generate_batch({"a", "\xff"}, options), OptionError);
  }
  std::ostringstream out;
  options.crop_context = true;
  options.max_new_tokens = 100;
  options.stop_at_end = false;
  CHECK(generator.generate("a", options, out).ids.size() == 100);

  LanguageModel full(ModelConfig{.dim = 64,
                                 .n_layers = 1,
                                 .n_heads = 2,
                                 .hidden_dim = 96,
                                 .vocab_size = generator.tokenizer().vocab_size(),
                                 .attention = AttentionKind::full});
  ModuleTextGenerator unsuitable(full, test::small_tokenizer());
  CHECK_THROWS_WITH(unsuitable.quantize(), contains("causal"));
}
