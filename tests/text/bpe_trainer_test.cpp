#include "minillama/text/bpe_trainer.h"

#include <algorithm>
#include <string>
#include <vector>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/text/tokenizer.h"
#include "minillama/text/tokenizer_model.h"

#include "support/catch.h"
#include "support/files.h"

using namespace minillama;

namespace {

/// What Python's tokenizers learns: tests/reference/bpe_training.py.
const Json& expected() {
  static const Json json = parse_json(
      test::read_text(test::repository_file("tests/reference/bpe_training.json")), "bpe_training");
  return json;
}

std::int64_t all_pieces() {
  return static_cast<std::int64_t>(expected()["pieces"].size());
}

/// A file with the text that it learns from.
class Text : public test::TemporaryDirectory {
 public:
  Text() : path(file("text", expected()["text"].get<std::string>())) {}

  const std::filesystem::path path;
};

}  // namespace

TEST_CASE("bpe training: pieces and merges are those of Python's tokenizers") {
  const Text text;
  const auto record = train_byte_pairs(TextFile(text.path), all_pieces());
  CHECK(record.pieces == expected()["pieces"].get<std::vector<std::string>>());
  const auto piece = [&](std::int32_t id) { return record.pieces[static_cast<std::size_t>(id)]; };
  std::vector<std::vector<std::string>> merges;
  for (const auto& [left, right, result] : record.merges) {
    merges.push_back({piece(left), piece(right)});
    CHECK(piece(result) == piece(left) + piece(right));
  }
  CHECK(merges == expected()["merges"].get<std::vector<std::vector<std::string>>>());
}

TEST_CASE("bpe training: fewer pieces are the first of them, line ends are all the same") {
  const Text text;
  const auto record = train_byte_pairs(TextFile(text.path), 300);
  REQUIRE(record.pieces.size() == 300);
  for (std::size_t id = 0; id < 300; ++id) CHECK(record.pieces[id] == expected()["pieces"][id]);
  std::string other;
  for (const char c : expected()["text"].get<std::string>()) {
    if (c == '\n') other += '\r';
    other += c;
  }
  const auto path = text.file("other", other);
  CHECK(train_byte_pairs(TextFile(path), all_pieces()).pieces ==
        train_byte_pairs(TextFile(text.path), all_pieces()).pieces);
}

TEST_CASE("bpe training: a tokenizer is made that is written, read again, and spells any text") {
  const Text text;
  const auto tokenizer = Tokenizer::train(text.path, all_pieces(), "byte-pair");
  CHECK(tokenizer.vocab_size() == all_pieces());
  CHECK(tokenizer.bos_id() == 0);
  CHECK(tokenizer.eos_id() == 1);
  CHECK(tokenizer.special_tokens().add_bos);
  std::filesystem::create_directory(text.path.parent_path() / "made");
  for (const auto& file : tokenizer.files()) text.file("made/" + file.name, file.content);
  const auto again = Tokenizer::load(text.path.parent_path() / "made/tokenizer.json");
  CHECK(again.special_tokens() == tokenizer.special_tokens());
  CHECK(again.stop_ids() == tokenizer.stop_ids());
  for (const std::string words :
       {" the aaa abab 2024", "\n\tнет \xF0\x9F\x98\x80\xCC\x81 映x", "a  b   \n\n "}) {
    const auto ids = tokenizer.encode(words);
    CHECK(ids == again.encode(words));
    CHECK(tokenizer.decode(ids) == words);
  }
  CHECK(tokenizer.encode(" the").size() == 1);
  const auto entries = tokenizer.model().gguf_entries(tokenizer.special_tokens());
  const auto pre =
      std::ranges::find(entries, "tokenizer.ggml.pre", &std::pair<std::string, GgufValue>::first);
  REQUIRE(pre != entries.end());
  CHECK(std::get<std::string>(pre->second) == "smollm");
}

TEST_CASE("bpe training: what cannot be made is refused, and says why") {
  const Text text;
  const auto refused = [&](std::int64_t size, const std::string& kind, const std::string& why) {
    CHECK_THROWS_WITH(Tokenizer::train(text.path, size, kind), test::contains(why));
  };
  refused(257, "byte-pair", "no tokenizer of 257 pieces can be made of ");
  refused(257, "byte-pair", ": its special tokens and the bytes need 258 at least");
  refused(-1, "byte-pair", "need 258 at least");
  refused(all_pieces() + 1, "byte-pair", ": the text is enough for 463 at most");
  refused(300, "bytes",
          "no tokenizer of the kind \"bytes\" can be made, only byte-pair or "
          "sentencepiece");
  const auto path = text.file("broken", "a good line\na bad \xFF one\n");
  CHECK_THROWS_WITH(Tokenizer::train(path, 300, "byte-pair"),
                    test::contains("broken:2: not UTF-8"));
}
