#include "minillama/text/sentencepiece_tokenizer.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/gguf_tokenizer.h"
#include "minillama/io/llama2c_tokenizer.h"
#include "minillama/io/sentencepiece_check.h"
#include "minillama/io/sentencepiece_model.h"
#include "minillama/text/sentencepiece_library.h"

namespace minillama {
namespace {

using Type = SentencePiece::Type;

/// libsentencepiece counts in int, and normalization may make text longer.
constexpr std::size_t kMaxTextBytes = std::size_t{256} << 20;

constexpr std::string_view kSpace = "\u2581";

std::int64_t find_piece(const SentencePieceModel& model, std::string_view text, Type type,
                        std::int64_t otherwise) {
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    if (piece.type == type && piece.text == text) return static_cast<std::int64_t>(id);
  }
  return otherwise;
}

class Decoder : public TokenDecoder {
 public:
  explicit Decoder(const SentencePieceModel& model) : model_(model) {}

  TokenText push(std::int64_t id) override {
    const SentencePiece& piece = model_.piece(id);
    if (piece.type == Type::byte) {
      at_start_ = false;
      return {std::string(1, static_cast<char>(byte_value(piece.text))), false};
    }
    std::string text;
    if (piece.type == Type::unknown) {
      text = model_.unk_surface;
    } else if (piece.type != Type::control) {
      text = word(piece.text);
    }
    at_start_ = at_start_ && text.empty();
    return {std::move(text), true};
  }

 private:
  std::string word(std::string_view piece) {
    const bool drops_space = model_.add_dummy_prefix || model_.remove_extra_whitespaces;
    if (at_start_ && drops_space && piece.starts_with(kSpace)) {
      piece.remove_prefix(kSpace.size());
      // Where extra white space is removed, so is that of the pieces that follow.
      at_start_ = model_.remove_extra_whitespaces;
    }
    std::string text;
    while (!piece.empty()) {
      const std::size_t space = std::min(piece.find(kSpace), piece.size());
      text += piece.substr(0, space);
      piece.remove_prefix(space);
      if (piece.empty()) break;
      text += ' ';
      piece.remove_prefix(kSpace.size());
    }
    return text;
  }

  const SentencePieceModel& model_;
  bool at_start_ = true;  // the next piece loses the space in front of it
};

/// The tokenizer of a model that was not read from a tokenizer.model, but from `path`.
std::shared_ptr<const TokenizerModel> made_of(SentencePieceModel model,
                                              const std::filesystem::path& path);

class SentencePieceTokenizer : public TokenizerModel {
 public:
  /// `file`: the content of a tokenizer.model that is read as `model`; `path`: where it is from.
  SentencePieceTokenizer(SentencePieceModel model, std::string file,
                         const std::filesystem::path& path)
      : model_(std::move(model)),
        // The library sees only what was checked, never a file's own bytes.
        encoder_(serialize(model_), path),
        files_{{"tokenizer.model", std::move(file)}},
        special_ids_{.bos = find_piece(model_, model_.bos_piece, Type::control, -1),
                     .eos = find_piece(model_, model_.eos_piece, Type::control, -1),
                     .unk = model_.unk_id,
                     .pad = find_piece(model_, "<0x00>", Type::byte, model_.unk_id)} {}

  std::vector<std::int64_t> encode(std::string_view text, TextPlace /*place*/) const override {
    if (text.size() > kMaxTextBytes) {
      throw OptionError(fmt::format("text has {} bytes, {} can be tokenized at once", text.size(),
                                    kMaxTextBytes));
    }
    return encoder_.encode(text);
  }

  std::unique_ptr<TokenDecoder> decoder() const override {
    return std::make_unique<Decoder>(model_);
  }

  std::int64_t vocab_size() const override { return std::ssize(model_.pieces); }
  SpecialIds special_ids() const override { return special_ids_; }

  const std::string& piece(std::int64_t id) const override { return model_.piece(id).text; }

  PieceType type(std::int64_t id) const override {
    switch (model_.piece(id).type) {
      case Type::byte:
        return PieceType::byte;
      case Type::control:
        return PieceType::control;
      default:
        return PieceType::text;
    }
  }

  std::shared_ptr<const TokenizerModel> with_piece(const std::string& text,
                                                   bool is_special) const override {
    auto model = model_;
    model.pieces.push_back({text, 0.0F, is_special ? Type::control : Type::user_defined});
    try {
      check_sentencepiece_model(model, "added token");
    } catch (const FileError& error) {
      throw OptionError(error.what());
    }
    return made_of(std::move(model), "added token");
  }

  const std::vector<TokenizerFile>& files() const override { return files_; }

  std::string hugging_face_config(const SpecialTokens& special) const override {
    const auto piece_or_null = [&](std::int64_t id) { return id < 0 ? Json() : Json(piece(id)); };
    const Json config = {{"tokenizer_class", "LlamaTokenizer"},
                         {"bos_token", piece_or_null(special_ids_.bos)},
                         {"eos_token", piece_or_null(special_ids_.eos)},
                         {"unk_token", piece_or_null(special_ids_.unk)},
                         {"add_bos_token", special.add_bos},
                         {"add_eos_token", false},
                         {"legacy", true}};
    return config.dump(2) + "\n";
  }

  std::vector<std::pair<std::string, GgufValue>> gguf_entries(
      const SpecialTokens& special) const override {
    return gguf_tokenizer(model_, special);
  }

  std::optional<std::string> llama2c_tokenizer() const override {
    return minillama::llama2c_tokenizer(model_);
  }

 private:
  SentencePieceModel model_;
  SentencePieceEncoder encoder_;
  std::vector<TokenizerFile> files_;
  SpecialIds special_ids_;
};

std::shared_ptr<const TokenizerModel> made_of(SentencePieceModel model,
                                              const std::filesystem::path& path) {
  auto file = serialize(model);
  return std::make_shared<SentencePieceTokenizer>(std::move(model), std::move(file), path);
}

/// A ModelProto begins with its first piece: field 1 and its length.
bool is_sentencepiece_model(std::string_view content) {
  return content.size() > 4 && content[0] == 0x0A && content[1] != 0;
}

/// A tokenizer.bin begins with the length of its longest piece as a uint32, which is below 65536.
bool is_llama2c_tokenizer(std::string_view content) {
  return content.size() > 4 && content[2] == 0 && content[3] == 0;
}

}  // namespace

bool is_sentencepiece_tokenizer(std::string_view content) {
  // JSON behind a blank line begins as a ModelProto does.
  const auto first = content.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && content[first] == '{') return false;
  return is_sentencepiece_model(content) || is_llama2c_tokenizer(content);
}

std::shared_ptr<const TokenizerModel> read_sentencepiece_tokenizer(
    Bytes bytes, const std::filesystem::path& path) {
  if (is_sentencepiece_model(as_text(bytes))) {
    return std::make_shared<SentencePieceTokenizer>(parse_sentencepiece_model(bytes, path),
                                                    std::string(as_text(bytes)), path);
  }
  return made_of(parse_llama2c_tokenizer(bytes, path), path);
}

std::shared_ptr<const TokenizerModel> read_gguf_sentencepiece(const GgufMetadata& file) {
  return made_of(read_gguf_tokenizer(file), file.path());
}

std::shared_ptr<const TokenizerModel> train_sentencepiece_tokenizer(const TextFile& text,
                                                                    std::int64_t vocab_size) {
  const auto trained = train_sentencepiece(text, vocab_size);
  return std::make_shared<SentencePieceTokenizer>(
      parse_sentencepiece_model(as_bytes(trained), text.path()), trained, text.path());
}

}  // namespace minillama
