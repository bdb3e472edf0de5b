#include "minillama/text/stream_decoder.h"

#include <random>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"

#include "support/catch.h"
#include "support/files.h"

using namespace minillama;

namespace {

using Ids = std::vector<std::int64_t>;

Tokenizer small_tokenizer(const std::string& name) {
  return Tokenizer::load(test::repository_file("tests/reference/" + name + ".model"));
}

/// The id of the byte, in a model whose byte pieces come in order.
std::int64_t byte_id(const Tokenizer& tokenizer, int byte) {
  return tokenizer.pad_id() + byte;
}

}  // namespace

TEST_CASE("stream decoder: the parts are whole characters and together the decoded text") {
  std::mt19937 random(1);
  for (const std::string name : {"unigram", "bpe"}) {
    const Tokenizer tokenizer = small_tokenizer(name);
    std::uniform_int_distribution<std::int64_t> any_id(0, tokenizer.vocab_size() - 1);
    for (int repeat = 0; repeat < 2000; ++repeat) {
      Ids ids(static_cast<std::size_t>(random() % 20));
      for (auto& id : ids) id = any_id(random);
      StreamDecoder decoder(tokenizer);
      std::string text;
      for (std::size_t i = 0; i <= ids.size(); ++i) {
        const std::string part = i < ids.size() ? decoder.push(ids[i]) : decoder.flush();
        if (utf8_valid_prefix(part) != part.size()) FAIL("part " << i << " is not UTF-8");
        text += part;
      }
      if (text != tokenizer.decode(ids)) FAIL("\"" << text << "\" is not the decoded text");
    }
  }
}

TEST_CASE("stream decoder: a character of several bytes appears when it is complete") {
  const Tokenizer tokenizer = small_tokenizer("bpe");
  StreamDecoder decoder(tokenizer);
  CHECK(decoder.push(byte_id(tokenizer, 0xF0)).empty());
  CHECK(decoder.push(byte_id(tokenizer, 0x9F)).empty());
  CHECK(decoder.push(byte_id(tokenizer, 0x98)).empty());
  CHECK(decoder.push(byte_id(tokenizer, 0x80)) == "😀");
  CHECK(decoder.flush().empty());
}

TEST_CASE("stream decoder: bytes that form no character become U+FFFD as soon as that is certain") {
  const Tokenizer tokenizer = small_tokenizer("bpe");
  StreamDecoder decoder(tokenizer);
  CHECK(decoder.push(byte_id(tokenizer, 0x80)) == "\uFFFD");
  CHECK(decoder.push(byte_id(tokenizer, 0xE2)).empty());
  CHECK(decoder.push(byte_id(tokenizer, 0x96)).empty());
  CHECK(decoder.push(byte_id(tokenizer, 'x')) == "\uFFFD\uFFFDx");
  CHECK(decoder.push(byte_id(tokenizer, 0xED)).empty());
  CHECK(decoder.push(byte_id(tokenizer, 0xA0)) == "\uFFFD\uFFFD");  // a surrogate
  CHECK(decoder.push(byte_id(tokenizer, 0xC3)).empty());
  CHECK(decoder.push(tokenizer.unk_id()) == "\uFFFD \u2047 ");
  CHECK(decoder.push(byte_id(tokenizer, 0xC3)).empty());
  CHECK(decoder.flush() == "\uFFFD");
  CHECK(decoder.flush().empty());
}

TEST_CASE("stream decoder: the first word loses its space at the start of a text only") {
  for (const std::string name : {"unigram", "bpe"}) {
    const Tokenizer tokenizer = small_tokenizer(name);
    const Ids prompt = tokenizer.encode("The film");
    const Ids word = tokenizer.encode("and");
    REQUIRE(tokenizer.piece(word[0]).starts_with("\u2581"));
    CHECK_FALSE(StreamDecoder(tokenizer).push(word[0]).starts_with(" "));
    CHECK_FALSE(StreamDecoder(tokenizer, Ids{tokenizer.bos_id()}).push(word[0]).starts_with(" "));
    CHECK(StreamDecoder(tokenizer, prompt).push(word[0]).starts_with(" "));
  }
}

TEST_CASE("stream decoder: goes on where it is moved") {
  const Tokenizer tokenizer = small_tokenizer("bpe");
  StreamDecoder first(tokenizer, Ids{byte_id(tokenizer, 0xC3)});
  StreamDecoder second = std::move(first);
  CHECK(second.push(byte_id(tokenizer, 0xA9)) == "é");
  // NOLINTNEXTLINE(bugprone-use-after-move): what it says then
  CHECK_THROWS_WITH(first.push(0), contains("moved from"));
}

TEST_CASE("stream decoder: a character begun in the prompt is completed") {
  const Tokenizer tokenizer = small_tokenizer("bpe");
  StreamDecoder decoder(tokenizer, Ids{byte_id(tokenizer, 0xC3)});
  CHECK(decoder.push(byte_id(tokenizer, 0xA9)) == "é");
}

TEST_CASE("stream decoder: an id outside the vocabulary is refused and changes nothing") {
  const Tokenizer tokenizer = small_tokenizer("bpe");
  StreamDecoder decoder(tokenizer);
  decoder.push(byte_id(tokenizer, 0xC3));
  CHECK_THROWS_AS(decoder.push(-1), OptionError);
  CHECK_THROWS_AS(decoder.push(tokenizer.vocab_size()), OptionError);
  CHECK(decoder.push(byte_id(tokenizer, 0xA9)) == "é");
  CHECK_THROWS_AS(StreamDecoder(tokenizer, Ids{-1}), OptionError);
}
