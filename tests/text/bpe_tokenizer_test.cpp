#include "minillama/text/bpe_tokenizer.h"

#include <random>
#include <sstream>
#include <thread>

#include "minillama/core/error.h"
#include "minillama/io/gguf.h"
#include "minillama/text/stream_decoder.h"
#include "minillama/text/token_ids.h"
#include "minillama/text/tokenizer.h"

#include "support/byte_pairs.h"
#include "support/catch.h"
#include "support/file_error.h"

using namespace minillama;

namespace {

using Ids = std::vector<std::int64_t>;

Tokenizer load(const std::string& kind) {
  return Tokenizer::load(test::byte_pairs_file(kind));
}

/// Some of every plane, surrogates left out.
std::string random_text(std::mt19937& random, std::size_t length) {
  std::string text;
  while (length > 0) {
    const auto plane = random() % 17;
    const auto point = random() % 4 == 0 ? random() % 0x80 : plane << 16 | (random() & 0xFFFF);
    if (point >= 0xD800 && point < 0xE000) continue;
    if (point < 0x80) {
      text += static_cast<char>(point);
    } else if (point < 0x800) {
      text += static_cast<char>(0xC0 | point >> 6);
    } else if (point < 0x10000) {
      text += static_cast<char>(0xE0 | point >> 12);
    } else {
      text += static_cast<char>(0xF0 | point >> 18);
      text += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    }
    if (point >= 0x800) text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    if (point >= 0x80) text += static_cast<char>(0x80 | (point & 0x3F));
    --length;
  }
  return text;
}

/// The file of a kind without the added tokens that take spaces or are words, which GGUF cannot
/// say.
std::string without_stripping_tokens(const std::string& kind) {
  auto json = parse_json(test::read_text(test::byte_pairs_file(kind)), kind);
  auto kept = Json::array();
  std::size_t n_beyond = 0;  // added tokens that the vocabulary lacks
  for (auto token : json["added_tokens"]) {
    const bool is_plain = !token["lstrip"].get<bool>() && !token["rstrip"].get<bool>() &&
                          !token["single_word"].get<bool>() && !token["normalized"].get<bool>();
    if (!is_plain) continue;
    const auto& vocabulary = json["model"]["vocab"];
    if (!vocabulary.contains(token["content"].get<std::string>())) {
      token["id"] = vocabulary.size() + n_beyond++;
    }
    kept.push_back(token);
  }
  json["added_tokens"] = kept;
  // Of a template that names an id.
  json["post_processor"] = nullptr;
  return json.dump();
}

/// What a GGUF file with this tokenizer is read as.
Tokenizer through_gguf(const Tokenizer& tokenizer, const test::TemporaryDirectory& directory) {
  const auto path = directory.path() / "m.gguf";
  write_gguf(path, tokenizer.model().gguf_entries(tokenizer.special_tokens()), {});
  return Tokenizer::load(path);
}

}  // namespace

TEST_CASE("byte-pair tokenizer: ids and texts are those of Python's tokenizers") {
  const auto& reference = test::byte_pairs_reference();
  const auto& texts = reference["texts"];
  REQUIRE(texts.size() > 100);
  for (const auto& [kind, expected] : reference["kinds"].items()) {
    const auto tokenizer = load(kind);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto text = texts[i].get<std::string>();
      CAPTURE(kind, text);
      const auto ids = tokenizer.encode(text);
      CHECK(ids == expected["ids"][i].get<Ids>());
      CHECK(tokenizer.decode(ids) == expected["decoded"][i].get<std::string>());
    }
    for (std::size_t i = 0; i < expected["some_ids"].size(); ++i) {
      const auto ids = expected["some_ids"][i].get<Ids>();
      CAPTURE(kind, ids);
      CHECK(tokenizer.decode(ids) == expected["some_decoded"][i].get<std::string>());
    }
  }
}

TEST_CASE("byte-pair tokenizer: SmolLM2's ids and texts are those of the reference") {
  const std::string model = "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
  const std::string golden = "smollm2/tokens.jsonl";
  const auto path = test::data_file(model);
  SKIP_WITHOUT(path, model);
  const auto expected_path = test::data_file(golden);
  SKIP_WITHOUT(expected_path, golden);
  const auto tokenizer = Tokenizer::load(*path);
  const test::TemporaryDirectory directory;
  for (const auto& file : tokenizer.files()) directory.file(file.name, file.content);
  const auto converted = Tokenizer::load(directory.path() / "tokenizer.json");
  CHECK(converted.special_tokens() == tokenizer.special_tokens());
  CHECK(converted.stop_ids() == tokenizer.stop_ids());
  std::istringstream lines(test::read_text(*expected_path));
  std::size_t n_lines = 0;
  for (std::string line; std::getline(lines, line); ++n_lines) {
    const Json expected = parse_json(line, golden);
    const auto text = expected["text"].get<std::string>();
    CAPTURE(text);
    const auto ids = tokenizer.encode(text);
    CHECK(ids == expected["ids"].get<Ids>());
    CHECK(converted.encode(text) == ids);
    // The reference shows special tokens.
    auto decoded = expected["decoded"].get<std::string>();
    for (std::int64_t id = 0; tokenizer.is_control(id); ++id) {
      const auto& special = tokenizer.piece(id);
      for (std::size_t at = 0; (at = decoded.find(special)) != std::string::npos;) {
        decoded.erase(at, special.size());
      }
    }
    CHECK(tokenizer.decode(ids) == decoded);
  }
  CHECK(n_lines > 600);
}

TEST_CASE("byte-pair tokenizer: where a piece is there for every byte, no text is lost") {
  std::mt19937 random(7);
  for (const std::string kind : {"gpt2", "llama3"}) {
    const auto tokenizer = load(kind);
    for (std::size_t length = 0; length < 300; ++length) {
      const auto text = random_text(random, length);
      CHECK(tokenizer.decode(tokenizer.encode(text)) == text);
    }
  }
  const auto tokenizer = load("llama2");
  for (std::size_t length = 0; length < 300; ++length) {
    const auto text = "x" + random_text(random, length);
    CHECK(tokenizer.decode(tokenizer.encode(text)) == text);
  }
}

TEST_CASE("byte-pair tokenizer: long texts without a space take no long time") {
  constexpr std::size_t kSize = 1 << 18;
  std::string letters;
  std::mt19937 random(3);
  while (letters.size() < kSize) letters += static_cast<char>('a' + random() % 26);
  for (const std::string kind : {"gpt2", "llama3", "llama2"}) {
    const auto tokenizer = load(kind);
    for (const auto& text : {letters, std::string(kSize, 'e'), std::string(kSize, ' '),
                             std::string(kSize, '\n'), std::string(kSize, '<')}) {
      CHECK(tokenizer.decode(tokenizer.encode(text)) == text);
    }
  }
}

TEST_CASE("byte-pair tokenizer: the space in front of a text is encoded with it") {
  for (const std::string kind : {"gpt2", "llama2", "metaspace_first", "prefix_space", "gemma"}) {
    CAPTURE(kind);
    const auto tokenizer = load(kind);
    auto together = tokenizer.encode("film");
    const auto behind = tokenizer.encode("was good", TextPlace::after_space);
    const auto joined = tokenizer.encode("ly", TextPlace::continuation);
    CHECK(tokenizer.decode(joined) == "ly");
    together.insert(together.end(), joined.begin(), joined.end());
    together.insert(together.end(), behind.begin(), behind.end());
    StreamDecoder decoder(tokenizer);
    std::string text;
    for (const auto id : together) text += decoder.push(id);
    // A tokenizer that puts a space in front of a text, and does not take it away again.
    CHECK(text == (kind == "prefix_space" ? " filmly was good" : "filmly was good"));
  }
}

TEST_CASE("byte-pair tokenizer: a stream gives whole characters, and U+FFFD for broken ones") {
  const auto tokenizer = load("gpt2");
  const auto ids = tokenizer.encode("\U0001F600");
  REQUIRE(ids.size() == 4);
  CHECK(tokenizer.is_byte(ids[0]));
  StreamDecoder decoder(tokenizer);
  for (const auto id : {ids[0], ids[1], ids[2]}) CHECK(decoder.push(id).empty());
  CHECK(decoder.push(ids[3]) == "\U0001F600");
  // Three bytes begin a character: one U+FFFD, as Unicode recommends.
  for (const auto id : {ids[0], ids[1], ids[2]}) CHECK(decoder.push(id).empty());
  CHECK(decoder.push(tokenizer.encode("a")[0]) == "\uFFFDa");
  CHECK(decoder.push(ids[1]) == "\uFFFD");
  CHECK(decoder.flush().empty());
}

TEST_CASE("byte-pair tokenizer: threads share one") {
  const auto tokenizer = load("qwen2");
  const auto& reference = test::byte_pairs_reference();
  const auto& expected = reference["kinds"]["qwen2"]["ids"];
  std::vector<std::thread> threads;
  std::array<bool, 4> equal{};
  for (auto& is_equal : equal) {
    threads.emplace_back([&] {
      is_equal = true;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto ids = tokenizer.encode(reference["texts"][i].get<std::string>());
        is_equal = is_equal && ids == expected[i].get<Ids>();
      }
      tokenizer.files();
    });
  }
  for (auto& thread : threads) thread.join();
  for (const bool is_equal : equal) CHECK(is_equal);
}

TEST_CASE("byte-pair tokenizer: a file is kept byte for byte, and what is written reads the same") {
  const auto& reference = test::byte_pairs_reference();
  const test::TemporaryDirectory directory;
  for (const auto& [kind, expected] : reference["kinds"].items()) {
    CAPTURE(kind);
    auto tokenizer = load(kind);
    REQUIRE(tokenizer.files().size() == 2);
    CHECK(tokenizer.files()[0].content == test::read_text(test::byte_pairs_file(kind)));
    // With one more piece all of it is written anew.
    tokenizer.add_piece("<more>", false);
    for (const auto& file : tokenizer.files()) directory.file(file.name, file.content);
    const auto written = Tokenizer::load(directory.path() / "tokenizer.json");
    CHECK(written.files() == tokenizer.files());
    for (std::size_t i = 0; i < reference["texts"].size(); ++i) {
      const auto text = reference["texts"][i].get<std::string>();
      CHECK(written.encode(text) == expected["ids"][i].get<Ids>());
    }
    const auto id = tokenizer.vocab_size() - 1;
    CHECK(written.encode("<more>") == Ids{id});
    CHECK(written.decode(Ids{id}) == "<more>");
  }
}

TEST_CASE("byte-pair tokenizer: GGUF holds those for which it has a name") {
  const test::TemporaryDirectory directory;
  for (const std::string kind : {"gpt2", "smollm", "llama3", "qwen2", "tekken", "deepseek_coder"}) {
    CAPTURE(kind);
    auto tokenizer = Tokenizer::load(directory.file("t.json", without_stripping_tokens(kind)));
    tokenizer.set_special_tokens({.add_bos = false, .stop_ids = {5, 7}});
    const auto read = through_gguf(tokenizer, directory);
    CHECK(read.special_tokens().add_bos == false);
    CHECK(read.stop_ids() == tokenizer.stop_ids());
    for (const auto& text : test::byte_pairs_reference()["texts"]) {
      CHECK(read.encode(text.get<std::string>()) == tokenizer.encode(text.get<std::string>()));
    }
    for (std::int64_t id = 0; id < read.vocab_size(); ++id) {
      CHECK(read.piece(id) == tokenizer.piece(id));
      CHECK(read.is_control(id) == tokenizer.is_control(id));
    }
    // And back.
    for (const auto& file : read.files()) directory.file(file.name, file.content);
    const auto again = Tokenizer::load(directory.path() / "tokenizer.json");
    const std::string text = "It's 12 caf\u00e9s<|end|> ";
    CHECK(again.encode(text) == tokenizer.encode(text));
    CHECK(again.special_tokens().add_bos == false);
  }
  const auto refusal = [&](const std::string& kind) -> std::string {
    try {
      through_gguf(load(kind), directory);
    } catch (const OptionError& error) {
      return error.what();
    }
    return "accepted";
  };
  CHECK_THAT(refusal("prefix_space"), contains("no name for how a text is normalized and cut"));
  CHECK_THAT(refusal("gpt2"), contains("the added token \"<left>\" takes spaces, or is a word"));
}

TEST_CASE("byte-pair tokenizer: that of a Llama 2 is a sentencepiece model, and written as one") {
  const test::TemporaryDirectory directory;
  for (const std::string kind : {"llama2", "metaspace_first", "gemma"}) {
    CAPTURE(kind);
    directory.file("tokenizer_config.json", R"({"bos_token": "<s>", "eos_token": "</s>"})");
    const auto tokenizer =
        Tokenizer::load(directory.file("tokenizer.json", without_stripping_tokens(kind)));
    const auto read = through_gguf(tokenizer, directory);
    CHECK(read.files()[0].name == "tokenizer.model");
    CHECK(read.stop_ids() == tokenizer.stop_ids());
    for (const auto& item : test::byte_pairs_reference()["texts"]) {
      const auto text = item.get<std::string>();
      // What sentencepiece does otherwise: it knows no special tokens, and always puts its space.
      const bool differs = text.find('<') != std::string::npos || text.find('\0') == 0 ||
                           (kind == "metaspace_first" && text.starts_with("\u2581")) ||
                           (kind == "metaspace_first" && text.starts_with(" "));
      if (differs) continue;
      CAPTURE(text);
      CHECK(read.encode(text) == tokenizer.encode(text));
    }
    CHECK(tokenizer.model().llama2c_tokenizer().has_value() == false);  // <go> is no plain piece
  }
  const auto refusal = [&](const std::string& kind) -> std::string {
    try {
      load(kind).model().gguf_entries({});
    } catch (const OptionError& error) {
      return error.what();
    }
    return "accepted";
  };
  CHECK_THAT(refusal("metaspace_split"), contains("cuts texts in another way"));
  CHECK_THAT(refusal("llama2"), contains("the added token \"<left>\" takes spaces"));
}

TEST_CASE("byte-pair tokenizer: special tokens are what the files beside it say") {
  const test::TemporaryDirectory directory;
  const auto path =
      directory.file("tokenizer.json", test::read_text(test::byte_pairs_file("llama3")));
  const auto bare = Tokenizer::load(path);
  CHECK(bare.piece(bare.bos_id()) == "<|start|>");
  CHECK(bare.special_tokens().add_bos);
  CHECK(with_bos(bare, {5}) == Ids{bare.bos_id(), 5});
  CHECK(bare.eos_id() == -1);
  CHECK(bare.unk_id() == -1);
  CHECK(bare.pad_id() == 0);

  directory.file("special_tokens_map.json", R"({"eos_token": {"content": "<|end|>"}})");
  CHECK(Tokenizer::load(path).piece(Tokenizer::load(path).eos_id()) == "<|end|>");
  // What is not in tokenizer_config.json is written there.
  directory.file("tokenizer_config.json", R"({"chat_template": "x"})");
  const Json written =
      parse_json(Tokenizer::load(path).files().at(1).content, "tokenizer_config.json");
  CHECK(written["eos_token"] == "<|end|>");
  CHECK(written["bos_token"] == "<|start|>");
  CHECK(written["chat_template"] == "x");
  const std::string config =
      R"({"add_bos_token": false, "bos_token": "<|start|>", "eos_token": "<goal>", "pad_token": "<go>"})";
  directory.file("tokenizer_config.json", config);
  auto tokenizer = Tokenizer::load(path);
  CHECK_FALSE(tokenizer.special_tokens().add_bos);
  CHECK(tokenizer.piece(tokenizer.eos_id()) == "<goal>");
  CHECK(tokenizer.piece(tokenizer.pad_id()) == "<go>");
  CHECK(tokenizer.model().hugging_face_config(tokenizer.special_tokens()) == config);
  const Json changed =
      parse_json(tokenizer.model().hugging_face_config({.add_bos = true}), "changed");
  CHECK(changed["add_bos_token"] == true);
  CHECK(changed["pad_token"] == "<go>");

  directory.file("tokenizer_config.json", R"({"bos_token": "<|end|>"})");
  CHECK_THAT(test::file_error([&] { Tokenizer::load(path); }),
             contains("bos_token is \"<|end|>\", but its tokenizer.json puts \"<|start|>\""));
  directory.file("tokenizer_config.json", R"({"eos_token": "</s>"})");
  CHECK_THAT(test::file_error([&] { Tokenizer::load(path); }),
             contains("eos_token is \"</s>\", which is no token of its tokenizer.json"));
}

TEST_CASE("byte-pair tokenizer: pieces say what they are, and what cannot be is refused") {
  auto tokenizer = load("llama2");
  CHECK(tokenizer.is_control(0));
  CHECK(tokenizer.piece(3) == "<0x00>");
  CHECK(tokenizer.is_byte(3));
  CHECK(tokenizer.unk_id() == 0);
  CHECK(tokenizer.bos_id() == 1);
  const auto size = tokenizer.vocab_size();
  for (const std::int64_t id : {std::int64_t{-1}, size, INT64_MAX, INT64_MIN}) {
    CHECK_THROWS_AS(tokenizer.piece(id), OptionError);
    CHECK_THROWS_AS(tokenizer.is_byte(id), OptionError);
    CHECK_THROWS_AS(tokenizer.decode(Ids{1, id}), OptionError);
  }
  CHECK_THROWS_WITH(tokenizer.piece(-7), contains("token id -7 lies outside"));
  for (const std::string text : {"", "\xff", "<s>", "\u2581a"}) {
    CHECK_THROWS_AS(tokenizer.add_piece(text, true), OptionError);
  }
  for (const std::string text :
       {"\xff", "caf\xe9", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80"}) {
    CHECK_THROWS_AS(tokenizer.encode(text), OptionError);
  }
}
