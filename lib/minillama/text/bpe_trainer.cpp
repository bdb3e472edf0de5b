#include "minillama/text/bpe_trainer.h"

#include <algorithm>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/tokenizer_json_steps.h"
#include "minillama/text/byte_alphabet.h"
#include "minillama/text/pre_tokenizer.h"

namespace minillama {
namespace {

using Pair = std::pair<std::int32_t, std::int32_t>;

constexpr std::int64_t kLeastCount = 2;

/// A word of the text as the ids of its pieces, and how often it occurs.
struct Word {
  std::vector<std::int32_t> ids;
  std::int64_t count = 0;
};

/// How often two pieces are neighbours, and in which words they were once.
struct PairUse {
  std::int64_t count = 0;
  std::vector<std::size_t> words;
};

struct PairHash {
  std::size_t operator()(const Pair& pair) const {
    const auto both =
        static_cast<std::uint64_t>(pair.first) << 32 | static_cast<std::uint32_t>(pair.second);
    return std::hash<std::uint64_t>()(both);
  }
};

/// A pair that was as frequent when it came into the queue; it may have become rarer.
struct Candidate {
  std::int64_t count;
  Pair pair;

  /// Whether the other goes first.
  bool operator<(const Candidate& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

/// BOS, EOS and the bytes, in the order of the characters that spell them.
BpeRecord bytes_alone() {
  BpeRecord record{.pieces = {"<|begin_of_text|>", "<|end_of_text|>"},
                   .added = {{.id = 0, .is_special = true}, {.id = 1, .is_special = true}},
                   .pre_tokenizer = {split_of_digits(true), Split{.pattern = {kGpt2Pattern, true}}},
                   .byte_level = true,
                   .decoding = {.byte_level = true},
                   .bos = 0,
                   .eos = 1,
                   .adds_bos = true};
  for (int byte = 0; byte < 256; ++byte) {
    record.pieces.emplace_back(byte_character(static_cast<unsigned char>(byte)));
  }
  // UTF-8 sorts as the characters do.
  std::sort(record.pieces.begin() + 2, record.pieces.end());
  return record;
}

class Trainer {
 public:
  explicit Trainer(const TextFile& text) : record_(bytes_alone()) {
    for (std::size_t id = 0; id < record_.pieces.size(); ++id) {
      ids_.emplace(record_.pieces[id], static_cast<std::int32_t>(id));
    }
    count_words(text.normalized(), text.path());
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for_each_pair(words_[i], [&](const Pair& pair) {
        uses_[pair].count += words_[i].count;
        remember(pair, i);
      });
    }
    for (const auto& [pair, use] : uses_) queue_.push({use.count, pair});
  }

  /// Makes the next piece, or one that is there already in another way. Whether there was a pair to
  /// make it of.
  bool step() {
    while (!queue_.empty()) {
      const auto [count, pair] = queue_.top();
      queue_.pop();
      const auto now = uses_[pair].count;
      if (now == count) {
        if (count < kLeastCount) return false;
        merge(pair);
        return true;
      }
      if (now > 0) queue_.push({now, pair});
    }
    return false;
  }

  const BpeRecord& record() const { return record_; }

 private:
  void count_words(const std::string& text, const std::filesystem::path& path) {
    const PreTokenizer pre_tokenizer(record_.pre_tokenizer, path);
    PreTokenizer::Pieces pieces;
    std::unordered_map<std::string, std::size_t> places;
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
      rest.remove_prefix(line.size());
      pre_tokenizer.cut(line, StretchBegin::text, pieces);
      for (const auto word : pieces.texts) {
        const auto [place, is_new] = places.try_emplace(std::string(word), words_.size());
        if (is_new) words_.push_back({ids_of(word)});
        ++words_[place->second].count;
      }
    }
  }

  std::vector<std::int32_t> ids_of(std::string_view word) const {
    std::vector<std::int32_t> ids;
    for (const char c : word) {
      ids.push_back(ids_.at(std::string(byte_character(static_cast<unsigned char>(c)))));
    }
    return ids;
  }

  template <typename Visit>
  static void for_each_pair(const Word& word, const Visit& visit) {
    for (std::size_t i = 0; i + 1 < word.ids.size(); ++i) visit({word.ids[i], word.ids[i + 1]});
  }

  void remember(const Pair& pair, std::size_t word) {
    auto& words = uses_[pair].words;
    if (words.empty() || words.back() != word) words.push_back(word);
  }

  void merge(const Pair& pair) {
    auto text = record_.pieces[static_cast<std::size_t>(pair.first)] +
                record_.pieces[static_cast<std::size_t>(pair.second)];
    const auto [found, is_new] =
        ids_.try_emplace(text, static_cast<std::int32_t>(record_.pieces.size()));
    if (is_new) record_.pieces.push_back(std::move(text));
    const auto result = found->second;
    record_.merges.push_back({pair.first, pair.second, result});

    auto words = std::exchange(uses_[pair].words, {});
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    std::set<Pair> grown;
    for (const auto i : words) {
      Word& word = words_[i];
      for_each_pair(word, [&](const Pair& before) { uses_[before].count -= word.count; });
      replace(pair, result, word.ids);
      for_each_pair(word, [&](const Pair& after) {
        uses_[after].count += word.count;
        if (after.first != result && after.second != result) return;
        remember(after, i);
        grown.insert(after);
      });
    }
    for (const auto& each : grown) queue_.push({uses_[each].count, each});
  }

  static void replace(const Pair& pair, std::int32_t result, std::vector<std::int32_t>& ids) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const bool is_pair = i + 1 < ids.size() && ids[i] == pair.first && ids[i + 1] == pair.second;
      ids[kept++] = is_pair ? result : ids[i];
      if (is_pair) ++i;
    }
    ids.resize(kept);
  }

  BpeRecord record_;
  std::unordered_map<std::string, std::int32_t> ids_;
  std::vector<Word> words_;
  std::unordered_map<Pair, PairUse, PairHash> uses_;
  std::priority_queue<Candidate> queue_;
};

}  // namespace

BpeRecord train_byte_pairs(const TextFile& text, std::int64_t vocab_size) {
  Trainer trainer(text);
  const auto size = [&] { return std::ssize(trainer.record().pieces); };
  const auto refuse = [&](std::string_view problem) {
    throw OptionError(fmt::format("no tokenizer of {} pieces can be made of {}: {}", vocab_size,
                                  quote(text.path().native(), 400), problem));
  };
  if (vocab_size < size()) {
    refuse(fmt::format("its special tokens and the bytes need {} at least", size()));
  }
  while (size() < vocab_size) {
    if (!trainer.step()) refuse(fmt::format("the text is enough for {} at most", size()));
  }
  return trainer.record();
}

}  // namespace minillama
