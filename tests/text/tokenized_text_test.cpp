#include "minillama/text/tokenized_text.h"

#include <vector>

#include "minillama/core/error.h"
#include "minillama/io/crc32.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/small_model.h"

using namespace minillama;

namespace {

std::vector<std::int64_t> all_ids(const TokenFile& file) {
  std::vector<std::int64_t> ids(static_cast<std::size_t>(file.size()));
  file.copy(0, ids);
  return ids;
}

void append(std::vector<std::int64_t>& ids, const Tokenizer& tokenizer, std::string_view text) {
  ids.push_back(tokenizer.bos_id());
  const auto more = tokenizer.encode(text);
  ids.insert(ids.end(), more.begin(), more.end());
}

}  // namespace

TEST_CASE("tokenized_text: each line is BOS and its ids, without line ends and empty lines") {
  const test::TemporaryDirectory directory;
  const auto tokenizer = test::small_tokenizer();
  const auto text = directory.file("text.txt", "A film .\r\n\nNo film at all\nlast");
  const auto cache = directory.path() / "text.tokens";
  std::vector<std::int64_t> expected;
  for (const std::string line : {"A film .", "No film at all", "last"}) {
    append(expected, tokenizer, line);
  }
  const auto ids = tokenize_file(text, tokenizer, cache);
  CHECK(all_ids(ids) == expected);
  CHECK(ids.source().text_size == 30);
  const auto model = test::read_text(test::repository_file("tests/reference/bpe.model"));
  CHECK(ids.source().tokenizer_checksum == crc32(as_bytes(model)));

  const auto whole = tokenize_file(text, tokenizer, cache, Documents::file);
  CHECK(all_ids(whole).front() == tokenizer.bos_id());
  CHECK(tokenizer.decode(all_ids(whole)).find("film at all") != std::string::npos);
  CHECK(all_ids(tokenize_file(text, tokenizer, cache)) == expected);
}

TEST_CASE("tokenized_text: the sentences of a data set, without their labels") {
  const test::TemporaryDirectory directory;
  const auto tokenizer = test::small_tokenizer();
  const auto text = directory.file("text.txt", "3 ||| A film .\r\n0 ||| No film at all\n");
  const auto cache = directory.path() / "text.tokens";
  const auto lines = all_ids(tokenize_file(text, tokenizer, cache));
  std::vector<std::int64_t> expected;
  for (const std::string line : {"A film .", "No film at all"}) append(expected, tokenizer, line);
  const auto sentences = tokenize_file(text, tokenizer, cache, Documents::sentences);
  CHECK(all_ids(sentences) == expected);
  CHECK(sentences.source().text_size == 24);  // what bits per byte are of: no labels
  CHECK(all_ids(tokenize_file(text, tokenizer, cache)) == lines);

  directory.file("text.txt", "3 ||| A film .\nNo film at all\n");
  CHECK_THROWS_WITH(tokenize_file(text, tokenizer, cache, Documents::sentences),
                    contains("text.txt:2"));
}

TEST_CASE("tokenized_text: ids are made once, and again for another text or tokenizer") {
  const test::TemporaryDirectory directory;
  const auto tokenizer = test::small_tokenizer();
  const auto text = directory.file("text.txt", "A film .\n");
  const auto cache = directory.path() / "text.tokens";
  tokenize_file(text, tokenizer, cache);
  const auto first = std::filesystem::last_write_time(cache);
  tokenize_file(text, tokenizer, cache);
  CHECK(std::filesystem::last_write_time(cache) == first);

  directory.file("text.txt", "Other .\n");
  std::vector<std::int64_t> expected;
  append(expected, tokenizer, "Other .");
  CHECK(all_ids(tokenize_file(text, tokenizer, cache)) == expected);
  const auto other = Tokenizer::load(test::repository_file("tests/reference/unigram.model"));
  CHECK(tokenize_file(text, other, cache).source().vocab_size ==
        static_cast<std::uint64_t>(other.vocab_size()));
}

TEST_CASE("tokenized_text: a file of ids is taken as it is, if it is of the same tokenizer") {
  const test::TemporaryDirectory directory;
  const auto tokenizer = test::small_tokenizer();
  const auto text = directory.file("text.txt", "A film .\n");
  const auto cache = directory.path() / "text.tokens";
  const auto ids = all_ids(tokenize_file(text, tokenizer, cache));
  CHECK(all_ids(tokenize_file(cache, tokenizer, {})) == ids);
  const auto other = Tokenizer::load(test::repository_file("tests/reference/unigram.model"));
  CHECK_THROWS_WITH(tokenize_file(cache, other, {}), contains("another tokenizer"));
}

TEST_CASE("tokenized_text: what cannot be used is refused with its place") {
  const test::TemporaryDirectory directory;
  const auto tokenizer = test::small_tokenizer();
  const auto cache = directory.path() / "text.tokens";
  CHECK_THROWS_WITH(tokenize_file(directory.file("bad", "fine\ncaf\xe9\n"), tokenizer, cache),
                    contains("bad:2: not UTF-8"));
  CHECK(!std::filesystem::exists(cache));
  CHECK_THROWS_AS(tokenize_file(directory.file("empty", ""), tokenizer, cache), FileError);
  CHECK_THROWS_AS(tokenize_file(directory.path() / "absent", tokenizer, cache), FileError);

  const auto text = directory.file("text.txt", "A film .\n");
  tokenize_file(text, tokenizer, cache);
  const auto content = test::read_text(cache);
  directory.file("text.tokens", content.substr(0, content.size() - 3));
  CHECK_THROWS_WITH(tokenize_file(text, tokenizer, cache), contains("text.tokens"));
}
