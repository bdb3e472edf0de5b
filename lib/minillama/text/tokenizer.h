#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/core/special_tokens.h"
#include "minillama/io/sentencepiece_model.h"

namespace minillama {

/// Text to token ids and back, as sentencepiece does it (Kudo and Richardson 2018,
/// https://arxiv.org/abs/1808.06226). May be used from several threads at once. One that was moved
/// from throws OptionError whatever it is asked.
class Tokenizer {
 public:
  /// Loads a sentencepiece model (`tokenizer.model`), llama2.c's `tokenizer.bin`, or the tokenizer
  /// within a GGUF file, told apart by content. Throws FileError if the file is none of these or is
  /// broken, IoError if it cannot be read, InputError if libsentencepiece cannot be opened.
  static Tokenizer load(const std::filesystem::path& path);

  /// Makes a tokenizer of `vocab_size` pieces from the text in a file: byte pairs, learned with
  /// sentencepiece, and a piece for every byte. Throws OptionError if the text is too short for so
  /// many, or they are too few for its characters; FileError or IoError if there is no such file.
  static Tokenizer train(const std::filesystem::path& text, std::int64_t vocab_size);

  Tokenizer(Tokenizer&& other) noexcept;
  Tokenizer& operator=(Tokenizer&& other) noexcept;
  ~Tokenizer();

  /// The ids of `text`, without BOS or EOS: those of Python's `SentencePieceProcessor.encode`.
  /// Throws OptionError if `text` is not UTF-8 or has more than 256 MiB, InputError if
  /// libsentencepiece fails on it.
  std::vector<std::int64_t> encode(std::string_view text) const;

  /// The text of `ids`; control pieces such as BOS have none, bytes that form no UTF-8 become
  /// U+FFFD. Throws OptionError on an id outside the vocabulary.
  std::string decode(std::span<const std::int64_t> ids) const;

  /// What the model's files say of special tokens; kept by every format that can say it.
  const SpecialTokens& special_tokens() const;
  /// Throws OptionError naming an id outside the vocabulary.
  void set_special_tokens(SpecialTokens special);

  /// The ids that end a text: BOS, EOS and special_tokens().stop_ids, as far as there are any.
  std::vector<std::int64_t> stop_ids() const;

  std::int64_t vocab_size() const;
  std::int64_t bos_id() const;  ///< -1 if there is none
  std::int64_t eos_id() const;  ///< -1 if there is none
  std::int64_t unk_id() const;
  /// What the assignment's reference pads with: the piece `<0x00>`, or UNKNOWN where there is none.
  std::int64_t pad_id() const;

  /// About one id. Throw OptionError if it lies outside the vocabulary.
  const std::string& piece(std::int64_t id) const;
  bool is_byte(std::int64_t id) const;
  bool is_control(std::int64_t id) const;

  /// Adds pieces with the ids that follow the last one, which stand for themselves in a text
  /// (sentencepiece's USER_DEFINED) or, if `is_special`, have no text (its CONTROL). Throws
  /// OptionError if one is empty, not UTF-8 or there already.
  void add_piece(const std::string& text, bool is_special);

  /// The content of a `tokenizer.model` that loads as this tokenizer: the loaded file byte for byte
  /// if it was a sentencepiece model.
  const std::string& serialized() const;

  /// The vocabulary and its settings; lives as long as this tokenizer, also when it is moved.
  const SentencePieceModel& model() const;

 private:
  struct State;
  explicit Tokenizer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace minillama
