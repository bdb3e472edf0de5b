// A kind of tokenizer that the library does not know goes through everything that has to do with
// tokenizers. Its program links another table of kinds in place of the library's.

#include <sstream>

#include "minillama/eval/zero_shot.h"
#include "minillama/io/crc32.h"
#include "minillama/model/export.h"
#include "minillama/model/module_decoder.h"
#include "minillama/model/module_text_generator.h"
#include "minillama/text/stream_decoder.h"
#include "minillama/text/tokenized_text.h"
#include "minillama/text/tokenizer_kind.h"

#include "support/byte_tokenizer.h"
#include "support/catch.h"
#include "support/file_error.h"
#include "support/small_model.h"

using namespace minillama;
using test::byte_tokenizer;

namespace {

TokenIds bytes_of(std::string_view text) {
  TokenIds ids;
  for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
  return ids;
}

/// What an encoder of bytes reads of a text.
TokenIds with_start(std::string_view text) {
  auto ids = bytes_of(text);
  ids.insert(ids.begin(), 256);
  return ids;
}

LanguageModel model() {
  LanguageModel made(ModelConfig{.dim = 32,
                                 .n_layers = 1,
                                 .n_heads = 2,
                                 .hidden_dim = 32,
                                 .vocab_size = 258,
                                 .max_seq_len = 128,
                                 .norm = NormKind::rmsnorm},
                     make_generator(3));
  const torch::NoGradGuard no_grad;
  for (auto& parameter : made->parameters()) parameter.mul_(6);
  made->eval();
  return made;
}

}  // namespace

TEST_CASE("tokenizer kinds: a text is its bytes, and the space in front of it where there is one") {
  const auto tokenizer = byte_tokenizer();
  for (const std::string text : {"a film", " two  spaces ", "caf\u00e9 \U0001F600", "\n", ""}) {
    CHECK(tokenizer.encode(text) == bytes_of(text));
    CHECK(tokenizer.encode(text, TextPlace::continuation) == bytes_of(text));
    CHECK(tokenizer.encode(text, TextPlace::after_space) ==
          bytes_of(text.empty() ? text : " " + text));
    CHECK(tokenizer.decode(tokenizer.encode(text)) == text);
  }
  CHECK_THROWS_AS(tokenizer.encode("\xff"), OptionError);
  CHECK_THROWS_AS(tokenizer.decode(TokenIds{258}), OptionError);
  CHECK(tokenizer.stop_ids() == TokenIds{256, 257});
  CHECK(tokenizer.unk_id() == -1);
}

TEST_CASE("tokenizer kinds: a stream gives whole characters, and no space is lost") {
  const auto tokenizer = byte_tokenizer();
  StreamDecoder decoder(tokenizer);
  CHECK(decoder.push(' ') == " ");
  CHECK(decoder.push(0xC3).empty());
  CHECK(decoder.push(0xA9) == "\u00e9");
  CHECK(decoder.push(0xC3).empty());
  CHECK(decoder.push(256) == "\uFFFD");  // the start of a text completes no character
  CHECK(decoder.push(0xA9) == "\uFFFD");
}

TEST_CASE("tokenizer kinds: a template encodes what the filled text encodes to") {
  const auto tokenizer = byte_tokenizer();
  const std::vector<std::string> sentences{"a film", "no film at all ."};
  for (const std::string text : {"{sentence}", "({sentence})", "Review: {sentence} It is",
                                 "Review:\n{sentence}\nIt is:", "<{sentence} It"}) {
    const SentenceTemplate filled(text);
    const auto encoded = filled.encode(tokenizer, sentences, 1000, 1000);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      CHECK(encoded.ids[i] == with_start(filled.fill(sentences[i])));
    }
  }
  // A space at the end would keep a model from going on with a word.
  const SentenceTemplate spaces("  Review:  {sentence}  It is ");
  CHECK(spaces.encode(tokenizer, sentences, 1000, 1000).ids[0] ==
        with_start("Review: a film It is"));
}

TEST_CASE("tokenizer kinds: a label is scored with the space in front of it") {
  auto lm = model();
  const std::vector<std::string> sentences{"A fine film .", "No ."};
  const std::vector<std::string> labels{"bad", "good"};
  const ZeroShotClassifier classifier(decoder_source(lm), byte_tokenizer(), labels);
  const auto predictions = classifier.classify(sentences);
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    std::vector<double> likelihoods;
    for (const auto& label : labels) {
      auto ids = with_start(classifier.prompt(sentences[i]));
      double sum = 0;
      for (const auto id : bytes_of(" " + label)) {
        sum += lm(torch::tensor(ids).unsqueeze(0))[0][-1].log_softmax(-1)[id].item<double>();
        ids.push_back(id);
      }
      likelihoods.push_back(std::exp(sum));
    }
    const double all = likelihoods[0] + likelihoods[1];
    CHECK(predictions[i].probabilities[1] == Approx(likelihoods[1] / all).epsilon(1e-4));
  }
}

TEST_CASE("tokenizer kinds: in the compatible mode the space is the prompt's") {
  auto lm = model();
  lm->llama->set_attention(AttentionKind::full);
  const std::vector<std::string> sentences{"A fine film ."};
  const ZeroShotClassifier classifier(decoder_source(lm), byte_tokenizer(), {"bad", "good"},
                                      {.compatible = true});
  const auto prediction = classifier.classify(sentences).front();
  const torch::NoGradGuard no_grad;
  const auto prompt = classifier.prompt(sentences[0]);
  REQUIRE(prompt.ends_with(' '));
  const auto last = lm(torch::tensor(with_start(prompt)).unsqueeze(0))[0][-1].log_softmax(-1);
  double odds = 0;
  for (const auto id : bytes_of("good")) odds += last[id].item<double>();
  for (const auto id : bytes_of("bad")) odds -= last[id].item<double>();
  CHECK(prediction.probabilities[1] == Approx(1 / (1 + std::exp(-odds))).epsilon(1e-4));
}

TEST_CASE("tokenizer kinds: a prompt is continued") {
  ModuleTextGenerator generator(model(), byte_tokenizer());
  std::ostringstream out;
  const auto generation = generator.generate("a film", {.max_new_tokens = 30}, out);
  REQUIRE(generation.ids.size() > 3);
  CHECK(out.str() == generator.tokenizer().decode(generation.ids));
  CHECK(generator.encode(" a", {}) == with_start(" a"));
}

TEST_CASE("tokenizer kinds: ids of a text are kept with the checksum of the tokenizer's file") {
  const test::TemporaryDirectory directory;
  const auto text = directory.file("text", "a film\nno film\n");
  const auto ids = tokenize_file(text, byte_tokenizer(), directory.path() / "ids");
  CHECK(ids.source().tokenizer_checksum == crc32(as_bytes(std::string_view("bytes\n"))));
  CHECK(ids.size() == 1 + 6 + 1 + 7);
  CHECK_THAT(test::file_error(
                 [&] { tokenize_file(directory.path() / "ids", test::small_tokenizer(), ""); }),
             contains("ids of another tokenizer"));
}

TEST_CASE("tokenizer kinds: files of models hold the tokenizer, and give it back") {
  auto lm = model();
  auto tokenizer = byte_tokenizer();
  const auto check_written = [&](const std::filesystem::path& path, ModelFormat format) {
    INFO(path);
    export_language_model(path, format, lm, tokenizer, DType::float32);
    const auto read = read_tokenizer_for(path, read_language_model(path)->config());
    CHECK((read.files() == tokenizer.files()));
    CHECK(read.special_tokens() == tokenizer.special_tokens());
  };
  const test::TemporaryDirectory directory;
  check_written(directory.path() / "m.pt", ModelFormat::torch_save);
  tokenizer.set_special_tokens({.add_bos = false});
  check_written(directory.path() / "m.gguf", ModelFormat::gguf);

  // Where a tokenizer of another kind was, it is not taken for this model's, and the other way.
  const auto model_of_pieces = [&] {
    auto config = lm->config();
    config.vocab_size = test::small_tokenizer().vocab_size();
    return LanguageModel(config, make_generator(1));
  };
  for (const auto format : {ModelFormat::directory, ModelFormat::hugging_face}) {
    const auto path = directory.path() / std::to_string(static_cast<int>(format));
    auto of_pieces = model_of_pieces();
    export_language_model(path, format, of_pieces, test::small_tokenizer(), DType::float32);
    check_written(path, format);
    CHECK_FALSE(std::filesystem::exists(path / "tokenizer.model"));
    export_language_model(path, format, of_pieces, test::small_tokenizer(), DType::float32);
    CHECK_FALSE(std::filesystem::exists(path / "tokenizer.bytes"));
    CHECK(
        (read_tokenizer_for(path, of_pieces->config()).files() == test::small_tokenizer().files()));
  }
}

TEST_CASE("tokenizer kinds: pieces that Hugging Face's files add are added") {
  auto tokenizer = byte_tokenizer();
  auto lm = model();
  const test::TemporaryDirectory directory;
  export_language_model(directory.path(), ModelFormat::hugging_face, lm, tokenizer, DType::float32);
  directory.file("added_tokens.json", R"({"<go>": 258})");
  auto config = lm->config();
  config.vocab_size = 259;
  const auto read = read_tokenizer_for(directory.path(), config);
  CHECK(read.decode(TokenIds{'a', 258}) == "a<go>");
  tokenizer.add_piece("<go>", false);
  CHECK((read.files() == tokenizer.files()));
}

TEST_CASE("tokenizer kinds: what cannot be written or would be misread is refused") {
  auto lm = model();
  const test::TemporaryDirectory directory;
  const auto write = [&](ModelFormat format) {
    export_language_model(directory.path() / "m", format, lm, byte_tokenizer(), DType::float32);
  };
  CHECK_THROWS_WITH(write(ModelFormat::llama2c), contains("this one is of another kind"));
  CHECK(std::filesystem::is_empty(directory.path()));
  directory.file("tokenizer.model", "somebody's");
  CHECK_THAT(test::file_error([&] { write(ModelFormat::torch_save); }),
             contains("tokenizer.model: is another tokenizer"));
}

TEST_CASE("tokenizer kinds: messages name all of them") {
  const test::TemporaryDirectory directory;
  const auto error = [&](const std::string& content) {
    return test::file_error([&] { Tokenizer::load(directory.file("a", content)); });
  };
  CHECK_THAT(error("{}"), contains("a sentencepiece tokenizer.model or a byte tokenizer.bytes"));
  CHECK_THAT(error("what"), contains("neither a sentencepiece model nor a tokenizer of bytes nor"));
  const std::vector<std::pair<std::string, GgufValue>> gpt2{{"tokenizer.ggml.model", "gpt2"}};
  write_gguf(directory.path() / "g", gpt2, {});
  CHECK_THAT(test::file_error([&] { Tokenizer::load(directory.path() / "g"); }),
             contains("\"gpt2\"; only \"llama\" (sentencepiece) or \"bytes\" (byte) is read"));
  CHECK_THAT(test::file_error([&] { read_tokenizer_for(directory.path() / "m", {}); }),
             contains("no tokenizer.model or tokenizer.bytes or tokenizer.bin beside it"));
}
