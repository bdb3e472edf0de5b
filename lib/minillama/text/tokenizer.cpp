#include "minillama/text/tokenizer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"
#include "minillama/io/gguf.h"
#include "minillama/io/gguf_tokenizer.h"
#include "minillama/io/mapped_file.h"
#include "minillama/text/sentencepiece_tokenizer.h"
#include "minillama/text/stream_decoder.h"
#include "minillama/text/text_file.h"
#include "minillama/text/tokenizer_kind.h"

namespace minillama {

Tokenizer Tokenizer::load(const std::filesystem::path& path) {
  const MappedFile file(path);
  const std::string_view content = as_text(file.bytes());
  if (!content.starts_with("GGUF")) {
    return Tokenizer(kind_of_file(content, path).read(file.bytes(), path));
  }
  const GgufMetadata gguf(path);
  Tokenizer tokenizer(kind_of_gguf(gguf).read_gguf(gguf));
  try {
    tokenizer.set_special_tokens(
        read_gguf_special_tokens(gguf, tokenizer.special_tokens().add_bos));
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
  return tokenizer;
}

Tokenizer Tokenizer::train(const std::filesystem::path& text, std::int64_t vocab_size,
                           std::string_view kind) {
  return Tokenizer(trained_kind(kind).train(TextFile(text), vocab_size));
}

Tokenizer::Tokenizer(std::shared_ptr<const TokenizerModel> model)
    : model_(std::move(model)), special_(model_->special_tokens()) {}

const TokenizerModel& Tokenizer::model() const {
  if (!model_) throw OptionError("the tokenizer is empty: it was moved from");
  return *model_;
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text, TextPlace place) const {
  const std::size_t valid = utf8_valid_prefix(text);
  if (valid != text.size()) {
    throw OptionError(
        fmt::format("text is not UTF-8 at byte {}: {}", valid, quote(text.substr(valid), 8)));
  }
  const auto& model = this->model();
  if (text.empty()) return {};
  return model.encode(text, place);
}

std::string Tokenizer::decode(std::span<const std::int64_t> ids) const {
  StreamDecoder decoder(*this);
  std::string text;
  for (const std::int64_t id : ids) text += decoder.push(id);
  return text + decoder.flush();
}

const SpecialTokens& Tokenizer::special_tokens() const {
  model();  // throws if there is none
  return special_;
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
  special_ = std::move(special);
}

std::vector<std::int64_t> Tokenizer::stop_ids() const {
  std::vector<std::int64_t> ids = special_tokens().stop_ids;
  for (const std::int64_t id : {eos_id(), bos_id()}) {
    if (id >= 0) ids.insert(ids.begin(), id);
  }
  return ids;
}

void Tokenizer::add_piece(const std::string& text, bool is_special) {
  model_ = model().with_piece(text, is_special);
}

std::int64_t Tokenizer::vocab_size() const {
  return model().vocab_size();
}

std::int64_t Tokenizer::bos_id() const {
  return model().special_ids().bos;
}
std::int64_t Tokenizer::eos_id() const {
  return model().special_ids().eos;
}
std::int64_t Tokenizer::unk_id() const {
  return model().special_ids().unk;
}
std::int64_t Tokenizer::pad_id() const {
  return model().special_ids().pad;
}

const std::string& Tokenizer::piece(std::int64_t id) const {
  return model().piece(id);
}

bool Tokenizer::is_byte(std::int64_t id) const {
  return model().type(id) == PieceType::byte;
}

bool Tokenizer::is_control(std::int64_t id) const {
  return model().type(id) == PieceType::control;
}

const std::vector<TokenizerFile>& Tokenizer::files() const {
  return model().files();
}

}  // namespace minillama
