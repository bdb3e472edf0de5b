// Chat templates against transformers' apply_chat_template (tests/reference/chat_templates.py).

#include "minillama/text/chat_template.h"

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/text/sentence_template.h"

#include "support/catch.h"
#include "support/files.h"

using namespace minillama;

namespace {

std::filesystem::path reference(const std::string& name) {
  return test::repository_file("tests/reference/chat/" + name);
}

const Tokenizer& tokenizer() {
  static const auto loaded = Tokenizer::load(reference("tokenizer.json"));
  return loaded;
}

const Json& templates() {
  static const auto json = parse_json(test::read_text(reference("templates.json")), "templates");
  return json;
}

/// The first template of that kind.
ChatTemplate template_of(const std::string& kind) {
  for (const auto& entry : templates()) {
    if (entry.at("kind") == kind) {
      return {entry.at("template").get<std::string>(), tokenizer(), "model.gguf"};
    }
  }
  FAIL(kind);
  throw std::logic_error(kind);
}

std::vector<ChatMessage> messages_of(const Json& json) {
  std::vector<ChatMessage> messages;
  for (const auto& message : json) {
    const std::string role = message.at(0);
    messages.push_back({role == "system" ? ChatRole::system
                        : role == "user" ? ChatRole::user
                                         : ChatRole::assistant,
                        message.at(1)});
  }
  return messages;
}

}  // namespace

TEST_CASE("chat template: texts and ids are transformers', for each kind") {
  std::size_t n_compared = 0, n_refused = 0, n_unknown = 0;
  for (const auto& entry : templates()) {
    const std::string jinja = entry.at("template");
    INFO(jinja);
    if (entry.at("kind").is_null()) {
      CHECK_FALSE(chat_template_kind(jinja, "model.gguf"));
      CHECK_THROWS_AS(ChatTemplate(jinja, tokenizer(), "model.gguf"), FileError);
      ++n_unknown;
      continue;
    }
    REQUIRE(chat_template_kind(jinja, "model.gguf") == entry.at("kind").get<std::string>());
    const ChatTemplate format(jinja, tokenizer(), "model.gguf");
    CHECK(format.format().kind == entry.at("kind"));
    for (const auto& one : entry.at("cases")) {
      const auto messages = messages_of(one.at("messages"));
      INFO(one.at("messages").dump());
      if (!one.contains("text")) {
        CHECK_THROWS_WITH(format.render(messages), contains("a place for a system message"));
        ++n_refused;
        continue;
      }
      const auto text = format.render(messages);
      CHECK(text == one.at("text").get<std::string>());
      CHECK(ChatTemplate::encode(tokenizer(), text) == one.at("ids").get<TokenIds>());
      ++n_compared;
    }
  }
  CHECK(n_compared == 13 * 6 + 3);
  CHECK(n_refused == 3);
  CHECK(n_unknown == 12);
}

TEST_CASE("chat template: what is of no kind is refused with the file and the kinds") {
  CHECK_THROWS_WITH(ChatTemplate("{{ messages }}", tokenizer(), "some/model.gguf"),
                    contains("some/model.gguf: its chat template is of none of the known kinds, "
                             "ChatML, Llama 3, Zephyr, Llama 2, Mistral: \"{{ messages }}\""));
  CHECK_THROWS_WITH(ChatTemplate("{% if x", tokenizer(), "model.gguf"),
                    contains("model.gguf: its chat template has a block that does not end"));
  CHECK_THROWS_AS(ChatTemplate("", tokenizer(), "model.gguf"), FileError);
}

TEST_CASE("chat template: every beginning of a template is of its kind, of none or refused") {
  for (const auto& entry : templates()) {
    const std::string jinja = entry.at("template");
    for (std::size_t size = 0; size < jinja.size(); ++size) {
      try {
        const auto kind = chat_template_kind(jinja.substr(0, size), "model.gguf");
        if (kind) CHECK(Json(*kind) == entry.at("kind"));
      } catch (const FileError&) {
      }
    }
  }
}

TEST_CASE("chat template: user and assistant take turns") {
  const auto format = template_of("ChatML");
  const ChatMessage system{ChatRole::system, "s"}, user{ChatRole::user, "u"},
      assistant{ChatRole::assistant, "a"};
  using Messages = std::vector<ChatMessage>;
  for (const auto& messages :
       {Messages{}, Messages{system}, Messages{assistant}, Messages{user, user},
        Messages{system, assistant}, Messages{user, system}, Messages{system, system, user},
        Messages{user, assistant, assistant}}) {
    CHECK_THROWS_AS(format.render(messages), OptionError);
  }
  CHECK(format.render(Messages{user, assistant}).ends_with("<|im_start|>assistant\na<|im_end|>\n"));
}

TEST_CASE("chat template: the token that ends a turn ends an answer") {
  const auto id = [](const std::string& text) {
    const auto ids = tokenizer().encode(text);
    REQUIRE(ids.size() == 1);
    return ids.front();
  };
  CHECK(template_of("ChatML").stop_ids(tokenizer()) == TokenIds{id("<|im_end|>")});
  CHECK(template_of("Llama 3").stop_ids(tokenizer()) == TokenIds{id("<|eot_id|>")});
  CHECK(template_of("Zephyr").stop_ids(tokenizer()) == TokenIds{id("</s>")});
  CHECK(template_of("Mistral").stop_ids(tokenizer()) == TokenIds{id("</s>")});
}

TEST_CASE("chat template: sentencepiece's special tokens are told from words") {
  const auto sentencepiece = Tokenizer::load(test::repository_file("tests/reference/bpe.model"));
  const auto bos = sentencepiece.bos_id(), eos = sentencepiece.eos_id();
  TokenIds expected{bos};
  for (const auto id : sentencepiece.encode("[INST] a film [/INST] yes ")) expected.push_back(id);
  expected.push_back(eos);
  expected.push_back(bos);
  for (const auto id : sentencepiece.encode("so")) expected.push_back(id);
  CHECK(ChatTemplate::encode(sentencepiece, "<s>[INST] a film [/INST] yes </s><s>so") == expected);
  CHECK(sentencepiece.encode("<s>").size() > 1);
}

TEST_CASE("chat template: a sentence's template is put into a conversation of every kind") {
  const std::vector<std::string> sentences{"A dull film .", "So so"};
  const std::int64_t many = 1000;
  for (const auto* kind : {"ChatML", "Llama 2", "Llama 3", "Zephyr", "Mistral"}) {
    INFO(kind);
    const auto format = template_of(kind);
    const SentenceTemplate asked("{sentence} Is it good?{answer}It is", format);
    const SentenceTemplate whole("Film: {sentence} Good?", format);
    const auto expected = [&](const std::string& message, const std::string& answer) {
      const ChatMessage one{.role = ChatRole::user, .content = message};
      return ChatTemplate::encode(tokenizer(), format.render(std::span(&one, 1)) + answer);
    };
    const auto ids = asked.encode(tokenizer(), sentences, many, many).ids;
    const auto whole_ids = whole.encode(tokenizer(), sentences, many, many).ids;
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      CHECK(ids[i] == expected(sentences[i] + " Is it good?", "It is"));
      CHECK(whole_ids[i] == expected("Film: " + sentences[i] + " Good?", ""));
    }
  }
  const auto format = template_of("ChatML");
  const auto place = [&](const char* text) {
    return SentenceTemplate(text, format).place_behind();
  };
  CHECK(place("{sentence} Good?{answer}It is") == TextPlace::after_space);
  CHECK(place("{sentence} Good?") == TextPlace::continuation);
  CHECK(place("{sentence} Good?{answer} ") == TextPlace::continuation);
  CHECK(SentenceTemplate("{sentence} It is").place_behind() == TextPlace::after_space);
  CHECK_THROWS_WITH(SentenceTemplate("It is{answer}{sentence}", format), contains("{answer} once"));
  CHECK_THROWS_WITH(SentenceTemplate("{sentence}{answer}a{answer}", format),
                    contains("{answer} once, behind {sentence}"));
  CHECK_THROWS_WITH(SentenceTemplate("It is", format), contains("{sentence} exactly once"));
}
