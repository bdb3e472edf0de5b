#include "minillama/text/tokenizer.h"

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/core/utf8.h"
#include "minillama/io/gguf.h"
#include "minillama/io/sentencepiece_model.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

using Ids = std::vector<std::int64_t>;

/// Written by tests/reference/tokenizer.py.
const Json& reference() {
  static const Json json =
      parse_json(test::read_text(test::repository_file("tests/reference/sentencepiece.json")),
                 "sentencepiece.json");
  return json;
}

std::filesystem::path small_model(const std::string& name) {
  return test::repository_file("tests/reference/" + name + ".model");
}

void compare_with_reference(const std::string& name, const std::filesystem::path& path) {
  const Tokenizer tokenizer = Tokenizer::load(path);
  const Json& expected = reference()[name];
  CHECK(tokenizer.vocab_size() == expected["vocab_size"]);
  CHECK(tokenizer.bos_id() == expected["bos"]);
  CHECK(tokenizer.eos_id() == expected["eos"]);
  CHECK(tokenizer.unk_id() == expected["unk"]);
  CHECK(tokenizer.pad_id() == expected["pad"]);
  const Json& texts = reference()["texts"];
  REQUIRE(texts.size() > 20);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto text = texts[i].get<std::string>();
    CAPTURE(name, text);
    const Ids ids = tokenizer.encode(text);
    CHECK(ids == expected["encoded"][i].get<Ids>());
    CHECK(tokenizer.decode(ids) == expected["round_trip"][i].get<std::string>());
  }
  for (const Json& item : expected["decoded"]) {
    CAPTURE(name, item.dump());
    CHECK(tokenizer.decode(item[0].get<Ids>()) == item[1].get<std::string>());
  }
}

std::string load_error(const std::filesystem::path& path) {
  return test::file_error([&] { Tokenizer::load(path); });
}

/// Loads `content`; if that succeeds, the tokenizer must work.
class HostileFile {
 public:
  /// Whether it loaded.
  bool try_load(std::string_view content) {
    // Rewriting a file that is there makes some file systems sync it, each time.
    std::filesystem::remove(directory_.path() / "m");
    const auto path = directory_.file("m", content);
    try {
      const Tokenizer tokenizer = Tokenizer::load(path);
      use(tokenizer);
      return true;
    } catch (const InputError& error) {
      CHECK(std::string_view(error.what()).find('\n') == std::string_view::npos);
      return false;
    }
  }

 private:
  static void use(const Tokenizer& tokenizer) {
    static const std::string text =
        "This movie is  ﬁne , an o\uFB03ce ``e\u0301tude`` <sep><sep><cls> </s>\u3000😀 ＡＢ… "
        "\u200B\x01 "
        "映画 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\t";
    try {
      const Ids ids = tokenizer.encode(text);
      tokenizer.decode(ids);
    } catch (const InputError&) {
      // The library may find the model unfit for this text.
    }
    Ids all;
    for (std::int64_t id = 0; id < tokenizer.vocab_size(); ++id) all.push_back(id);
    const std::string decoded = tokenizer.decode(all);
    if (utf8_valid_prefix(decoded) != decoded.size()) FAIL("decoded to invalid UTF-8");
  }

  test::TemporaryDirectory directory_;
};

void flip_bits(const std::string& name, const std::vector<int>& masks) {
  const std::string model = test::read_text(small_model(name));
  HostileFile file;
  std::size_t loaded = 0;
  for (std::size_t i = 0; i < model.size(); ++i) {
    for (const int mask : masks) {
      std::string broken = model;
      broken[i] = static_cast<char>(broken[i] ^ mask);
      loaded += file.try_load(broken) ? 1 : 0;
    }
  }
  // Both kinds occur: scores may change, the structure may not.
  CHECK(loaded > 0);
  CHECK(loaded < model.size() * masks.size());
}

}  // namespace

TEST_CASE("tokenizer: the small models give the ids and texts of Python's sentencepiece") {
  compare_with_reference("unigram", small_model("unigram"));
  compare_with_reference("bpe", small_model("bpe"));
}

TEST_CASE("tokenizer: Llama-2's model gives the ids and texts of Python's sentencepiece") {
  const auto path = test::data_file("llama2-tokenizer/tokenizer.model");
  SKIP_WITHOUT(path, "llama2-tokenizer/tokenizer.model");
  compare_with_reference("llama2", *path);
}

TEST_CASE("tokenizer: reviews8k gives the ids and texts of Python's sentencepiece") {
  const auto path = test::data_file("reviews/reviews8k.model");
  SKIP_WITHOUT(path, "reviews/reviews8k.model");
  compare_with_reference("reviews8k", *path);
}

TEST_CASE("tokenizer: pieces say what they are, and ids outside the vocabulary are refused") {
  const Tokenizer tokenizer = Tokenizer::load(small_model("bpe"));
  CHECK(tokenizer.piece(tokenizer.bos_id()) == "<s>");
  CHECK(tokenizer.is_control(tokenizer.bos_id()));
  CHECK_FALSE(tokenizer.is_control(tokenizer.unk_id()));
  CHECK(tokenizer.piece(tokenizer.pad_id()) == "<0x00>");
  CHECK(tokenizer.is_byte(tokenizer.pad_id()));
  CHECK_FALSE(tokenizer.is_byte(tokenizer.bos_id()));
  for (const std::int64_t id : {std::int64_t{-1}, tokenizer.vocab_size(), INT64_MAX, INT64_MIN}) {
    CHECK_THROWS_AS(tokenizer.piece(id), OptionError);
    CHECK_THROWS_AS(tokenizer.is_byte(id), OptionError);
    CHECK_THROWS_AS(tokenizer.is_control(id), OptionError);
    CHECK_THROWS_AS(tokenizer.decode(Ids{1, id}), OptionError);
  }
  CHECK_THROWS_WITH(tokenizer.piece(-7), contains("token id -7 lies outside"));
}

TEST_CASE("tokenizer: text that is no UTF-8 is refused with the place") {
  const Tokenizer tokenizer = Tokenizer::load(small_model("bpe"));
  CHECK_THROWS_AS(tokenizer.encode("caf\xe9"), OptionError);
  CHECK_THROWS_WITH(tokenizer.encode("caf\xe9"), contains("byte 3") && contains("\\xe9"));
}

TEST_CASE("tokenizer: a tokenizer survives being moved and written to a file") {
  for (const std::string name : {"unigram", "bpe"}) {
    Tokenizer first = Tokenizer::load(small_model(name));
    const Ids ids = first.encode("A quiet film .");
    const Tokenizer moved = std::move(first);
    CHECK(moved.encode("A quiet film .") == ids);
    CHECK(moved.files() ==
          std::vector<TokenizerFile>{{"tokenizer.model", test::read_text(small_model(name))}});
    const test::TemporaryDirectory directory;
    const auto copy = directory.file("tokenizer.model", moved.files()[0].content);
    CHECK(Tokenizer::load(copy).encode("A quiet film .") == ids);
  }
}

TEST_CASE("tokenizer: to sentencepiece it makes no difference where a text stands") {
  for (const std::string name : {"unigram", "bpe"}) {
    const Tokenizer tokenizer = Tokenizer::load(small_model(name));
    for (const std::string text : {"A quiet film .", " a  film ", "(", ""}) {
      const Ids ids = tokenizer.encode(text);
      CHECK(tokenizer.encode(text, TextPlace::after_space) == ids);
      CHECK(tokenizer.encode(text, TextPlace::continuation) == ids);
      CHECK(ids.empty() == text.empty());
    }
  }
}

TEST_CASE("tokenizer: a copy is a tokenizer of its own") {
  Tokenizer first = Tokenizer::load(small_model("bpe"));
  const Tokenizer copy = first;
  first.add_piece("<go>", false);
  first.set_special_tokens({.add_bos = false});
  CHECK(first.vocab_size() == copy.vocab_size() + 1);
  CHECK(copy.special_tokens() == SpecialTokens());
  CHECK(copy.files() == Tokenizer::load(small_model("bpe")).files());
}

TEST_CASE("tokenizer: what is no tokenizer is refused by what it is") {
  const test::TemporaryDirectory directory;
  CHECK_THAT(load_error(directory.path() / "absent"), contains("no such file"));
  CHECK_THAT(load_error(directory.path()), contains("is a directory"));
  CHECK_THAT(load_error(directory.file("empty", "")), contains("is empty"));
  CHECK_THAT(load_error(directory.file("a", "<!DOCTYPE html>\n<html></html>")), contains("HTML"));
  CHECK_THAT(load_error(directory.file("a", "\n\n <html>")), contains("HTML"));
  CHECK_THAT(load_error(directory.file("a", "version https://git-lfs.github.com/spec/v1\noid sha")),
             contains("git-lfs pointer"));
  for (const std::string json : {"{\"model\": 1}", "\n{\"model\": 1}"}) {
    CHECK_THAT(load_error(directory.file("a", json)),
               contains("a: is JSON; a byte-pair tokenizer.json or a sentencepiece tokenizer.model "
                        "is needed"));
  }
  CHECK_THAT(
      load_error(directory.file("a", "PK\x03\x04 some archive")),
      contains("a: is neither a tokenizer.json nor a sentencepiece model nor a tokenizer.bin "
               "of llama2.c nor a GGUF file"));
  CHECK_THAT(load_error(directory.file("a", "\n")), contains("neither"));
  CHECK_THAT(load_error(directory.file("a", "\n\n\n")), contains("a: "));
}

TEST_CASE(
    "tokenizer: a GGUF file without a tokenizer, or with one of an unknown kind, is refused") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "m.gguf";
  write_gguf(path, std::vector<std::pair<std::string, GgufValue>>{}, {});
  CHECK_THAT(load_error(path), contains("m.gguf: holds no tokenizer: name one"));
  const std::vector<std::pair<std::string, GgufValue>> bert{
      {"tokenizer.ggml.model", std::string("bert")}};
  write_gguf(path, bert, {});
  CHECK_THAT(load_error(path), contains("m.gguf: its tokenizer is of the kind \"bert\"; only "
                                        "\"gpt2\" (byte-pair) or \"llama\" (sentencepiece) is "
                                        "read"));
}

TEST_CASE("tokenizer: what only libsentencepiece finds wrong is an error, too") {
  const test::TemporaryDirectory directory;
  SentencePieceModel model;
  model.pieces = {{"<unk>", 0, SentencePiece::Type::unknown}};
  model.bos_id = model.eos_id = -1;
  CHECK_THAT(load_error(directory.file("a", serialize(model))),
             contains("a: libsentencepiece makes no tokenizer of what it holds"));
  // A control piece that text can spell: before version 0.2.1 libsentencepiece finds that its ids
  // do not account for all of the text.
  model.pieces.push_back({"x", 0, SentencePiece::Type::control});
  model.algorithm = SentencePieceModel::Algorithm::bpe;
  const Tokenizer tokenizer = Tokenizer::load(directory.file("b", serialize(model)));
  try {
    const Ids ids = tokenizer.encode("x");
    CHECK(ids == Ids{0, 1});
  } catch (const std::exception& error) {
    CHECK_THAT(error.what(), contains("sentencepiece cannot encode: \""));
  }
  CHECK(tokenizer.encode("y") == Ids{0});
}

TEST_CASE("tokenizer: a model cut short anywhere is refused or works") {
  HostileFile file;
  for (const std::string name : {"unigram", "bpe"}) {
    const std::string model = test::read_text(small_model(name));
    for (std::size_t size = 0; size < model.size(); ++size) {
      file.try_load(std::string_view(model).substr(0, size));
    }
  }
}

TEST_CASE("tokenizer: a model with a changed byte is refused or works") {
  flip_bits("unigram", {0x01, 0x80});
  flip_bits("bpe", {0x04});
}

// Takes a while; run by name.
TEST_CASE("tokenizer: a model with any changed bit is refused or works", "[.]") {
  const std::vector<int> masks = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF};
  flip_bits("unigram", masks);
  flip_bits("bpe", masks);
}
