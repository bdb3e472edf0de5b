#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/generate/text_generator.h"
#include "minillama/text/chat_template.h"

namespace minillama {

class Scheduler;

/// What a model answered.
struct ChatReply {
  std::string text = {};
  Generation generation = {};
  /// How many of the oldest turns, a user's message and its answer each, were dropped before this
  /// one for the conversation to fit into the model's context.
  std::size_t n_dropped = 0;
};

/// A conversation with a model that was trained for that. The keys and values of what was said are
/// kept: each turn reads what is new of the conversation, which is always the text that the
/// template makes of it. Of one thread at a time; any number of them may share a model.
class Chat {
 public:
  /// The template that the model's files hold (checkpoint/chat_template_file.h). Throws FileError
  /// if there is none, or none of a known kind.
  static ChatTemplate read_template(const std::filesystem::path& path, const Tokenizer& tokenizer);

  /// @param options max_new_tokens is that of a reply. The i-th reply has the seed options.seed +
  /// i. Throws OptionError if the model is not causal, or the options cannot be used.
  Chat(TextGenerator model, ChatTemplate format, const GenerationOptions& options);
  ~Chat();
  Chat(Chat&&) noexcept;
  Chat& operator=(Chat&&) noexcept;

  /// The system message from now on. Without one there is the template's default, if it has one.
  /// Throws OptionError if the template has no place for one, or it is not UTF-8.
  void set_system(std::string_view message);

  /// Answers a message of the user's, and writes the answer to `out` as it comes, in complete UTF-8
  /// characters. Ends early if `out` fails. A conversation that leaves less room in the model's
  /// context than the answer may take (or than a quarter of it, if that is less, but never less than
  /// a constraint's shortest text) loses its oldest turns, the system message stays. Throws
  /// OptionError, and leaves the conversation as it was, if the message is not UTF-8, or too long by
  /// itself.
  ChatReply reply(std::string_view message, std::ostream& out);

  /// What was said and not dropped: the system message first, if one was set.
  const std::vector<ChatMessage>& messages() const { return messages_; }

 private:
  /// Drops the oldest turn.
  void drop_turn(std::vector<ChatMessage>& messages) const;
  /// Drops turns until there is room for an answer. Returns the ids of the rest.
  TokenIds fitting_ids(std::vector<ChatMessage>& messages, std::size_t& n_dropped) const;

  TextGenerator model_;
  ChatTemplate format_;
  GenerationOptions options_;
  TokenIds stop_ids_;
  std::vector<ChatMessage> messages_;
  std::unique_ptr<Scheduler> scheduler_;  // of one sequence, which keeps what was read
};

}  // namespace minillama
