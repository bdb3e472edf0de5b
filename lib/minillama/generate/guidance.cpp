#include "minillama/generate/guidance.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "minillama/core/require.h"
#include "minillama/generate/generation.h"

namespace minillama {
namespace {

using Ids = std::vector<std::int64_t>;

/// Behind the sequences of which its user knows, `decoder` has as many others, with the negative
/// prompt in place of the prompt.
class GuidedDecoder : public Decoder {
 public:
  GuidedDecoder(std::unique_ptr<Decoder> decoder, const DecodingOptions& decoding,
                std::size_t prompt, std::size_t sequences)
      : decoder_(std::move(decoder)),
        guidance_(static_cast<float>(decoding.guidance)),
        negative_(decoding.negative_prompt),
        prompt_(prompt),
        lengths_(sequences) {}

  void append(std::span<const Continuation> continuations) override {
    std::vector<Continuation> all(continuations.begin(), continuations.end());
    std::vector<Ids> others(continuations.size());
    for (std::size_t i = 0; i < continuations.size(); ++i) {
      const auto& [sequence, ids, n_logits, n_states] = continuations[i];
      others[i] = other_tokens(sequence, ids, n_logits);
      if (others[i].empty()) continue;
      all.push_back(
          {.sequence = lengths_.size() + sequence, .ids = others[i], .n_logits = n_logits});
    }
    decoder_->append(all);
    std::size_t other = continuations.size();
    for (std::size_t i = 0; i < continuations.size(); ++i) {
      lengths_[continuations[i].sequence] += continuations[i].ids.size();
      if (!others[i].empty()) guide(decoder_->logits(i), decoder_->logits(other++));
    }
  }

  std::span<float> logits(std::size_t i) override { return decoder_->logits(i); }
  std::span<const float> states(std::size_t i) const override { return decoder_->states(i); }

  void copy(std::size_t from, std::size_t to) override {
    decoder_->copy(from, to);
    decoder_->copy(lengths_.size() + from, lengths_.size() + to);
    lengths_[to] = lengths_[from];
  }

  void truncate(std::size_t sequence, std::size_t length) override {
    decoder_->truncate(sequence, length);
    decoder_->truncate(lengths_.size() + sequence, length == 0 ? 0
                                                   : length < prompt_
                                                       ? negative_.size() - 1
                                                       : negative_.size() + length - prompt_);
    lengths_[sequence] = length;
  }

 private:
  /// What the other sequence reads beside `ids`: the negative prompt but for its last token at the
  /// beginning, that token with the last one of the prompt, and what follows the prompt.
  Ids other_tokens(std::size_t sequence, std::span<const std::int64_t> ids,
                   std::size_t n_logits) const {
    require_below(sequence, "sequence", lengths_.size());
    const std::size_t begin = lengths_[sequence], end = begin + ids.size();
    const std::size_t behind = end - std::min(end, std::max(begin, prompt_));
    const bool is_whole = begin < prompt_ && end >= prompt_;
    require(n_logits <= behind + (is_whole ? 1 : 0), "the number of guided logits", n_logits,
            "be at most that of tokens from the prompt's last one on");
    Ids tokens;
    if (begin == 0) tokens.assign(negative_.begin(), negative_.end() - 1);
    if (is_whole) tokens.push_back(negative_.back());
    tokens.insert(tokens.end(), ids.end() - static_cast<std::ptrdiff_t>(behind), ids.end());
    return tokens;
  }

  void guide(std::span<float> logits, std::span<const float> others) const {
    for (std::size_t k = 0; k < logits.size(); ++k) {
      logits[k] = others[k] + guidance_ * (logits[k] - others[k]);
    }
  }

  std::unique_ptr<Decoder> decoder_;
  float guidance_;
  const Ids& negative_;
  std::size_t prompt_;
  std::vector<std::size_t> lengths_;
};

}  // namespace

void check_guidance(const DecodingOptions& decoding, const ModelConfig& config) {
  require(std::abs(decoding.guidance) <= 100, "guidance", decoding.guidance, "lie in [-100, 100]");
  if (decoding.guidance == 1) {
    if (decoding.negative_prompt.empty()) return;
    throw OptionError("a negative prompt has no effect at guidance 1");
  }
  if (decoding.negative_prompt.empty()) throw OptionError("the negative prompt has no tokens");
  check_prompt(decoding.negative_prompt, config, {});
}

DecoderSource guided(const DecoderSource& model, const DecodingOptions& decoding,
                     std::size_t prompt) {
  auto source = model;
  const auto negative = static_cast<std::int64_t>(decoding.negative_prompt.size());
  const auto longer = std::max<std::int64_t>(0, negative - static_cast<std::int64_t>(prompt));
  // Where the negative prompt is the longer one, it fills the context earlier.
  source.config.max_seq_len -= longer;
  source.make = [model, &decoding, prompt, longer](const GenerationOptions& options,
                                                   const DecoderSize& size) {
    return std::make_unique<GuidedDecoder>(
        model.make(options, {.sequences = 2 * size.sequences, .capacity = size.capacity + longer}),
        decoding, prompt, size.sequences);
  };
  return source;
}

}  // namespace minillama
