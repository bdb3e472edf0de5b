// Conversations: what is read each turn, what is said, and what is dropped.

#include "minillama/generate/chat.h"

#include <numeric>
#include <sstream>

#include "minillama/checkpoint/chat_template_file.h"
#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/text/stream_decoder.h"

#include "support/catch.h"
#include "support/counting_decoder.h"
#include "support/files.h"

using namespace minillama;

namespace {

std::filesystem::path tiny() {
  return test::repository_file("checkpoints/reviews-tiny");
}

/// In the words of the tiny model, which knows no special tokens but BOS and EOS.
ChatTemplate plain() {
  return ChatTemplate(ChatFormat{.kind = "plain",
                                 .start = "<s>",
                                 .system = {"System: ", " "},
                                 .user = {"User: ", " "},
                                 .assistant = {"Assistant: ", "</s>"},
                                 .answer = "Assistant: "});
}

const GenerationOptions kGreedy{.max_new_tokens = 20, .temperature = 0};

std::string said(Chat& chat, const std::string& message) {
  std::ostringstream out;
  const auto reply = chat.reply(message, out);
  CHECK(out.str() == reply.text);
  return reply.text;
}

}  // namespace

TEST_CASE("chat: a turn reads what is new, and answers as if all of it were read") {
  std::vector<std::size_t> counts;
  const auto tokenizer = Checkpoint::open(tiny()).tokenizer();
  const auto tiny_model =
      decoder_source(std::make_shared<const Weights>(Checkpoint::open(tiny()).language_model()));
  const TextGenerator model(test::counting(tiny_model, counts), tokenizer);
  Chat chat(model, plain(), kGreedy);
  chat.set_system("You know films .");
  std::vector<std::size_t> read;
  const std::vector<std::string> questions{"How is this movie ?", "Why ?", "And the actors ?"};
  for (const auto& question : questions) {
    counts.clear();
    const auto answer = said(chat, question);
    CHECK_FALSE(answer.empty());
    read.push_back(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
    // The same conversation, read from its beginning.
    auto messages = chat.messages();
    CHECK(messages.back() == ChatMessage{ChatRole::assistant, answer});
    messages.pop_back();
    CHECK(messages.back() == ChatMessage{ChatRole::user, question});
    const auto ids = ChatTemplate::encode(tokenizer, plain().render(messages));
    const auto whole = generate(model.source(), ids, kGreedy, tokenizer.stop_ids());
    StreamDecoder stream(tokenizer, ids);
    std::string text;
    for (const auto id : whole.ids) text += stream.push(id);
    CHECK(text + stream.flush() == answer);
    if (messages.size() == 2) CHECK(read.back() + 1 == ids.size() + whole.ids.size());
    if (messages.size() > 2) CHECK(read.back() < ids.size());
  }
  CHECK(chat.messages().size() == 7);
  CHECK(chat.messages().front() == ChatMessage{ChatRole::system, "You know films ."});
}

TEST_CASE("chat: the oldest turns are dropped behind the system message") {
  const auto model = TextGenerator::load(tiny());
  Chat chat(model, plain(), {.max_new_tokens = 100, .temperature = 0});
  chat.set_system("You know films .");
  std::string question;
  for (int i = 0; i < 60; ++i) question += "It is long . ";
  std::size_t n_dropped = 0, n_turns = 0;
  for (int turn = 0; turn < 5; ++turn) {
    std::ostringstream out;
    const auto numbered = std::to_string(turn) + question;
    const auto reply = chat.reply(numbered, out);
    n_dropped += reply.n_dropped;
    ++n_turns;
    CHECK(chat.messages().front().role == ChatRole::system);
    CHECK(chat.messages().size() == 1 + 2 * (n_turns - n_dropped));
    CHECK(chat.messages()[1].content.starts_with(std::to_string(n_dropped)));
    const auto ids = ChatTemplate::encode(model.tokenizer(), plain().render(chat.messages()));
    CHECK(std::ssize(ids) <= model.config().max_seq_len + 1);
  }
  CHECK(n_dropped > 0);
  CHECK(n_dropped < 5);

  // What is too long by itself leaves the conversation as it was.
  const auto before = chat.messages();
  std::string endless;
  for (int i = 0; i < 20; ++i) endless += question;
  std::ostringstream out;
  CHECK_THROWS_WITH(chat.reply(endless, out), contains("the model's context 1024"));
  CHECK(out.str().empty());
  CHECK(chat.messages() == before);
  CHECK_FALSE(said(chat, "Short .").empty());
}

TEST_CASE("chat: what cannot be said is refused") {
  const auto model = TextGenerator::load(tiny());
  Chat chat(model, plain(), kGreedy);
  std::ostringstream out;
  CHECK_THROWS_WITH(chat.reply("caf\xe9", out), contains("not UTF-8 at byte 3"));
  CHECK_THROWS_WITH(chat.set_system("caf\xe9"), contains("not UTF-8"));
  CHECK(chat.messages().empty());
  auto without = plain().format();
  without.system_place = SystemPlace::none;
  Chat no_system(model, ChatTemplate(without), kGreedy);
  CHECK_THROWS_WITH(no_system.set_system("a"), contains("a place for a system message"));
  const auto full = TextGenerator::load(tiny(), {.attention = AttentionKind::full});
  CHECK_THROWS_WITH(Chat(full, plain(), kGreedy), contains("causal"));
  CHECK_THROWS_AS(Chat(model, plain(), {.temperature = -1}), OptionError);
  CHECK_THROWS_WITH(Chat::read_template(tiny(), model.tokenizer()),
                    contains("reviews-tiny: has no chat template"));
}

TEST_CASE("chat: a template is found where Hugging Face's directories have it") {
  const test::TemporaryDirectory directory;
  CHECK_FALSE(read_chat_template(directory.path()));
  directory.file("tokenizer_config.json", R"({"bos_token": "<s>"})");
  CHECK_FALSE(read_chat_template(directory.path()));
  directory.file("tokenizer_config.json", R"({"chat_template": "a"})");
  CHECK(read_chat_template(directory.path())->jinja == "a");
  directory.file("tokenizer_config.json",
                 R"({"chat_template": [{"name": "tool_use", "template": "b"},
      {"name": "default", "template": "c"}]})");
  CHECK(read_chat_template(directory.path())->jinja == "c");
  for (const std::string field : {"7", "[]", "[{\"name\": \"default\"}]", "[7]", "{}",
                                  R"([{"name": "rag", "template": "b"}])"}) {
    directory.file("tokenizer_config.json", "{\"chat_template\": " + field + "}");
    CHECK_THROWS_WITH(read_chat_template(directory.path()),
                      contains("tokenizer_config.json: field \"chat_template\" is "));
  }
  directory.file("chat_template.jinja", "d\n");
  CHECK(read_chat_template(directory.path())->jinja == "d\n");
  CHECK(read_chat_template(directory.path())->path.filename() == "chat_template.jinja");
  directory.file("chat_template.jinja", "caf\xe9");
  CHECK_THROWS_WITH(read_chat_template(directory.path()), contains("not UTF-8 at byte 3"));
  CHECK_FALSE(read_chat_template(test::repository_file("tests/reference/formats_f32.gguf")));
  CHECK_FALSE(read_chat_template(test::repository_file("tests/reference/formats.bin")));
}
