#include "minillama/io/gguf_bpe.h"

#include <cstring>

#include "minillama/text/tokenizer.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/file_error.h"

using namespace minillama;

namespace {

using Entries = std::vector<std::pair<std::string, GgufValue>>;

Entries good_entries() {
  return {{"tokenizer.ggml.model", "gpt2"},
          {"tokenizer.ggml.pre", "smollm"},
          {"tokenizer.ggml.tokens", std::vector<std::string>{"<s>", "a", "b", "ab", "<go>"}},
          {"tokenizer.ggml.token_type", std::vector<std::int32_t>{3, 1, 1, 1, 4}},
          {"tokenizer.ggml.merges", std::vector<std::string>{"a b"}},
          {"tokenizer.ggml.bos_token_id", std::uint32_t{0}}};
}

void set(Entries& entries, const std::string& key, GgufValue value) {
  for (auto& [name, stored] : entries) {
    if (name == key) stored = value;
  }
}

/// The message with which changed entries are refused.
template <typename Change>
std::string error_after(const Change& change) {
  const test::TemporaryDirectory directory;
  auto entries = good_entries();
  change(entries);
  const auto path = directory.path() / "m.gguf";
  write_gguf(path, entries, {});
  return test::file_error([&] { read_gguf_bpe(GgufMetadata(path)); });
}

std::string error_with(const std::string& key, const GgufValue& value) {
  return error_after([&](Entries& entries) { set(entries, key, value); });
}

}  // namespace

TEST_CASE("GGUF byte pairs: tokens, types and merges are read") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "m.gguf";
  write_gguf(path, good_entries(), {});
  const auto record = read_gguf_bpe(GgufMetadata(path));
  CHECK(record.merges == std::vector<BpeMerge>{{1, 2, 3}});
  CHECK(record.added == std::vector<AddedPiece>{{.id = 0, .is_special = true}, {.id = 4}});
  CHECK(record.bos == 0);
  CHECK(record.eos == -1);
  CHECK_FALSE(record.adds_bos);
  CHECK_FALSE(record.ignore_merges);

  auto entries = good_entries();
  set(entries, "tokenizer.ggml.pre", "llama-bpe");
  write_gguf(path, entries, {});
  const auto llama3 = read_gguf_bpe(GgufMetadata(path));
  CHECK(llama3.ignore_merges);
  CHECK(llama3.adds_bos);
  CHECK(Tokenizer::load(path).special_tokens().add_bos);
  entries.emplace_back("tokenizer.ggml.add_bos_token", false);
  write_gguf(path, entries, {});
  CHECK_FALSE(Tokenizer::load(path).special_tokens().add_bos);
}

TEST_CASE("GGUF byte pairs: what is broken or not known is refused by its key") {
  using Texts = std::vector<std::string>;
  using Types = std::vector<std::int32_t>;
  CHECK(error_after([](auto&) {}) == "accepted");
  CHECK_THAT(error_with("tokenizer.ggml.pre", "jina-v1-en"),
             contains("\"tokenizer.ggml.pre\" is \"jina-v1-en\", a way to cut texts"));
  CHECK_THAT(error_after([](Entries& entries) { entries.erase(entries.begin() + 1); }),
             contains("\"tokenizer.ggml.pre\""));
  CHECK_THAT(error_after([](Entries& entries) { entries.erase(entries.begin() + 4); }),
             contains("\"tokenizer.ggml.merges\""));
  CHECK_THAT(error_with("tokenizer.ggml.token_type", Types{3, 1}),
             contains("5 tokens and 2 token types"));
  CHECK_THAT(error_with("tokenizer.ggml.token_type", Types{3, 1, 1, 7, 4}),
             contains("\"ab\" is of the unknown type 7"));
  for (const std::string merge : {"", " ", "a", "ab", "a  b", "b a", "a b b", " a b", "x y"}) {
    CHECK_THAT(error_with("tokenizer.ggml.merges", Texts{merge}),
               contains("is not two tokens that make one"));
  }
  CHECK_THAT(error_with("tokenizer.ggml.tokens", Texts{"<s>", "a", "b", "ab", "a"}),
             contains("token 4, \"a\", is there twice"));
  CHECK_THAT(error_with("tokenizer.ggml.tokens", Texts{"<s>", "a", "b", "ab", "\xff"}),
             contains("is not UTF-8"));
  CHECK_THAT(error_with("tokenizer.ggml.tokens", Texts{"<s>", "a", "b", "ab", ""}),
             contains("is empty"));
  CHECK_THAT(error_with("tokenizer.ggml.bos_token_id", std::uint32_t{5}),
             contains("\"tokenizer.ggml.bos_token_id\" is 5, there are 5 tokens"));
}

TEST_CASE("GGUF byte pairs: every truncation is refused, and every wrong byte survived") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "m.gguf";
  write_gguf(path, good_entries(), {});
  auto content = test::read_text(path);
  const auto use = [](const std::filesystem::path& damaged) {
    const auto tokenizer = Tokenizer::load(damaged);
    tokenizer.decode(tokenizer.encode("ab <s> <go> 12"));
    tokenizer.files();
  };
  test::check_every_flip(content, use);
  // Behind the last value only padding may lack.
  content.resize(content.find("bos_token_id") + std::strlen("bos_token_id") + 8);
  use(directory.file("whole", content));
  test::check_every_truncation(content, use);
}
