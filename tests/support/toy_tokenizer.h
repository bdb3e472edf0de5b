#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minillama/text/tokenizer_model.h"

namespace minillama::test {

/// A vocabulary of given pieces, which add themselves to a text, behind BOS, EOS and an unknown
/// piece. A text's ids are those of its longest pieces, from left to right.
class ToyTokenizer : public TokenizerModel {
 public:
  static constexpr std::int64_t kBos = 0, kEos = 1, kUnknown = 2;

  explicit ToyTokenizer(const std::vector<std::string>& pieces) : pieces_{"<s>", "</s>", "<unk>"} {
    pieces_.insert(pieces_.end(), pieces.begin(), pieces.end());
  }

  std::vector<std::int64_t> encode(std::string_view text, TextPlace /*place*/) const override {
    std::vector<std::int64_t> ids;
    while (!text.empty()) {
      std::size_t best = kUnknown, length = 1;
      for (std::size_t id = kUnknown + 1; id < pieces_.size(); ++id) {
        if (pieces_[id].size() < length || !text.starts_with(pieces_[id])) continue;
        best = id;
        length = pieces_[id].size();
      }
      ids.push_back(static_cast<std::int64_t>(best));
      text.remove_prefix(length);
    }
    return ids;
  }

  std::unique_ptr<TokenDecoder> decoder() const override {
    return std::make_unique<Decoder>(pieces_);
  }
  std::int64_t vocab_size() const override { return std::ssize(pieces_); }
  SpecialIds special_ids() const override { return {.bos = kBos, .eos = kEos, .unk = kUnknown}; }
  const std::string& piece(std::int64_t id) const override {
    return pieces_.at(static_cast<std::size_t>(id));
  }
  PieceType type(std::int64_t id) const override {
    return id < kUnknown ? PieceType::control : PieceType::text;
  }
  std::shared_ptr<const TokenizerModel> with_piece(const std::string& /*text*/,
                                                   bool /*is_special*/) const override {
    return nullptr;
  }
  const std::vector<TokenizerFile>& files() const override { return files_; }
  std::string hugging_face_config(const SpecialTokens& /*special*/) const override { return {}; }
  std::vector<std::pair<std::string, GgufValue>> gguf_entries(
      const SpecialTokens& /*special*/) const override {
    return {};
  }

 private:
  class Decoder : public TokenDecoder {
   public:
    explicit Decoder(const std::vector<std::string>& pieces) : pieces_(pieces) {}
    TokenText push(std::int64_t id) override {
      return {id <= kUnknown ? "" : pieces_.at(static_cast<std::size_t>(id)), false};
    }

   private:
    const std::vector<std::string>& pieces_;
  };

  std::vector<std::string> pieces_;
  std::vector<TokenizerFile> files_;
};

inline Tokenizer toy_tokenizer(const std::vector<std::string>& pieces) {
  return Tokenizer(std::make_shared<const ToyTokenizer>(pieces));
}

}  // namespace minillama::test
