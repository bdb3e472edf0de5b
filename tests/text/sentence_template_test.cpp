#include "minillama/text/sentence_template.h"

#include <fmt/format.h>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/small_model.h"

using namespace minillama;

namespace {

constexpr std::int64_t kMany = 1000;

}  // namespace

TEST_CASE("sentence_template: holds the sentence once") {
  CHECK(SentenceTemplate().fill("Oh .") == "Oh .");
  CHECK(SentenceTemplate("A {sentence} B").fill("Oh .") == "A Oh . B");
  CHECK_THROWS_AS(SentenceTemplate("A"), OptionError);
  CHECK_THROWS_AS(SentenceTemplate("{sentence} {sentence}"), OptionError);
}

TEST_CASE("sentence_template: encodes what the filled text encodes to, BOS in front") {
  const auto tokenizer = test::small_tokenizer();
  for (const std::string text :
       {"{sentence}", "{sentence} It is", "A film : {sentence}", "The film {sentence} is what ?"}) {
    const SentenceTemplate sentence_template(text);
    std::vector<std::string> sentences;  // enough for several threads
    for (int i = 0; i < 50; ++i) {
      sentences.emplace_back("is slow , the second is slower");
      sentences.push_back(fmt::format("the film is {}", i));
    }
    const auto [ids, is_shortened] = sentence_template.encode(tokenizer, sentences, kMany, kMany);
    REQUIRE(ids.size() == sentences.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      CHECK(ids[i] == with_bos(tokenizer, tokenizer.encode(sentence_template.fill(sentences[i]))));
    }
    CHECK(is_shortened == std::vector<std::uint8_t>(sentences.size(), 0));
  }
}

TEST_CASE("sentence_template: to sentencepiece every part begins as a word does") {
  const auto tokenizer = test::small_tokenizer();
  const std::vector<std::string> sentences{"the film", " is slow "};
  const auto check = [&](const std::string& text, const char* before, const char* behind) {
    const auto encoded = SentenceTemplate(text).encode(tokenizer, sentences, kMany, kMany);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      TokenIds expected = tokenizer.encode(before);
      for (const auto part : {std::string_view(sentences[i]), std::string_view(behind)}) {
        const auto ids = tokenizer.encode(part);
        expected.insert(expected.end(), ids.begin(), ids.end());
      }
      CHECK(encoded.ids[i] == with_bos(tokenizer, expected));
    }
  };
  check("({sentence})", "(", ")");
  check("  A film :   {sentence}  It is  ", "A film :", "It is");
  check("A film :\n{sentence}\nIt is", "A film :\n", "\nIt is");
}

TEST_CASE("sentence_template: the sentence gives way, never the text around it") {
  const auto tokenizer = test::small_tokenizer();
  const SentenceTemplate sentence_template("The film {sentence} is what ?");
  const auto sentence = tokenizer.encode("is slow , the second is slower");
  const auto before = tokenizer.encode("The film");
  const auto behind = tokenizer.encode("is what ?");
  const auto expected = [&](std::size_t kept) {
    TokenIds ids = before;
    ids.insert(ids.end(), sentence.begin(), sentence.begin() + static_cast<std::ptrdiff_t>(kept));
    ids.insert(ids.end(), behind.begin(), behind.end());
    return with_bos(tokenizer, ids);
  };
  const std::vector<std::string> texts{"is slow , the second is slower", "is"};
  const auto by_sentence = sentence_template.encode(tokenizer, texts, 3, kMany);
  CHECK(by_sentence.ids.front() == expected(3));
  CHECK(by_sentence.is_shortened == std::vector<std::uint8_t>{1, 0});
  const auto others = 1 + std::ssize(before) + std::ssize(behind);
  const auto first = [&](std::int64_t max_sentence_tokens, std::int64_t max_tokens) {
    return sentence_template.encode(tokenizer, texts, max_sentence_tokens, max_tokens).ids.front();
  };
  CHECK(first(kMany, others + 2) == expected(2));
  CHECK(first(1, others + 2) == expected(1));
  CHECK_THROWS_AS(first(kMany, others), OptionError);
  // An error in a thread is the caller's.
  std::vector<std::string> many(100, "is slow");
  many.emplace_back("\xff");
  CHECK_THROWS_WITH(sentence_template.encode(tokenizer, many, kMany, kMany), contains("UTF-8"));
}
