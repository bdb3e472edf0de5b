#include "minillama/generate/contrastive_search.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "minillama/core/require.h"
#include "minillama/generate/distribution.h"
#include "minillama/generate/sampler.h"
#include "minillama/generate/token_logprobs.h"
#include "minillama/kernels/dispatch.h"
#include "minillama/kernels/matmul.h"

namespace minillama {
namespace {

using Clock = std::chrono::steady_clock;
using Ids = std::vector<std::int64_t>;

/// Divides each row by its length.
void normalize(std::span<float> rows, std::size_t dim) {
  for (auto begin = rows.begin(); begin != rows.end(); begin += static_cast<std::ptrdiff_t>(dim)) {
    const std::span row(begin, dim);
    const double length = std::sqrt(sum_of(row, [](float x) { return double{x} * x; }));
    if (length == 0) continue;
    for (float& x : row) x = static_cast<float>(x / length);
  }
}

class ContrastiveSearch {
 public:
  ContrastiveSearch(const DecodingTask& task, const Ids& prompt)
      : task_(task),
        options_(task.options),
        dim_(static_cast<std::size_t>(task.model.config.dim)),
        sampler_(options_),
        tokens_(prompt),
        prompt_(prompt.size()) {
    if (options_.stop_at_end) stop_ids_ = task.stop_ids;
    // A token is chosen by what the model makes of it: all are read.
    const auto room = task.model.config.max_seq_len - std::ssize(prompt);
    if (room < options_.max_new_tokens) out_.stop = StopReason::context_full;
    limit_ = static_cast<std::size_t>(std::min(room, options_.max_new_tokens));
    const auto width = std::min(options_.top_k, task.model.config.vocab_size);
    decoder_ = task.model.make(
        options_, {.sequences = static_cast<std::size_t>(width),
                   .capacity = std::ssize(prompt) + static_cast<std::int64_t>(limit_)});
  }

  Generation run() {
    if (limit_ == 0) return std::move(out_);
    const auto start = Clock::now();
    read_prompt();
    const std::chrono::duration<double> prompt_time = Clock::now() - start;
    while (out_.ids.size() < limit_ && extend()) {
    }
    const std::chrono::duration<double> time = Clock::now() - start;
    out_.prompt_seconds = prompt_time.count();
    out_.decode_seconds = (time - prompt_time).count();
    return std::move(out_);
  }

 private:
  void read_prompt() {
    // Logits behind the last token alone, the states of all.
    if (const std::size_t before = prompt_ - 1; before > 0) {
      const Continuation most{.sequence = 0,
                              .ids = std::span(tokens_).first(before),
                              .n_logits = 0,
                              .n_states = before};
      decoder_->append({&most, 1});
      remember(decoder_->states(0));
    }
    const Continuation last{.sequence = 0, .ids = std::span(tokens_).last(1), .n_states = 1};
    decoder_->append({&last, 1});
    remember(decoder_->states(0));
  }

  /// Adds the directions of hidden states to those of the text.
  void remember(std::span<const float> states) {
    directions_.insert(directions_.end(), states.begin(), states.end());
    normalize(std::span(directions_).last(states.size()), dim_);
  }

  /// Writes a token. False if the text ends.
  bool extend() {
    const auto candidates = most_probable();
    read(candidates);
    const auto best = chosen(candidates);
    const auto token = candidates[best].token;
    if (std::ranges::find(stop_ids_, token) != stop_ids_.end()) {
      out_.stop = StopReason::end_of_text;
      return false;
    }
    remember(decoder_->states(best));
    sequence_ = best;
    tokens_.push_back(token);
    out_.ids.push_back(token);
    sampler_.accept(token);
    if (task_.on_token && !task_.on_token(token)) {
      out_.stop = StopReason::callback;
      return false;
    }
    if (!sampler_.is_at_end()) return true;
    out_.stop = StopReason::end_of_text;
    return false;
  }

  /// The top_k tokens behind the text, the most probable one first.
  std::vector<TokenLogprob> most_probable() {
    const History history{.tokens = tokens_,
                          .prompt = prompt_,
                          .stop_ids = stop_ids_,
                          .left = static_cast<std::int64_t>(limit_ - out_.ids.size())};
    const auto logits = sampler_.process(decoder_->logits(sequence_), history);
    auto candidates = most_probable_tokens(logits, static_cast<std::size_t>(options_.top_k));
    std::erase_if(candidates, [](const auto& candidate) { return std::isinf(candidate.logprob); });
    return candidates;
  }

  /// Gives each candidate a sequence that ends with it.
  void read(std::span<const TokenLogprob> candidates) {
    std::vector<Continuation> continuations;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (i != sequence_) decoder_->copy(sequence_, i);
      continuations.push_back({.sequence = i, .ids = {&candidates[i].token, 1}, .n_states = 1});
    }
    decoder_->append(continuations);
  }

  /// Which of the candidates has the best score.
  std::size_t chosen(std::span<const TokenLogprob> candidates) const {
    const std::size_t length = tokens_.size();
    std::vector<float> states;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const auto state = decoder_->states(i);
      states.insert(states.end(), state.begin(), state.end());
    }
    normalize(states, dim_);
    std::vector<float> cosines(candidates.size() * length);
    kernels::matmul(kernels::best_isa(), directions_.data(), length, dim_,
                    {states.data(), dim_, candidates.size()}, {cosines.data(), length});
    const double alpha = task_.decoding.penalty_alpha;
    std::size_t best = 0;
    double best_score = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const double penalty = std::ranges::max(std::span(cosines).subspan(i * length, length));
      const double score = (1 - alpha) * std::exp(candidates[i].logprob) - alpha * penalty;
      if (score > best_score) best = i, best_score = score;
    }
    return best;
  }

  const DecodingTask& task_;
  const GenerationOptions& options_;
  std::span<const std::int64_t> stop_ids_ = {};
  std::size_t dim_;
  Sampler sampler_;
  Ids tokens_;  // the prompt's first
  std::size_t prompt_;
  std::size_t limit_ = 0;  // tokens that can be written
  std::unique_ptr<Decoder> decoder_;
  std::size_t sequence_ = 0;       // of the decoder, that has the text
  std::vector<float> directions_;  // [tokens, D], the text's hidden states, of length 1
  Generation out_;
};

}  // namespace

void check_contrastive_search(const DecodingOptions& decoding, const GenerationOptions& options,
                              const ModelConfig& config) {
  const auto alpha = decoding.penalty_alpha;
  require(alpha >= 0 && alpha <= 1, "penalty-alpha", alpha, "lie in [0, 1]");
  if (options.temperature != 0) {
    throw OptionError(fmt::format("contrastive search draws nothing: temperature is {}, must be 0",
                                  options.temperature));
  }
  require(options.top_k >= 1 && options.top_k <= 1024, "top-k", options.top_k,
          "lie between 1 and 1024: among so many tokens contrastive search chooses");
  require(decoding.continuations == 1, "continuations", decoding.continuations,
          "be 1: contrastive search finds one text");
  if (config.attention != AttentionKind::causal || options.crop_context) {
    throw OptionError(
        "contrastive search needs causal attention and a context that is not cropped: else later "
        "tokens change the hidden states of earlier ones");
  }
}

std::vector<std::vector<Generation>> contrastive_search(const DecodingTask& task) {
  std::vector<std::vector<Generation>> all;
  for (const auto& prompt : task.prompts) all.push_back({ContrastiveSearch(task, prompt).run()});
  return all;
}

}  // namespace minillama
