#include "minillama/generate/draft_model.h"

#include <algorithm>

#include "minillama/core/require.h"
#include "minillama/generate/sampler.h"

namespace minillama {
namespace {

class DraftModel : public Drafter {
 public:
  DraftModel(const DecoderSource& model, std::int64_t capacity, std::size_t tokens)
      : model_(model),
        capacity_(static_cast<std::size_t>(std::min(capacity, model.config.max_seq_len))),
        tokens_(tokens) {
    require(tokens >= 1, "the tokens of a draft", tokens, "be at least 1");
    require(capacity >= 1, "the capacity of a draft", capacity, "be at least 1");
  }

  std::vector<std::int64_t> guess(const History& history, const Sampler& sampler,
                                  std::size_t most) override {
    // Not before: of many requests most wait.
    if (!decoder_) decoder_ = model_.make({}, {.capacity = static_cast<std::int64_t>(capacity_)});
    Sampler own = sampler;
    std::vector<std::int64_t> tokens(history.tokens.begin(), history.tokens.end());
    const std::size_t known = tokens.size();
    const std::size_t end = std::min({known + std::min(tokens_, most), capacity_ + 1});
    forget_all_but(history.tokens);
    while (tokens.size() < end) {
      const auto n_guessed = static_cast<std::int64_t>(tokens.size() - known);
      const auto token = own.next(read(tokens), {.tokens = tokens,
                                                 .prompt = history.prompt,
                                                 .stop_ids = history.stop_ids,
                                                 .left = history.left - n_guessed});
      // Behind the end of the text nothing comes.
      if (std::ranges::find(history.stop_ids, token) != history.stop_ids.end()) break;
      tokens.push_back(token);
      if (own.is_at_end()) break;
    }
    return {tokens.begin() + static_cast<std::ptrdiff_t>(known), tokens.end()};
  }

 private:
  /// Keeps what was read of `tokens`, but the last of them, behind which logits are wanted.
  void forget_all_but(std::span<const std::int64_t> tokens) {
    const auto end =
        read_.begin() + static_cast<std::ptrdiff_t>(std::min(read_.size(), tokens.size() - 1));
    read_.erase(std::mismatch(read_.begin(), end, tokens.begin()).first, read_.end());
    decoder_->truncate(0, read_.size());
  }

  /// The logits behind `tokens`, of which the decoder has those that were read.
  std::span<float> read(std::span<const std::int64_t> tokens) {
    const auto unread = tokens.subspan(read_.size());
    const Continuation continuation{.sequence = 0, .ids = unread};
    decoder_->append({&continuation, 1});
    read_.insert(read_.end(), unread.begin(), unread.end());
    return decoder_->logits(0);
  }

  DecoderSource model_;
  std::size_t capacity_;
  std::size_t tokens_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<std::int64_t> read_;
};

}  // namespace

std::unique_ptr<Drafter> make_draft_model(const DecoderSource& model, std::int64_t capacity,
                                          std::size_t tokens) {
  return std::make_unique<DraftModel>(model, capacity, tokens);
}

}  // namespace minillama
