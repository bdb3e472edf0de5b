#include "minillama/text/chat_template.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"
#include "minillama/text/characters.h"
#include "minillama/text/chat_template_kinds.h"

namespace minillama {
namespace {

/// Without white space around it, as Jinja's "trim" and Python's strip() leave it.
std::string_view stripped(std::string_view text) {
  text.remove_prefix(leading_space(text));
  return text.substr(0, text.size() - trailing_space(text));
}

/// `text` with the texts of BOS and EOS in their places.
std::string with_tokens(std::string_view text, std::string_view bos, std::string_view eos) {
  constexpr std::string_view kBos = "{bos}", kEos = "{eos}";
  std::string out;
  while (!text.empty()) {
    if (text.starts_with(kBos)) {
      out += bos;
      text.remove_prefix(kBos.size());
    } else if (text.starts_with(kEos)) {
      out += eos;
      text.remove_prefix(kEos.size());
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

void put_in_tokens(ChatFormat& format, const Tokenizer& tokenizer) {
  const auto text_of = [&](std::int64_t id) {
    return id < 0 ? std::string() : tokenizer.piece(id);
  };
  const auto bos = text_of(tokenizer.bos_id()), eos = text_of(tokenizer.eos_id());
  for (auto* text :
       {&format.start, &format.system.before, &format.system.behind, &format.user.before,
        &format.user.behind, &format.assistant.before, &format.assistant.behind}) {
    *text = with_tokens(*text, bos, eos);
  }
}

std::optional<ChatFormat> recognised(std::string_view jinja, const std::filesystem::path& path) {
  const auto outputs = read_jinja_outputs(jinja, path);
  for (const auto& kind : chat_template_kinds()) {
    if (auto format = kind.recognise(kind, outputs)) return format;
  }
  return {};
}

/// Throws unless the messages can stand in one conversation.
void check(const ChatFormat& format, std::span<const ChatMessage> messages) {
  if (!messages.empty() && messages.front().role == ChatRole::system) {
    if (format.system_place == SystemPlace::none) {
      throw OptionError(
          fmt::format("a chat template of the kind {} without a place for a system message was "
                      "given one",
                      format.kind));
    }
    messages = messages.subspan(1);
  }
  if (messages.empty()) throw OptionError("a conversation begins with a user's message");
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role == (i % 2 == 0 ? ChatRole::user : ChatRole::assistant)) continue;
    throw OptionError(fmt::format(
        "message {} of a conversation is out of turn: user and assistant alternate", i + 1));
  }
}

std::string around(const ChatTurn& turn, std::string_view content) {
  return fmt::format("{}{}{}", turn.before, turn.trims ? stripped(content) : content, turn.behind);
}

/// Ids of a text for tokenizers that take the texts of their special tokens for words.
TokenIds encode_parts(const Tokenizer& tokenizer, std::string_view text, TextPlace place) {
  std::vector<std::int64_t> special;
  for (std::int64_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (tokenizer.is_control(id) && !tokenizer.piece(id).empty()) special.push_back(id);
  }
  TokenIds ids;
  const auto add = [&](std::string_view part) {
    const auto more = tokenizer.encode(part, ids.empty() ? place : TextPlace::start);
    ids.insert(ids.end(), more.begin(), more.end());
  };
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::int64_t found = -1;
    for (const auto id : special) {
      const auto& piece = tokenizer.piece(id);
      const bool is_longer = found < 0 || piece.size() > tokenizer.piece(found).size();
      if (is_longer && text.substr(i).starts_with(piece)) found = id;
    }
    if (found < 0) {
      ++i;
      continue;
    }
    add(text.substr(begin, i - begin));
    ids.push_back(found);
    i += tokenizer.piece(found).size();
    begin = i;
  }
  add(text.substr(begin));
  return ids;
}

/// The id of a special token, if the text is one to the tokenizer.
std::optional<std::int64_t> special_id(const Tokenizer& tokenizer, std::string_view text) {
  const auto ids = ChatTemplate::encode(tokenizer, text);
  if (ids.size() != 1 || !tokenizer.is_control(ids.front())) return {};
  return ids.front();
}

}  // namespace

ChatTemplate::ChatTemplate(std::string_view jinja, const Tokenizer& tokenizer,
                           const std::filesystem::path& path) {
  auto format = recognised(jinja, path);
  if (!format) {
    std::vector<std::string_view> names;
    for (const auto& kind : chat_template_kinds()) names.push_back(kind.name);
    throw FileError(path, fmt::format("its chat template is of none of the known kinds, {}: {}",
                                      fmt::join(names, ", "), quote(jinja, 40)));
  }
  format_ = std::move(*format);
  put_in_tokens(format_, tokenizer);
}

std::string ChatTemplate::render(std::span<const ChatMessage> messages) const {
  check(format_, messages);
  auto system = format_.default_system;
  if (messages.front().role == ChatRole::system) {
    system = messages.front().content;
    messages = messages.subspan(1);
  }
  std::string text = format_.start;
  if (format_.system_place == SystemPlace::turn && (system || !format_.system_start.empty())) {
    const auto content = system.value_or("");
    const auto shown = format_.system.trims ? stripped(content) : std::string_view(content);
    text += fmt::format("{}{}{}{}", format_.system.before, format_.system_start, shown,
                        format_.system.behind);
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto& [role, content] = messages[i];
    const bool holds_system =
        system && role == ChatRole::user &&
        ((format_.system_place == SystemPlace::first_message && i == 0) ||
         (format_.system_place == SystemPlace::last_message && i + 1 == messages.size()));
    const auto& turn = role == ChatRole::user ? format_.user : format_.assistant;
    text += around(turn, holds_system ? around(format_.system, *system) + content : content);
  }
  if (messages.back().role == ChatRole::user) text += format_.answer;
  return text;
}

TokenIds ChatTemplate::encode(const Tokenizer& tokenizer, std::string_view text, TextPlace place) {
  const auto probe = tokenizer.eos_id() >= 0 ? tokenizer.eos_id() : tokenizer.bos_id();
  const bool knows_special =
      probe < 0 || tokenizer.encode(tokenizer.piece(probe)) == TokenIds{probe};
  return knows_special ? tokenizer.encode(text, place) : encode_parts(tokenizer, text, place);
}

TokenIds ChatTemplate::stop_ids(const Tokenizer& tokenizer) const {
  const std::string_view behind = format_.assistant.behind;
  for (std::size_t length = behind.size(); length > 0; --length) {
    if (const auto id = special_id(tokenizer, behind.substr(0, length))) return {*id};
  }
  return {};
}

std::optional<std::string> chat_template_kind(std::string_view jinja,
                                              const std::filesystem::path& path) {
  const auto format = recognised(jinja, path);
  return format ? std::optional(format->kind) : std::nullopt;
}

}  // namespace minillama
