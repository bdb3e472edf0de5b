#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minillama/core/special_tokens.h"

namespace minillama {

class TokenizerModel;

/// What stands in front of a text that is encoded. In most vocabularies a word begins with the
/// space in front of it, so that space is encoded with the text behind it.
enum class TextPlace {
  start,        ///< nothing: the text begins here
  after_space,  ///< other text and a space, which is not in the text that is given
  continuation  ///< other text, without a space in between
};

/// A file that a tokenizer is kept in.
struct TokenizerFile {
  std::string name;
  std::string content;

  bool operator==(const TokenizerFile&) const = default;
};

/// Text to token ids and back. Copies share what they hold. The const functions may be called from
/// several threads at once. One that was moved from throws OptionError whatever it is asked.
class Tokenizer {
 public:
  /// Loads a `tokenizer.json` of byte pairs (with what tokenizer_config.json beside it says), a
  /// sentencepiece model (`tokenizer.model`), llama2.c's `tokenizer.bin`, or the tokenizer within a
  /// GGUF file, told apart by content. Throws FileError if the file is none of these or is broken,
  /// IoError if it cannot be read, InputError if libsentencepiece cannot be opened.
  static Tokenizer load(const std::filesystem::path& path);

  /// Makes a tokenizer of `vocab_size` pieces from the text in a file. "sentencepiece": byte pairs
  /// of characters, learned with sentencepiece, and a piece for every byte that is no character's.
  /// "byte-pair": byte pairs of bytes, as a tokenizer.json has them (text/bpe_trainer.h). Throws
  /// OptionError if the text is too short for so many, they are too few for its characters, or
  /// there is no such kind; FileError or IoError if there is no such file.
  static Tokenizer train(const std::filesystem::path& text, std::int64_t vocab_size,
                         std::string_view kind = "sentencepiece");

  /// One of any kind. This and model() are the library's own: the kinds are in it.
  explicit Tokenizer(std::shared_ptr<const TokenizerModel> model);

  /// The ids of `text`, without BOS or EOS: for a sentencepiece model those of Python's
  /// `SentencePieceProcessor.encode`, wherever the text stands; for a tokenizer.json those of
  /// Python's `Tokenizer.encode(text, add_special_tokens=False)`, which recognises special tokens
  /// in a text. An empty text has none. Throws OptionError if `text` is not UTF-8 or too long to be
  /// tokenized at once (more than 256 MiB), InputError if libsentencepiece, or a pattern of the
  /// file, fails on it.
  std::vector<std::int64_t> encode(std::string_view text, TextPlace place = TextPlace::start) const;

  /// The text of `ids`; control pieces such as BOS have none, bytes that form no UTF-8 become
  /// U+FFFD. Throws OptionError on an id outside the vocabulary.
  std::string decode(std::span<const std::int64_t> ids) const;

  /// What the model's files say of special tokens; kept by every format that can say it.
  const SpecialTokens& special_tokens() const;
  /// Throws OptionError naming an id outside the vocabulary.
  void set_special_tokens(SpecialTokens special);

  /// A chat template of Jinja that goes with the model: "" unless it was set. What writes a
  /// tokenizer beside or into a model writes it, too, where the format has a place for it.
  const std::string& chat_template() const { return chat_template_; }
  void set_chat_template(std::string jinja) { chat_template_ = std::move(jinja); }

  /// The ids that end a text: BOS, EOS and special_tokens().stop_ids, as far as there are any.
  std::vector<std::int64_t> stop_ids() const;

  std::int64_t vocab_size() const;
  std::int64_t bos_id() const;  ///< -1 if there is none
  std::int64_t eos_id() const;  ///< -1 if there is none
  std::int64_t unk_id() const;  ///< -1 if there is none
  /// What the assignment's reference pads with: the piece `<0x00>`, or UNKNOWN where there is none.
  std::int64_t pad_id() const;

  /// About one id. Throw OptionError if it lies outside the vocabulary.
  const std::string& piece(std::int64_t id) const;
  bool is_byte(std::int64_t id) const;
  bool is_control(std::int64_t id) const;

  /// Adds pieces with the ids that follow the last one, which stand for themselves in a text or, if
  /// `is_special`, have no text (sentencepiece's USER_DEFINED and CONTROL). Throws OptionError if
  /// one is empty, not UTF-8 or there already.
  void add_piece(const std::string& text, bool is_special);

  /// The files from which load() makes this tokenizer again, but for its special tokens. If it was
  /// loaded from such a file, that file byte for byte.
  const std::vector<TokenizerFile>& files() const;

  /// What its kind can do, for those who write files of other formats.
  const TokenizerModel& model() const;

 private:
  std::shared_ptr<const TokenizerModel> model_;  // null once moved from
  SpecialTokens special_;
  std::string chat_template_;
};

}  // namespace minillama
