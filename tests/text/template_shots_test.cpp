// Shots in a sentence's template.

#include "minillama/core/error.h"
#include "minillama/text/sentence_template.h"

#include "support/byte_pairs.h"
#include "support/catch.h"
#include "support/small_model.h"

using namespace minillama;

namespace {

constexpr std::int64_t kMany = 1000;

const std::vector<Shot> kShots{{"A bore .", "bad"}, {"So it is , and it is good", "good"}};

TokenIds joined(const std::vector<TokenIds>& parts) {
  TokenIds all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TokenIds first(TokenIds ids, std::size_t count) {
  ids.resize(std::min(ids.size(), count));
  return ids;
}

TokenIds encoded(const SentenceTemplate& sentence_template, const Tokenizer& tokenizer,
                 const std::string& sentence, std::int64_t most = kMany,
                 std::int64_t most_in_all = kMany) {
  return sentence_template.encode(tokenizer, std::vector{sentence}, most, most_in_all).ids.front();
}

}  // namespace

TEST_CASE("template: shots stand in front, each in the text with its answer and a blank line") {
  const auto words = Tokenizer::load(test::byte_pairs_file("smollm"));
  const auto in = [&](const char* text) { return words.encode(text, TextPlace::continuation); };
  const SentenceTemplate shown("Film: {sentence} It is ", kShots);
  CHECK(encoded(shown, words, "Fine .") ==
        with_bos(words, joined({words.encode("Film:"), in(" A bore ."), in(" It is"), in(" bad"),
                                in("\n\nFilm:"), in(" So it is , and it is good"), in(" It is"),
                                in(" good"), in("\n\nFilm:"), in(" Fine ."), in(" It is")})));
  CHECK(shown.fill("Fine .") == "Film: Fine . It is ");
  const SentenceTemplate alone("{sentence}", std::span(kShots).first(1));
  CHECK(encoded(alone, words, "Fine .") ==
        with_bos(words, joined({words.encode("A bore ."), in(" bad"), in("\n\n"), in("Fine .")})));
  CHECK(encoded(shown, words, "") ==
        with_bos(words, joined({words.encode("Film:"), in(" A bore ."), in(" It is"), in(" bad"),
                                in("\n\nFilm:"), in(" So it is , and it is good"), in(" It is"),
                                in(" good"), in("\n\nFilm:"), in(" It is")})));
}

TEST_CASE("template: the tokens behind a sentence stand alone, too") {
  const auto words = Tokenizer::load(test::byte_pairs_file("smollm"));
  const SentenceTemplate shown("Film: {sentence} It is ", kShots);
  CHECK(shown.encode_behind(words) == with_bos(words, words.encode("It is")));
  CHECK(shown.ids_behind(words) == words.encode(" It is"));
}

TEST_CASE("template: shots are turns of a conversation") {
  const auto words = Tokenizer::load(test::byte_pairs_file("smollm"));
  ChatFormat format{.kind = "ChatML",
                    .system = {.before = "<|im_start|>system\n", .behind = "<|im_end|>\n"},
                    .user = {.before = "<|im_start|>user\n", .behind = "<|im_end|>\n"},
                    .assistant = {.before = "<|im_start|>assistant\n", .behind = "<|im_end|>\n"},
                    .default_system = "You answer.",
                    .answer = "<|im_start|>assistant\n"};
  const auto message = [](const std::string& text) {
    return ChatMessage{.role = ChatRole::user, .content = text};
  };
  const auto answer = [](const std::string& text) {
    return ChatMessage{.role = ChatRole::assistant, .content = text};
  };
  for (const auto place : {SystemPlace::turn, SystemPlace::last_message}) {
    format.system_place = place;
    const ChatTemplate chat(format);
    const std::vector<ChatMessage> begun{message("A bore . Good?"), answer("It is bad"),
                                         message("So it is , and it is good Good?"),
                                         answer("It is good"), message("Fine . Good?")};
    CHECK(encoded(SentenceTemplate("{sentence} Good?{answer}It is", chat, kShots), words,
                  "Fine .") == ChatTemplate::encode(words, chat.render(begun) + "It is"));
    const std::vector<ChatMessage> whole{message("A bore . Good?"), answer("bad"),
                                         message("So it is , and it is good Good?"), answer("good"),
                                         message("Fine . Good?")};
    const SentenceTemplate asked("{sentence} Good?", chat, kShots);
    CHECK(encoded(asked, words, "Fine .") == ChatTemplate::encode(words, chat.render(whole)));
    const auto one = message("Fine . Good?");
    CHECK(asked.fill("Fine .") == chat.render({&one, 1}));
  }
}

TEST_CASE("template: of the room each shot has an equal share, the sentence what they leave") {
  const auto words = test::small_tokenizer();
  const std::vector<Shot> shots{{"is", "bad"}, {"is slow , the second is slower", "good"}};
  const std::string sentence = "the film is slow , the second is slower , the film is the slowest";
  const SentenceTemplate shown("{sentence} It is", shots);
  const auto brief = words.encode("is"), cut = words.encode(shots[1].sentence),
             asked = words.encode(sentence), behind = words.encode("It is"),
             blank = words.encode("\n\n");
  const auto expected = [&](std::size_t share, std::size_t left) {
    return with_bos(
        words, joined({first(brief, share), behind, words.encode("bad"), blank, first(cut, share),
                       behind, words.encode("good"), blank, first(asked, left), behind}));
  };
  const auto all = expected(kMany, kMany);
  CHECK(encoded(shown, words, sentence) == all);
  const auto others = all.size() - brief.size() - cut.size() - asked.size();
  REQUIRE(brief.size() < 5);
  REQUIRE(cut.size() > 5);
  REQUIRE(asked.size() > 20);
  const auto most = static_cast<std::int64_t>(others) + 17;  // 5 for each, and 2
  CHECK(encoded(shown, words, sentence, kMany, most) == expected(5, 17 - brief.size() - 5));
  CHECK(std::ssize(encoded(shown, words, sentence, kMany, most)) == most);
  CHECK(encoded(shown, words, sentence, 3, kMany) == expected(3, 3));
  CHECK_THROWS_WITH(encoded(shown, words, sentence, kMany, static_cast<std::int64_t>(others) + 2),
                    contains("no room for a sentence behind 2 shots"));
}
