#include "minillama/text/tokenizer.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"
#include "minillama/io/gguf_tokenizer.h"
#include "minillama/io/llama2c_tokenizer.h"
#include "minillama/io/mapped_file.h"
#include "minillama/io/sentencepiece_check.h"
#include "minillama/text/sentencepiece_library.h"
#include "minillama/text/stream_decoder.h"
#include "minillama/text/text_file.h"

namespace minillama {
namespace {

/// libsentencepiece counts in int, and normalization may make text longer.
constexpr std::size_t kMaxTextBytes = std::size_t{256} << 20;

enum class Format { sentencepiece, llama2c, gguf };

Format detect_format(std::string_view content, const std::filesystem::path& path) {
  // What a failed download leaves behind.
  const std::size_t first = content.find_first_not_of(" \t\r\n");
  const std::string_view text = content.substr(std::min(first, content.size()));
  if (text.starts_with("version https://git-lfs")) {
    throw FileError(path, "is a git-lfs pointer: the tokenizer itself was not fetched");
  }
  if (text.starts_with("<")) {
    throw FileError(path, "is an HTML or XML page: was the download refused?");
  }
  if (text.starts_with("{")) {
    throw FileError(path, "is JSON; a sentencepiece tokenizer.model is needed");
  }

  if (text.starts_with("GGUF")) return Format::gguf;

  // A ModelProto begins with its first piece (field 1, its length), a tokenizer.bin with the length
  // of its longest piece as a uint32, which is below 65536.
  if (content.size() > 4) {
    if (content[0] == 0x0A && content[1] != 0) return Format::sentencepiece;
    if (content[2] == 0 && content[3] == 0) return Format::llama2c;
  }
  throw FileError(
      path, "is neither a sentencepiece model nor a tokenizer.bin of llama2.c nor a GGUF file");
}

std::int64_t find_piece(const SentencePieceModel& model, std::string_view text,
                        SentencePiece::Type type, std::int64_t otherwise) {
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    if (piece.type == type && piece.text == text) return static_cast<std::int64_t>(id);
  }
  return otherwise;
}

/// What a tokenizer holds, unless it was moved from.
template <typename State>
const State& alive(const std::unique_ptr<State>& state) {
  if (!state) throw OptionError("the tokenizer is empty: it was moved from");
  return *state;
}

}  // namespace

struct Tokenizer::State {
  State(SentencePieceModel parsed, std::string file, const std::filesystem::path& path)
      : model(std::move(parsed)),
        // The library sees only what was checked, never a file's own bytes.
        encoder(serialize(model), path),
        serialized(std::move(file)),
        bos_id(find_piece(model, model.bos_piece, SentencePiece::Type::control, -1)),
        eos_id(find_piece(model, model.eos_piece, SentencePiece::Type::control, -1)),
        pad_id(find_piece(model, "<0x00>", SentencePiece::Type::byte, model.unk_id)) {}

  SentencePieceModel model;
  SentencePieceEncoder encoder;
  std::string serialized;
  std::int64_t bos_id;
  std::int64_t eos_id;
  std::int64_t pad_id;
  SpecialTokens special = {};
};

Tokenizer Tokenizer::load(const std::filesystem::path& path) {
  const MappedFile file(path);
  const std::string_view content = as_text(file.bytes());
  SentencePieceModel model;
  SpecialTokens special;
  std::string serialized;
  switch (detect_format(content, path)) {
    case Format::sentencepiece:
      model = parse_sentencepiece_model(file.bytes(), path);
      serialized = content;
      break;
    case Format::llama2c:
      model = parse_llama2c_tokenizer(file.bytes(), path);
      serialized = serialize(model);
      break;
    case Format::gguf:
      model = read_gguf_tokenizer(GgufFile(path));
      special = read_gguf_special_tokens(GgufFile(path));
      serialized = serialize(model);
      break;
  }
  Tokenizer tokenizer(std::make_unique<State>(std::move(model), std::move(serialized), path));
  try {
    tokenizer.set_special_tokens(std::move(special));
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
  return tokenizer;
}

Tokenizer Tokenizer::train(const std::filesystem::path& text, std::int64_t vocab_size) {
  auto serialized = train_sentencepiece(TextFile(text), vocab_size);
  auto model = parse_sentencepiece_model(as_bytes(serialized), text);
  return Tokenizer(std::make_unique<State>(std::move(model), std::move(serialized), text));
}

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&& other) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&& other) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::vector<std::int64_t> Tokenizer::encode(std::string_view text) const {
  const std::size_t valid = utf8_valid_prefix(text);
  if (valid != text.size()) {
    throw OptionError(
        fmt::format("text is not UTF-8 at byte {}: {}", valid, quote(text.substr(valid), 8)));
  }
  if (text.size() > kMaxTextBytes) {
    throw OptionError(
        fmt::format("text has {} bytes, {} can be tokenized at once", text.size(), kMaxTextBytes));
  }
  return alive(state_).encoder.encode(text);
}

std::string Tokenizer::decode(std::span<const std::int64_t> ids) const {
  StreamDecoder decoder(*this);
  std::string text;
  for (const std::int64_t id : ids) text += decoder.push(id);
  return text + decoder.flush();
}

const SpecialTokens& Tokenizer::special_tokens() const {
  return alive(state_).special;
}

void Tokenizer::set_special_tokens(SpecialTokens special) {
  const std::int64_t size = vocab_size();
  for (const std::int64_t id : special.stop_ids) {
    if (id < 0 || id >= size) {
      throw OptionError(fmt::format("stop id {} lies outside the vocabulary of {}", id, size));
    }
  }
  // What is said anyway need not be said again, so that equal meanings are equal.
  std::erase_if(special.stop_ids,
                [&](std::int64_t id) { return id == bos_id() || id == eos_id(); });
  state_->special = std::move(special);
}

std::vector<std::int64_t> Tokenizer::stop_ids() const {
  std::vector<std::int64_t> ids = alive(state_).special.stop_ids;
  for (const std::int64_t id : {eos_id(), bos_id()}) {
    if (id >= 0) ids.insert(ids.begin(), id);
  }
  return ids;
}

void Tokenizer::add_piece(const std::string& text, bool is_special) {
  auto model = alive(state_).model;
  model.pieces.push_back(
      {text, 0.0F, is_special ? SentencePiece::Type::control : SentencePiece::Type::user_defined});
  try {
    check_sentencepiece_model(model, "added token");
  } catch (const FileError& error) {
    throw OptionError(error.what());
  }
  auto special = state_->special;
  auto serialized = serialize(model);
  state_ = std::make_unique<State>(std::move(model), std::move(serialized), "added token");
  state_->special = std::move(special);
}

std::int64_t Tokenizer::vocab_size() const {
  return static_cast<std::int64_t>(alive(state_).model.pieces.size());
}

std::int64_t Tokenizer::bos_id() const {
  return alive(state_).bos_id;
}
std::int64_t Tokenizer::eos_id() const {
  return alive(state_).eos_id;
}
std::int64_t Tokenizer::unk_id() const {
  return alive(state_).model.unk_id;
}
std::int64_t Tokenizer::pad_id() const {
  return alive(state_).pad_id;
}

const std::string& Tokenizer::piece(std::int64_t id) const {
  return alive(state_).model.piece(id).text;
}

bool Tokenizer::is_byte(std::int64_t id) const {
  return alive(state_).model.piece(id).type == SentencePiece::Type::byte;
}

bool Tokenizer::is_control(std::int64_t id) const {
  return alive(state_).model.piece(id).type == SentencePiece::Type::control;
}

const std::string& Tokenizer::serialized() const {
  return alive(state_).serialized;
}
const SentencePieceModel& Tokenizer::model() const {
  return alive(state_).model;
}

}  // namespace minillama
