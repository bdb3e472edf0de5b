#include "minillama/io/gguf_tokenizer.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/sentencepiece_check.h"

namespace minillama {
namespace {

using Type = SentencePiece::Type;

constexpr const char* kAddBos = "tokenizer.ggml.add_bos_token";
constexpr const char* kEos = "tokenizer.ggml.eos_token_id";
constexpr const char* kEot = "tokenizer.ggml.eot_token_id";
constexpr const char* kEom = "tokenizer.ggml.eom_token_id";

bool has_byte_piece(const SentencePieceModel& model) {
  return std::ranges::any_of(model.pieces,
                             [](const SentencePiece& piece) { return piece.type == Type::byte; });
}

}  // namespace

SentencePieceModel read_gguf_tokenizer(const GgufMetadata& file) {
  const auto texts = file.texts("tokenizer.ggml.tokens");
  const auto scores = file.floats("tokenizer.ggml.scores");
  const auto types = file.integers("tokenizer.ggml.token_type");
  if (texts.size() != scores.size() || texts.size() != types.size()) {
    throw FileError(file.path(), fmt::format("has {} tokens, {} scores and {} token types",
                                             texts.size(), scores.size(), types.size()));
  }
  SentencePieceModel model;
  model.algorithm = SentencePieceModel::Algorithm::bpe;
  model.normalizer = "identity";
  for (std::size_t id = 0; id < texts.size(); ++id) {
    if (types[id] < 1 || types[id] > 6) {
      throw FileError(file.path(), fmt::format("token {} is of the unknown type {}",
                                               quote(texts[id]), types[id]));
    }
    model.pieces.push_back({std::string(texts[id]), scores[id], static_cast<Type>(types[id])});
  }
  model.byte_fallback = has_byte_piece(model);

  const auto special = [&](std::string_view key, std::int32_t& id, std::string* piece) {
    if (!file.has(key)) return;
    id = static_cast<std::int32_t>(gguf_token_id(file, key, model.pieces.size()));
    if (piece != nullptr && id >= 0) *piece = model.piece(id).text;
  };
  special("tokenizer.ggml.unknown_token_id", model.unk_id, &model.unk_piece);
  special("tokenizer.ggml.bos_token_id", model.bos_id, &model.bos_piece);
  special(kEos, model.eos_id, &model.eos_piece);
  if (model.eos_id >= 0 && model.piece(model.eos_id).type != Type::control) {
    // It ends a text all the same (read_gguf_special_tokens()), but to sentencepiece it is a word.
    model.eos_id = -1;
    model.eos_piece = SentencePieceModel().eos_piece;
  }
  special("tokenizer.ggml.padding_token_id", model.pad_id, &model.pad_piece);
  const auto flag = [&](std::string_view key, bool otherwise) {
    return file.has(key) ? file.boolean(key) : otherwise;
  };
  model.add_dummy_prefix = flag("tokenizer.ggml.add_space_prefix", true);
  model.remove_extra_whitespaces = flag("tokenizer.ggml.remove_extra_whitespaces", false);
  check_sentencepiece_model(model, file.path());
  return model;
}

std::int64_t gguf_token_id(const GgufMetadata& file, std::string_view key, std::size_t n_pieces) {
  if (!file.has(key)) return -1;
  const std::int64_t id = file.integer(key);
  if (id < -1 || id >= static_cast<std::int64_t>(n_pieces)) {
    throw FileError(file.path(),
                    fmt::format("{} is {}, there are {} tokens", quote(key), id, n_pieces));
  }
  return id;
}

SpecialTokens read_gguf_special_tokens(const GgufMetadata& file, bool adds_bos) {
  SpecialTokens special{.add_bos = adds_bos};
  if (file.has(kAddBos)) special.add_bos = file.boolean(kAddBos);
  for (const auto* key : {kEos, kEot, kEom}) {
    if (!file.has(key) || file.integer(key) == -1) continue;
    special.stop_ids.push_back(file.integer(key));
  }
  return special;
}

void add_gguf_special_tokens(bool add_bos, const std::vector<std::int64_t>& ends,
                             std::vector<std::pair<std::string, GgufValue>>& entries) {
  constexpr std::array kEnds = {kEos, kEot, kEom};
  if (ends.size() > kEnds.size()) {
    throw OptionError(fmt::format("GGUF names {} tokens that end a text; this tokenizer has {}",
                                  kEnds.size(), ends.size()));
  }
  entries.emplace_back(kAddBos, add_bos);
  entries.emplace_back("tokenizer.ggml.add_eos_token", false);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    entries.emplace_back(kEnds[i], static_cast<std::uint32_t>(ends[i]));
  }
}

std::vector<std::pair<std::string, GgufValue>> gguf_tokenizer(const SentencePieceModel& model,
                                                              const SpecialTokens& special) {
  if (model.algorithm != SentencePieceModel::Algorithm::bpe || !model.charsmap.empty() ||
      model.treat_whitespace_as_suffix || !model.escape_whitespaces ||
      model.byte_fallback != has_byte_piece(model)) {
    throw OptionError(
        "GGUF holds Llama's kind of tokenizer only: sentencepiece BPE without rules "
        "of normalization; this one is of another kind");
  }
  std::vector<std::string> texts;
  std::vector<float> scores;
  std::vector<std::int32_t> types;
  for (const SentencePiece& piece : model.pieces) {
    texts.push_back(piece.text);
    scores.push_back(piece.score);
    types.push_back(static_cast<std::int32_t>(piece.type));
  }
  std::vector<std::pair<std::string, GgufValue>> out = {
      {"tokenizer.ggml.model", "llama"},
      {"tokenizer.ggml.tokens", std::move(texts)},
      {"tokenizer.ggml.scores", std::move(scores)},
      {"tokenizer.ggml.token_type", std::move(types)},
      {"tokenizer.ggml.add_space_prefix", model.add_dummy_prefix},
      {"tokenizer.ggml.remove_extra_whitespaces", model.remove_extra_whitespaces}};
  const auto add = [&](const char* key, std::int64_t id) {
    if (id >= 0) out.emplace_back(key, static_cast<std::uint32_t>(id));
  };
  add("tokenizer.ggml.unknown_token_id", model.unk_id);
  add("tokenizer.ggml.bos_token_id", model.bos_id);
  add("tokenizer.ggml.padding_token_id", model.pad_id);
  std::vector<std::int64_t> ends = special.stop_ids;
  if (model.eos_id >= 0) ends.insert(ends.begin(), model.eos_id);
  add_gguf_special_tokens(special.add_bos, ends, out);
  return out;
}

}  // namespace minillama
