#include "minillama/generate/chat.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "minillama/checkpoint/chat_template_file.h"
#include "minillama/core/error.h"
#include "minillama/core/utf8.h"
#include "minillama/generate/scheduler.h"
#include "minillama/grammar/constraint.h"
#include "minillama/text/stream_decoder.h"

namespace minillama {
namespace {

GenerationOptions usable(const TextGenerator& model, GenerationOptions options) {
  options.validate();
  if (model.config().attention != AttentionKind::causal) {
    throw OptionError("a chat needs a model with causal attention; this one's is full");
  }
  if (options.crop_context) throw OptionError("a chat drops turns: crop_context must be false");
  if (options.vocabulary == 0) options.vocabulary = model.tokenizer().vocab_size();
  return options;
}

void require_utf8(std::string_view message) {
  const auto valid = utf8_valid_prefix(message);
  if (valid == message.size()) return;
  throw OptionError(
      fmt::format("a message is not UTF-8 at byte {}: {}", valid, quote(message.substr(valid), 8)));
}

bool has_system(const std::vector<ChatMessage>& messages) {
  return !messages.empty() && messages.front().role == ChatRole::system;
}

}  // namespace

ChatTemplate Chat::read_template(const std::filesystem::path& path, const Tokenizer& tokenizer) {
  const auto text = read_chat_template(path);
  if (!text) throw FileError(path, "has no chat template: it is no model to chat with");
  return {text->jinja, tokenizer, text->path};
}

Chat::Chat(TextGenerator model, ChatTemplate format, const GenerationOptions& options)
    : model_(std::move(model)),
      format_(std::move(format)),
      options_(usable(model_, options)),
      stop_ids_(model_.tokenizer().stop_ids()),
      scheduler_(std::make_unique<Scheduler>(
          model_.source(), options_, DecoderSize{.capacity = model_.config().max_seq_len})) {
  const auto more = format_.stop_ids(model_.tokenizer());
  stop_ids_.insert(stop_ids_.end(), more.begin(), more.end());
}

Chat::~Chat() = default;
Chat::Chat(Chat&&) noexcept = default;
Chat& Chat::operator=(Chat&&) noexcept = default;

void Chat::set_system(std::string_view message) {
  require_utf8(message);
  const ChatMessage system{ChatRole::system, std::string(message)};
  format_.render(std::vector<ChatMessage>{system, {}});  // throws if there is no place for it
  if (has_system(messages_)) messages_.erase(messages_.begin());
  messages_.insert(messages_.begin(), system);
}

void Chat::drop_turn(std::vector<ChatMessage>& messages) const {
  const auto oldest = messages.begin() + (has_system(messages) ? 1 : 0);
  messages.erase(oldest, oldest + 2);
}

TokenIds Chat::fitting_ids(std::vector<ChatMessage>& messages, std::size_t& n_dropped) const {
  const auto context = model_.config().max_seq_len;
  const auto shortest = options_.constraint ? options_.constraint->shortest() : 0;
  const auto room = std::max(shortest, std::min(options_.max_new_tokens, context / 4));
  while (true) {
    auto ids = ChatTemplate::encode(model_.tokenizer(), format_.render(messages));
    if (std::ssize(ids) + room <= context) return ids;
    const std::size_t n_turns = (messages.size() - (has_system(messages) ? 1 : 0)) / 2;
    if (n_turns == 0) {
      if (std::ssize(ids) <= context) return ids;
      throw OptionError(
          fmt::format("the message and what stands around it have {} tokens, the "
                      "model's context {}",
                      ids.size(), context));
    }
    drop_turn(messages);
    ++n_dropped;
  }
}

ChatReply Chat::reply(std::string_view message, std::ostream& out) {
  require_utf8(message);
  ChatReply reply;
  auto messages = messages_;
  messages.push_back({ChatRole::user, std::string(message)});
  auto ids = fitting_ids(messages, reply.n_dropped);

  StreamDecoder stream(model_.tokenizer(), ids);
  const auto write = [&](const std::string& text) {
    reply.text += text;
    out << text << std::flush;
  };
  GenerationRequest request{.prompt = std::move(ids),
                            .options = options_,
                            .stop_ids = stop_ids_,
                            .on_token =
                                [&](std::int64_t id) {
                                  write(stream.push(id));
                                  return out.good();
                                },
                            .keeps_prefix = true};
  scheduler_->submit(std::move(request),
                     [&](Generation generation) { reply.generation = std::move(generation); });
  while (scheduler_->step()) {
  }
  write(stream.flush());
  ++options_.seed;
  messages.push_back({ChatRole::assistant, reply.text});
  messages_ = std::move(messages);
  return reply;
}

}  // namespace minillama
