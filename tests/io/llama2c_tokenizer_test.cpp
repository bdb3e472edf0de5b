#include "minillama/io/llama2c_tokenizer.h"

#include <fmt/format.h>

#include "minillama/text/tokenizer.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

struct Entry {
  std::string text;
  float score;
};

template <typename T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

/// The pieces of a small tokenizer.bin as llama2.c's export writes them.
std::vector<Entry> small_vocabulary() {
  std::vector<Entry> entries = {{"<unk>", 0}, {"\n<s>\n", 0}, {"\n</s>\n", 0}};
  for (int byte = 0; byte < 256; ++byte) entries.push_back({fmt::format("<0x{:02X}>", byte), 0});
  float score = 0;
  for (const char* piece :
       {" t", "he", " the", " a", "at", " c", " cat", " ", "a", "c", "e", "h", "t"}) {
    entries.push_back({piece, score--});
  }
  return entries;
}

std::string tokenizer_bin(const std::vector<Entry>& entries, std::uint32_t longest = 6) {
  std::string out = raw(longest);
  for (const auto& [text, score] : entries) {
    out += raw(score) + raw(static_cast<std::uint32_t>(text.size())) + text;
  }
  return out;
}

std::string error_of(const std::string& content) {
  return test::file_error([&] { parse_llama2c_tokenizer(as_bytes(content), "tokenizer.bin"); });
}

}  // namespace

TEST_CASE("llama2c tokenizer: pieces get the types and spaces of sentencepiece") {
  const std::string content = tokenizer_bin(small_vocabulary());
  const SentencePieceModel model = parse_llama2c_tokenizer(as_bytes(content), "tokenizer.bin");
  REQUIRE(model.pieces.size() == 272);
  CHECK(model.pieces[0].type == SentencePiece::Type::unknown);
  CHECK(model.pieces[1].text == "<s>");
  CHECK(model.pieces[2].text == "</s>");
  CHECK(model.pieces[2].type == SentencePiece::Type::control);
  CHECK(model.pieces[3].text == "<0x00>");
  CHECK(model.pieces[258].type == SentencePiece::Type::byte);
  CHECK(model.pieces[261].text == "▁the");
  CHECK(model.pieces[261].score == -2);
  CHECK(model.pieces[261].type == SentencePiece::Type::normal);
}

TEST_CASE("llama2c tokenizer: text survives encoding and decoding") {
  const test::TemporaryDirectory directory;
  const Tokenizer tokenizer =
      Tokenizer::load(directory.file("tokenizer.bin", tokenizer_bin(small_vocabulary())));
  CHECK(tokenizer.encode("the cat") == std::vector<std::int64_t>{261, 265});
  // Two bytes of é; spaces are kept.
  CHECK(tokenizer.encode(" é") == std::vector<std::int64_t>{266, 266, 0xC3 + 3, 0xA9 + 3});
  for (const std::string text : {"the cat", "", " ", "  a  cat ", "Zürich 😀\n\t<s>", "x"}) {
    CHECK(tokenizer.decode(tokenizer.encode(text)) == text);
  }
  const auto copy = directory.file("tokenizer.model", tokenizer.files()[0].content);
  CHECK(Tokenizer::load(copy).encode("the 😀 cat") == tokenizer.encode("the 😀 cat"));
}

TEST_CASE("llama2c tokenizer: the tokenizer of stories260K reads and writes its stories") {
  const auto path = test::data_file("stories260K/tok512.bin");
  SKIP_WITHOUT(path, "stories260K/tok512.bin");
  const Tokenizer tokenizer = Tokenizer::load(*path);
  CHECK(tokenizer.vocab_size() == 512);
  CHECK(tokenizer.bos_id() == 1);
  CHECK(tokenizer.eos_id() == 2);
  const std::string story =
      "Once upon a time, there was a little girl named Lily. She said, \"Wow!\"\n\nÜber 😀  end ";
  const auto ids = tokenizer.encode(story);
  CHECK(ids.size() < story.size());
  CHECK(tokenizer.decode(ids) == story);
}

TEST_CASE("llama2c tokenizer: a broken file is refused with the place") {
  const auto changed = [](std::size_t id, const std::string& text) {
    auto entries = small_vocabulary();
    entries[id].text = text;
    return error_of(tokenizer_bin(entries));
  };
  CHECK_THAT(error_of(tokenizer_bin(small_vocabulary(), 5)),
             contains("piece 2 has 6 bytes, the longest is said to have 5"));
  CHECK_THAT(error_of(tokenizer_bin(small_vocabulary()) + "x"), contains("truncated"));
  CHECK_THAT(error_of(tokenizer_bin({})), contains("has no pieces"));
  CHECK_THAT(changed(3 + 65, "A"), contains("piece 68 is \"A\", must be <0x41>"));
  CHECK_THAT(changed(3 + 65, "<0x42>"), contains("must be <0x41>"));
  CHECK_THAT(changed(260, ""), contains("piece 260, \"\", is empty"));
  CHECK_THAT(changed(260, "a"), contains("is there twice"));
  CHECK_THAT(changed(260, "\xff"), contains("is not UTF-8"));
  auto entries = small_vocabulary();
  entries[260].score = NAN;
  CHECK_THAT(error_of(tokenizer_bin(entries)), contains("has the score nan"));
  entries = small_vocabulary();
  entries.resize(200);
  CHECK_THAT(error_of(tokenizer_bin(entries)), contains("has 197 of the 256 byte pieces"));
}

TEST_CASE("llama2c tokenizer: a file cut short anywhere is refused or holds fewer pieces") {
  const std::string content = tokenizer_bin(small_vocabulary());
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < content.size(); ++size) {
    if (error_of(content.substr(0, size)) == "accepted") ++accepted;
  }
  CHECK(accepted == 13);  // the 13 pieces after the bytes can be missing
}
