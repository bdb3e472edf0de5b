#include "minillama/text/sentence_template.h"

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
    const std::string sentence = "is slow , the second is slower";
    const auto [ids, shortened] = sentence_template.encode(tokenizer, sentence, kMany, kMany);
    CHECK(ids == with_bos(tokenizer, tokenizer.encode(sentence_template.fill(sentence))));
    CHECK_FALSE(shortened);
  }
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
  const std::string text = "is slow , the second is slower";
  const auto by_sentence = sentence_template.encode(tokenizer, text, 3, kMany);
  CHECK(by_sentence.ids == expected(3));
  CHECK(by_sentence.shortened);
  const auto others = 1 + std::ssize(before) + std::ssize(behind);
  CHECK(sentence_template.encode(tokenizer, text, kMany, others + 2).ids == expected(2));
  CHECK(sentence_template.encode(tokenizer, text, 1, others + 2).ids == expected(1));
  CHECK_THROWS_AS(sentence_template.encode(tokenizer, text, kMany, others), OptionError);
}
