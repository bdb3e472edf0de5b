#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "minillama/text/token_ids.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

enum class ChatRole { system, user, assistant };

/// A part of a conversation.
struct ChatMessage {
  ChatRole role = ChatRole::user;
  std::string content = {};

  bool operator==(const ChatMessage&) const = default;
};

/// What stands around the messages of one role.
struct ChatTurn {
  std::string before = {}, behind = {};
  bool trims = false;  ///< whether white space around the message is taken away
};

/// Where a system message stands.
enum class SystemPlace {
  turn,           ///< before the other messages, as a turn of its own
  first_message,  ///< in the user's first message
  last_message,   ///< in the user's latest message
  none            ///< nowhere: the model was trained without one
};

/// A chat template of one of the known kinds as data: what a template of Jinja that says the same
/// writes around messages.
struct ChatFormat {
  std::string kind = {};   ///< "ChatML"
  std::string start = {};  ///< in front of everything: BOS, or nothing
  ChatTurn system = {}, user = {}, assistant = {};
  SystemPlace system_place = SystemPlace::turn;
  std::string system_start = {};  ///< what a system turn begins with, even without a system message
  std::optional<std::string> default_system = {};  ///< the system message where none is given
  std::string answer = {};  ///< behind the user's message: here the model goes on
};

/// How a conversation becomes the text that a model was trained on. Immutable; threads may share
/// it.
class ChatTemplate {
 public:
  /// A template of Jinja as GGUF files ("tokenizer.chat_template") and directories of Hugging
  /// Face's have it (checkpoint/chat_template_file.h), with the texts that `tokenizer` has for BOS
  /// and EOS. Throws FileError naming `path` and the known kinds if it is of none of them.
  ChatTemplate(std::string_view jinja, const Tokenizer& tokenizer,
               const std::filesystem::path& path);

  explicit ChatTemplate(ChatFormat format) : format_(std::move(format)) {}

  const ChatFormat& format() const { return format_; }

  /// The text of a conversation: what transformers' `apply_chat_template(messages, tokenize=False,
  /// add_generation_prompt=True)` makes of it. Behind a user's message the text goes on to where
  /// the model answers. Throws OptionError unless users and assistants take turns, a user first,
  /// behind at most one system message, which the kind must have a place for.
  std::string render(std::span<const ChatMessage> messages) const;

  /// The ids of such a text, in which the texts of special tokens are these tokens, whoever wrote
  /// them: transformers' `apply_chat_template(messages, add_generation_prompt=True)`. Nothing is
  /// put in front. `place` says what the text stands behind.
  static TokenIds encode(const Tokenizer& tokenizer, std::string_view text,
                         TextPlace place = TextPlace::start);

  /// Tokens that end the assistant's turn, besides those that end a text: the special token with
  /// which the text behind its message begins, if that is one.
  TokenIds stop_ids(const Tokenizer& tokenizer) const;

 private:
  ChatFormat format_;
};

/// The name of the kind that a template is of; nothing if it is of none that is known.
std::optional<std::string> chat_template_kind(std::string_view jinja,
                                              const std::filesystem::path& path);

}  // namespace minillama
