#include "minillama/text/bpe_tokenizer.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/bpe_check.h"
#include "minillama/io/bpe_sentencepiece.h"
#include "minillama/io/gguf_bpe.h"
#include "minillama/io/gguf_tokenizer.h"
#include "minillama/io/hugging_face_tokens.h"
#include "minillama/io/llama2c_tokenizer.h"
#include "minillama/io/mapped_file.h"
#include "minillama/io/piece_ids.h"
#include "minillama/io/sentencepiece_model.h"
#include "minillama/io/tokenizer_json.h"
#include "minillama/text/added_pieces.h"
#include "minillama/text/bpe_decoder.h"
#include "minillama/text/bpe_merges.h"
#include "minillama/text/bpe_symbols.h"
#include "minillama/text/bpe_trainer.h"
#include "minillama/text/byte_alphabet.h"
#include "minillama/text/normalizer.h"
#include "minillama/text/pre_tokenizer.h"

namespace minillama {
namespace {

using Ids = std::vector<std::int64_t>;

constexpr const char* kFile = "tokenizer.json";
constexpr const char* kConfigFile = "tokenizer_config.json";

constexpr auto kInside = StretchBegin::inside;

/// Positions are int32, and a text's symbols take many times its memory.
constexpr std::size_t kMaxTextBytes = std::size_t{256} << 20;

/// The files that a record was read from; an empty one is made of it.
struct BpeFiles {
  std::string tokenizer;
  std::string config;
};

/// Added pieces that are looked for before (or after) normalization.
AddedPieces added_pieces(const BpeRecord& record, const Normalizer& normalizer, bool after) {
  std::vector<AddedPiece> pieces;
  std::vector<std::string> texts;
  for (const auto& piece : record.added) {
    // Without normalization both are the same.
    const bool is_after = piece.is_normalized && !normalizer.empty();
    if (is_after != after) continue;
    const auto& text = record.pieces[static_cast<std::size_t>(piece.id)];
    auto sought = after ? normalizer.normalize(text, kInside) : text;
    if (sought.empty()) continue;
    pieces.push_back(piece);
    texts.push_back(std::move(sought));
  }
  return {std::move(pieces), std::move(texts)};
}

class BpeTokenizer : public TokenizerModel {
 public:
  /// `path`: where the record is from. Throws FileError if it cannot be used.
  BpeTokenizer(BpeRecord record, BpeFiles from, const std::filesystem::path& path)
      : record_(std::move(record)),
        from_(std::move(from)),
        normalizer_(record_.normalizer, path),
        added_(added_pieces(record_, normalizer_, false)),
        normalized_added_(added_pieces(record_, normalizer_, true)),
        pre_tokenizer_(record_.pre_tokenizer, path),
        symbols_(record_),
        merges_(record_.merges),
        texts_(record_.decoding, path),
        types_(record_.pieces.size(), PieceType::text) {
    for (std::size_t id = 0; id < types_.size(); ++id) {
      if (is_byte(record_.pieces[id])) types_[id] = PieceType::byte;
    }
    for (const auto& added : record_.added) {
      const auto id = static_cast<std::size_t>(added.id);
      types_[id] = added.is_special ? PieceType::control : PieceType::text;
      if (!added.is_normalized || added.is_special || normalizer_.empty()) continue;
      normalized_pieces_.emplace(added.id, normalizer_.normalize(record_.pieces[id], kInside));
    }
  }

  Ids encode(std::string_view text, TextPlace place) const override {
    if (text.size() > kMaxTextBytes) {
      throw OptionError(fmt::format("text has {} bytes, {} can be tokenized at once", text.size(),
                                    kMaxTextBytes));
    }
    std::string with_space;
    if (place == TextPlace::after_space && !normalizer_.prepends()) {
      text = with_space.assign(" ").append(text);
    }
    Work work;
    std::vector<AddedSpan> spans;
    added_.find(text, spans);
    for (const auto& [span, id] : spans) {
      if (id >= 0) {
        work.ids.push_back(id);
        continue;
      }
      auto begin = StretchBegin::inside;
      if (span.begin == 0) {
        begin = place == TextPlace::continuation ? StretchBegin::continuation : StretchBegin::text;
      }
      encode_stretch(text.substr(span.begin, span.end - span.begin), begin, work);
    }
    return std::move(work.ids);
  }

  std::unique_ptr<TokenDecoder> decoder() const override {
    return std::make_unique<Decoder>(*this);
  }

  std::int64_t vocab_size() const override { return std::ssize(record_.pieces); }

  SpecialIds special_ids() const override {
    const auto pad = record_.pad >= 0 ? record_.pad : std::max<std::int64_t>(record_.unknown, 0);
    return {.bos = record_.bos, .eos = record_.eos, .unk = record_.unknown, .pad = pad};
  }

  SpecialTokens special_tokens() const override { return {.add_bos = record_.adds_bos}; }

  const std::string& piece(std::int64_t id) const override {
    if (id < 0 || id >= vocab_size()) {
      throw OptionError(
          fmt::format("token id {} lies outside the vocabulary of {}", id, vocab_size()));
    }
    return record_.pieces[static_cast<std::size_t>(id)];
  }

  PieceType type(std::int64_t id) const override {
    piece(id);  // throws if there is none
    return types_[static_cast<std::size_t>(id)];
  }

  std::shared_ptr<const TokenizerModel> with_piece(const std::string& text,
                                                   bool is_special) const override {
    auto record = record_;
    record.added.push_back({.id = static_cast<std::int32_t>(record.pieces.size()),
                            .is_special = is_special,
                            .is_mergeable = false});
    record.pieces.push_back(text);
    try {
      check_bpe_record(record, "added token");
    } catch (const FileError& error) {
      throw OptionError(error.what());
    }
    return std::make_shared<BpeTokenizer>(std::move(record), BpeFiles{.config = from_.config},
                                          "added token");
  }

  const std::vector<TokenizerFile>& files() const override {
    // Of a large vocabulary this takes longer than the start of a program that never asks for it.
    std::call_once(files_made_, [this] {
      files_ = {{kFile, from_.tokenizer.empty() ? tokenizer_json(record_) : from_.tokenizer},
                {kConfigFile, hugging_face_config(special_tokens())}};
    });
    return files_;
  }

  std::string hugging_face_config(const SpecialTokens& special) const override {
    Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                   {"add_bos_token", special.add_bos},
                   {"clean_up_tokenization_spaces", false}};
    bool is_changed = from_.config.empty();
    if (!is_changed) {
      config = parse_json(from_.config, kConfigFile);
      is_changed = special.add_bos != record_.adds_bos;
      if (is_changed) config["add_bos_token"] = special.add_bos;
    }
    for (const auto& [field, id] : {std::pair("bos_token", record_.bos),
                                    {"eos_token", record_.eos},
                                    {"unk_token", record_.unknown},
                                    {"pad_token", record_.pad}}) {
      const auto found = config.find(field);
      const bool is_said = found != config.end() && !found->is_null();
      if (id < 0 || is_said) continue;
      config[field] = piece(id);
      is_changed = true;
    }
    return is_changed ? config.dump(2) + "\n" : from_.config;
  }

  std::vector<std::pair<std::string, GgufValue>> gguf_entries(
      const SpecialTokens& special) const override {
    return record_.byte_level ? gguf_bpe(record_, special)
                              : gguf_tokenizer(sentencepiece_of(record_), special);
  }

  std::optional<std::string> llama2c_tokenizer() const override {
    if (record_.byte_level) return {};
    return minillama::llama2c_tokenizer(sentencepiece_of(record_));
  }

 private:
  /// The memory of a call.
  struct Work {
    Ids ids;
    PreTokenizer::Pieces pieces;
    std::vector<std::int32_t> symbols;
    BpeMerges::Workspace merging;
  };

  class Decoder : public TokenDecoder {
   public:
    explicit Decoder(const BpeTokenizer& tokenizer)
        : tokenizer_(tokenizer), stream_(tokenizer.texts_) {}

    TokenText push(std::int64_t id) override {
      const auto& piece = tokenizer_.decoded_piece(id);
      // As if it were not there: even the bytes of a character may stand on both sides.
      if (tokenizer_.type(id) == PieceType::control) return {"", false};
      return stream_.push(piece);
    }

    bool replaces_each_byte() const override { return !tokenizer_.record_.byte_level; }

   private:
    const BpeTokenizer& tokenizer_;
    BpePieceStream stream_;
  };

  /// A piece that is looked for in normalized text is decoded as it stands there.
  const std::string& decoded_piece(std::int64_t id) const {
    const auto normalized = normalized_pieces_.find(id);
    return normalized == normalized_pieces_.end() ? piece(id) : normalized->second;
  }

  bool is_byte(std::string_view piece) const {
    if (record_.byte_level) return spelled_byte(piece) >= 0x80;
    return record_.byte_fallback && byte_value(piece) >= 0;
  }

  void encode_stretch(std::string_view text, StretchBegin begin, Work& work) const {
    if (normalizer_.empty()) return encode_words(text, begin, work);
    const auto normalized = normalizer_.normalize(text, begin);
    std::vector<AddedSpan> spans;
    normalized_added_.find(normalized, spans);
    for (const auto& [span, id] : spans) {
      if (id >= 0) {
        work.ids.push_back(id);
        continue;
      }
      encode_words(std::string_view(normalized).substr(span.begin, span.end - span.begin),
                   span.begin == 0 ? begin : StretchBegin::inside, work);
    }
  }

  void encode_words(std::string_view text, StretchBegin begin, Work& work) const {
    pre_tokenizer_.cut(text, begin, work.pieces);
    for (const auto word : work.pieces.texts) {
      const auto whole = record_.ignore_merges ? symbols_.find(word) : -1;
      if (whole >= 0) {
        work.ids.push_back(whole);
        continue;
      }
      symbols_.split(word, work.symbols);
      merges_.apply(work.symbols, work.merging);
      work.ids.insert(work.ids.end(), work.symbols.begin(), work.symbols.end());
    }
  }

  BpeRecord record_;
  BpeFiles from_;
  Normalizer normalizer_;
  AddedPieces added_;
  AddedPieces normalized_added_;
  PreTokenizer pre_tokenizer_;
  BpeSymbols symbols_;
  BpeMerges merges_;
  BpePieceTexts texts_;
  std::vector<PieceType> types_;
  std::unordered_map<std::int64_t, std::string> normalized_pieces_;
  mutable std::once_flag files_made_;
  mutable std::vector<TokenizerFile> files_;
};

/// Gives the record what the other files of its directory say of special tokens.
void read_names(const std::filesystem::path& directory, BpeRecord& record) {
  const auto names = read_special_token_names(directory);
  const PieceIds ids(record.pieces);
  const auto id_of = [&](const std::optional<std::string>& name, std::int64_t otherwise) {
    return name ? ids.find(*name) : otherwise;
  };
  const auto required_id = [&](const std::optional<std::string>& name, const char* field,
                               std::int64_t otherwise) {
    const auto id = id_of(name, otherwise);
    if (name && id < 0) {
      throw FileError(directory, fmt::format("{} is {}, which is no token of its tokenizer.json",
                                             field, quote(*name)));
    }
    return id;
  };
  const auto bos = required_id(names.bos, "bos_token", record.bos);
  if (record.adds_bos && bos != record.bos) {
    throw FileError(
        directory,
        fmt::format("bos_token is {}, but its tokenizer.json puts {} in front of a text",
                    quote(*names.bos), quote(record.pieces[static_cast<std::size_t>(record.bos)])));
  }
  record.bos = bos;
  record.eos = required_id(names.eos, "eos_token", -1);
  if (record.drops_unknown) record.unknown = id_of(names.unk, -1);
  record.pad = id_of(names.pad, -1);
  record.adds_bos = read_hugging_face_tokens(directory, record.adds_bos).special.add_bos;
}

}  // namespace

bool is_tokenizer_json(std::string_view content) {
  const auto first = content.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && content[first] == '{' &&
         content.find("\"vocab\"") != std::string_view::npos;
}

std::shared_ptr<const TokenizerModel> read_bpe_tokenizer(Bytes bytes,
                                                         const std::filesystem::path& path) {
  auto record = read_tokenizer_json(bytes, path);
  const auto directory = path.parent_path();
  read_names(directory, record);
  BpeFiles files{.tokenizer = std::string(as_text(bytes))};
  if (std::filesystem::exists(directory / kConfigFile)) {
    files.config = as_text(MappedFile(directory / kConfigFile).bytes());
  }
  return std::make_shared<BpeTokenizer>(std::move(record), std::move(files), path);
}

std::shared_ptr<const TokenizerModel> read_gguf_bpe_tokenizer(const GgufMetadata& file) {
  return std::make_shared<BpeTokenizer>(read_gguf_bpe(file), BpeFiles(), file.path());
}

std::shared_ptr<const TokenizerModel> train_bpe_tokenizer(const TextFile& text,
                                                          std::int64_t vocab_size) {
  return std::make_shared<BpeTokenizer>(train_byte_pairs(text, vocab_size), BpeFiles(),
                                        text.path());
}

}  // namespace minillama
