#include "minillama/io/gguf_bpe.h"

#include <algorithm>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/bpe_check.h"
#include "minillama/io/gguf_tokenizer.h"
#include "minillama/io/piece_ids.h"
#include "minillama/io/tokenizer_json_steps.h"

namespace minillama {
namespace {

constexpr const char* kPre = "tokenizer.ggml.pre";
constexpr const char* kMerges = "tokenizer.ggml.merges";
constexpr const char* kUnknown = "tokenizer.ggml.unknown_token_id";
constexpr const char* kBos = "tokenizer.ggml.bos_token_id";
constexpr const char* kEos = "tokenizer.ggml.eos_token_id";
constexpr const char* kPad = "tokenizer.ggml.padding_token_id";

/// The types of tokens that say more than that they are words.
enum TokenType : std::int32_t { kNormalType = 1, kUnknownType, kControlType, kUserDefinedType };

constexpr const char* kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kTekkenPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// What a name under "tokenizer.ggml.pre" stands for.
struct PreTokenizerName {
  std::vector<std::string_view> names;  // the first is written
  std::vector<NormalizerStep> normalizer;
  std::vector<PreTokenizerStep> steps;
  bool ignore_merges = false;
  bool adds_bos = false;
};

PreTokenizerStep split_at(const char* pattern) {
  return Split{.pattern = {pattern, true}};
}

/// The names of llama.cpp (src/llama-vocab.cpp), each with what the Hugging Face tokenizer that it
/// was made of does.
const std::vector<PreTokenizerName>& pre_tokenizer_names() {
  static const std::vector<PreTokenizerName> rows = {
      {.names = {"gpt-2", "phi-2", "olmo", "mpt"}, .steps = {split_at(kGpt2Pattern)}},
      {.names = {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"},
       .steps = {split_of_digits(true), split_at(kGpt2Pattern)}},
      {.names = {"llama-bpe", "llama3", "llama-v3", "falcon3"},
       .steps = {split_at(kLlama3Pattern)},
       .ignore_merges = true,
       .adds_bos = true},
      {.names = {"smaug-bpe", "dbrx"}, .steps = {split_at(kLlama3Pattern)}},
      {.names = {"tekken"},
       .steps = {split_at(kTekkenPattern)},
       .ignore_merges = true,
       .adds_bos = true},
      {.names = {"deepseek-coder"},
       .steps = {split_at("[\r\n]"), split_at(R"(\s?\p{L}+)"), split_at(R"(\s?\p{P}+)"),
                 split_at("[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"), split_of_digits(true)}},
      {.names = {"qwen2", "deepseek-r1-qwen", "megrez"},
       .normalizer = {UnicodeForm::nfc},
       .steps = {split_at(kQwen2Pattern)}},
      {.names = {"default"},
       .steps = {split_at(R"([\p{P}\$\+<=>\^~\|]+)"), split_at(kGpt2Pattern), split_at(R"(\p{N}+)"),
                 split_at("[0-9][0-9][0-9]")}}};
  return rows;
}

const PreTokenizerName& named_in(const GgufMetadata& file) {
  const auto name = file.text(kPre);
  for (const auto& row : pre_tokenizer_names()) {
    if (std::ranges::find(row.names, name) != row.names.end()) return row;
  }
  throw FileError(file.path(), fmt::format("{} is {}, a way to cut texts that is not known",
                                           quote(kPre), quote(name)));
}

void read_pieces(const GgufMetadata& file, BpeRecord& record) {
  const auto texts = file.texts("tokenizer.ggml.tokens");
  const auto types = file.integers("tokenizer.ggml.token_type");
  if (texts.size() != types.size()) {
    throw FileError(file.path(),
                    fmt::format("has {} tokens and {} token types", texts.size(), types.size()));
  }
  record.pieces.assign(texts.begin(), texts.end());
  for (std::size_t id = 0; id < types.size(); ++id) {
    if (types[id] < 1 || types[id] > 6) {
      throw FileError(file.path(), fmt::format("token {} is of the unknown type {}",
                                               quote(texts[id]), types[id]));
    }
    const bool is_special = types[id] == kUnknownType || types[id] == kControlType;
    if (!is_special && types[id] != kUserDefinedType) continue;
    record.added.push_back({.id = static_cast<std::int32_t>(id), .is_special = is_special});
  }
}

void read_merges(const GgufMetadata& file, BpeRecord& record) {
  const PieceIds ids(record.pieces);
  const auto merges = file.texts(kMerges);
  record.merges.reserve(merges.size());
  std::string both;
  for (const auto merge : merges) {
    const std::size_t space = merge.find(' ', 1);
    const auto left = ids.find(merge.substr(0, space));
    const auto right = space == std::string_view::npos ? -1 : ids.find(merge.substr(space + 1));
    both.assign(merge);
    if (right >= 0) both.erase(space, 1);
    const auto result = ids.find(both);
    if (left < 0 || right < 0 || result < 0) {
      throw FileError(file.path(), fmt::format("{}: {} is not two tokens that make one",
                                               quote(kMerges), quote(merge)));
    }
    record.merges.push_back({left, right, result});
  }
}

[[noreturn]] void refuse(std::string_view what) {
  throw OptionError(fmt::format("GGUF cannot hold this tokenizer: {}", what));
}

const PreTokenizerName& name_of(const BpeRecord& record) {
  for (const auto& row : pre_tokenizer_names()) {
    if (row.steps == record.pre_tokenizer && row.normalizer == record.normalizer &&
        row.ignore_merges == record.ignore_merges) {
      return row;
    }
  }
  refuse("it has no name for how a text is normalized and cut");
}

std::vector<std::int32_t> token_types(const BpeRecord& record) {
  std::vector<std::int32_t> types(record.pieces.size(), kNormalType);
  for (const auto& added : record.added) {
    const auto id = static_cast<std::size_t>(added.id);
    if (added.is_word || added.strips_left || added.strips_right) {
      refuse(
          fmt::format("the added token {} takes spaces, or is a word", quote(record.pieces[id])));
    }
    types[id] = added.is_special ? kControlType : kUserDefinedType;
  }
  return types;
}

std::vector<std::string> merge_texts(const BpeRecord& record) {
  std::vector<std::string> texts;
  texts.reserve(record.merges.size());
  for (const auto& merge : record.merges) {
    const auto& left = record.pieces[static_cast<std::size_t>(merge.left)];
    const auto& right = record.pieces[static_cast<std::size_t>(merge.right)];
    if (left.find(' ') != std::string::npos || right.find(' ') != std::string::npos) {
      refuse("tokens that are merged hold a space");
    }
    texts.push_back(fmt::format("{} {}", left, right));
  }
  return texts;
}

}  // namespace

BpeRecord read_gguf_bpe(const GgufMetadata& file) {
  const auto& name = named_in(file);
  BpeRecord record{.normalizer = name.normalizer,
                   .pre_tokenizer = name.steps,
                   .byte_level = true,
                   .ignore_merges = name.ignore_merges,
                   .decoding = {.byte_level = true}};
  read_pieces(file, record);
  read_merges(file, record);
  const auto id_at = [&](const char* key) {
    return gguf_token_id(file, key, record.pieces.size());
  };
  record.unknown = id_at(kUnknown);
  record.bos = id_at(kBos);
  record.eos = id_at(kEos);
  record.pad = id_at(kPad);
  record.adds_bos = read_gguf_special_tokens(file, name.adds_bos).add_bos;
  check_bpe_record(record, file.path());
  return record;
}

std::vector<std::pair<std::string, GgufValue>> gguf_bpe(const BpeRecord& record,
                                                        const SpecialTokens& special) {
  if (!record.drops_unknown) refuse("it has a token for what is unknown");
  std::vector<std::pair<std::string, GgufValue>> entries = {
      {"tokenizer.ggml.model", "gpt2"},
      {kPre, std::string(name_of(record).names.front())},
      {"tokenizer.ggml.tokens", record.pieces},
      {"tokenizer.ggml.token_type", token_types(record)},
      {kMerges, merge_texts(record)}};
  const auto add = [&](const char* key, std::int64_t id) {
    if (id >= 0) entries.emplace_back(key, static_cast<std::uint32_t>(id));
  };
  add(kUnknown, record.unknown);
  add(kBos, record.bos);
  add(kPad, record.pad);
  auto ends = special.stop_ids;
  if (record.eos >= 0) ends.insert(ends.begin(), record.eos);
  add_gguf_special_tokens(special.add_bos, ends, entries);
  return entries;
}

}  // namespace minillama
