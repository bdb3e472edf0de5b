#include "minillama/grammar/vocabulary.h"

#include <optional>
#include <vector>

#include "minillama/grammar/token_trie.h"
#include "minillama/text/tokenizer_model.h"

namespace minillama {
namespace {

/// Their texts and the tree of them.
struct Texts {
  explicit Texts(std::vector<std::string> all) : of(std::move(all)), trie(of) {}

  std::vector<std::string> of;
  TokenTrie trie;
};

bool is_written(const Tokenizer& tokenizer, std::int64_t id) {
  return id != tokenizer.unk_id() && !tokenizer.is_control(id);
}

/// Texts inside of another one.
std::vector<std::string> texts_inside(const Tokenizer& tokenizer) {
  const auto decoder = tokenizer.model().decoder();
  std::vector<std::string> texts(static_cast<std::size_t>(tokenizer.vocab_size()));
  // Behind the first token with a text, whatever that is.
  for (std::int64_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (!decoder->push(id).bytes.empty()) break;
  }
  for (std::int64_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (!is_written(tokenizer, id)) continue;
    texts[static_cast<std::size_t>(id)] = decoder->push(id).bytes;
  }
  return texts;
}

std::vector<std::string> texts_at_start(const Tokenizer& tokenizer) {
  std::vector<std::string> texts(static_cast<std::size_t>(tokenizer.vocab_size()));
  for (std::int64_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (!is_written(tokenizer, id)) continue;
    texts[static_cast<std::size_t>(id)] = tokenizer.model().decoder()->push(id).bytes;
  }
  return texts;
}

}  // namespace

struct Vocabulary::Parts {
  explicit Parts(const Tokenizer& used) : tokenizer(used), inside(texts_inside(used)) {
    auto texts = texts_at_start(used);
    for (std::size_t id = 0; id < texts.size() && !probe; ++id) {
      if (texts[id] != inside.of[id]) probe = static_cast<std::int64_t>(id);
    }
    if (probe) at_start.emplace(std::move(texts));
  }

  Tokenizer tokenizer;
  Texts inside;
  std::optional<Texts> at_start;      // if it differs
  std::optional<std::int64_t> probe;  // a token whose texts differ
};

Vocabulary::Vocabulary(const Tokenizer& tokenizer)
    : parts_(std::make_shared<const Parts>(tokenizer)) {}

std::int64_t Vocabulary::size() const {
  return parts_->tokenizer.vocab_size();
}

bool Vocabulary::is_at_start(std::span<const std::int64_t> tokens) const {
  if (!parts_->at_start) return false;
  const auto decoder = parts_->tokenizer.model().decoder();
  for (const auto id : tokens) decoder->push(id);
  return decoder->push(*parts_->probe).bytes == text(*parts_->probe, true);
}

const std::string& Vocabulary::text(std::int64_t token, bool at_start) const {
  const auto& texts = at_start && parts_->at_start ? *parts_->at_start : parts_->inside;
  return texts.of.at(static_cast<std::size_t>(token));
}

const TokenTrie& Vocabulary::trie(bool at_start) const {
  return (at_start && parts_->at_start ? *parts_->at_start : parts_->inside).trie;
}

}  // namespace minillama
