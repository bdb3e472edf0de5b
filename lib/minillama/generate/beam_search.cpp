#include "minillama/generate/beam_search.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "minillama/core/require.h"
#include "minillama/generate/distribution.h"
#include "minillama/generate/sampler.h"

namespace minillama {
namespace {

using Clock = std::chrono::steady_clock;
using Ids = std::vector<std::int64_t>;

/// A text that goes on.
struct Beam {
  Ids tokens;  // the prompt's first
  double sum;  // of log-probabilities
  Sampler sampler;
  std::size_t slot;  // the decoder's sequence that it has, or, still to be copied, that it goes on
  std::size_t row;   // of the latest logits
};

/// A beam, and a token that may follow.
struct Candidate {
  double sum;
  std::size_t beam;
  std::int64_t token;
};

bool is_better(const Candidate& a, const Candidate& b) {
  return a.sum > b.sum;
}

/// Beams that compete with each other, and the best texts that ended.
struct Group {
  std::vector<Beam> beams;
  std::vector<Generation> ended;
};

class BeamSearch {
 public:
  BeamSearch(const DecodingTask& task, const Ids& prompt)
      : options_(task.options),
        decoding_(task.decoding),
        prompt_(prompt),
        width_(static_cast<std::size_t>(decoding_.num_beams / decoding_.beam_groups)),
        groups_(static_cast<std::size_t>(decoding_.beam_groups)) {
    if (options_.stop_at_end) stop_ids_ = task.stop_ids;
    // The last token is chosen and not read.
    const auto room = task.model.config.max_seq_len - std::ssize(prompt) + 1;
    is_short_of_room_ = !options_.crop_context && room < options_.max_new_tokens;
    limit_ = static_cast<std::size_t>(is_short_of_room_ ? room : options_.max_new_tokens);
    decoder_ = task.model.make(
        options_, {.sequences = static_cast<std::size_t>(decoding_.num_beams),
                   .capacity = std::ssize(prompt) + static_cast<std::int64_t>(limit_)});
  }

  std::vector<Generation> run() {
    const auto start = Clock::now();
    if (limit_ == 0) return {Generation{}};
    const Continuation whole{.sequence = 0, .ids = prompt_};
    decoder_->append({&whole, 1});
    const std::chrono::duration<double> prompt_time = Clock::now() - start;
    for (auto& group : groups_) {
      group.beams.push_back(
          {.tokens = prompt_, .sum = 0, .sampler = Sampler(options_), .slot = 0, .row = 0});
    }
    for (length_ = 1;; ++length_) {
      Ids chosen;  // by the groups so far
      for (auto& group : groups_) {
        extend(group, chosen);
        for (const auto& beam : group.beams) chosen.push_back(beam.tokens.back());
      }
      if (chosen.empty()) break;
      read();
    }
    const std::chrono::duration<double> time = Clock::now() - start;
    auto best = best_texts();
    for (auto& generation : best) {
      generation.prompt_seconds = prompt_time.count();
      generation.decode_seconds = (time - prompt_time).count();
    }
    return best;
  }

 private:
  /// Log-probabilities of the tokens behind a beam, as the group sees them.
  std::vector<float> log_probabilities(Beam& beam, const Ids& chosen) {
    const auto row = decoder_->logits(beam.row);
    std::vector<float> values(row.begin(), row.end());
    const History history{.tokens = beam.tokens,
                          .prompt = prompt_.size(),
                          .stop_ids = stop_ids_,
                          .left = static_cast<std::int64_t>(limit_ - length_ + 1)};
    values.resize(beam.sampler.process(values, history).size());
    const auto normalizer = static_cast<float>(log_normalizer(values));
    for (auto& value : values) value -= normalizer;
    for (const auto token : chosen) {
      values[static_cast<std::size_t>(token)] -= static_cast<float>(decoding_.diversity_penalty);
    }
    return values;
  }

  /// The best candidates of a group, the best first: so many that as many as it has beams go on,
  /// whichever of them end.
  std::vector<Candidate> candidates(Group& group, const Ids& chosen) {
    const std::size_t n = width_ * (1 + std::max<std::size_t>(1, stop_ids_.size()));
    std::vector<Candidate> best;  // a heap whose first is the worst
    for (std::size_t b = 0; b < group.beams.size(); ++b) {
      const auto values = log_probabilities(group.beams[b], chosen);
      for (std::size_t token = 0; token < values.size(); ++token) {
        const Candidate candidate{.sum = group.beams[b].sum + double{values[token]},
                                  .beam = b,
                                  .token = static_cast<std::int64_t>(token)};
        if (std::isinf(candidate.sum)) continue;
        if (best.size() == n) {
          if (!is_better(candidate, best.front())) continue;
          std::ranges::pop_heap(best, is_better);
          best.pop_back();
        }
        best.push_back(candidate);
        std::ranges::push_heap(best, is_better);
      }
    }
    std::ranges::sort_heap(best, is_better);
    return best;
  }

  /// Takes the beams of a group a token further, or ends them all.
  void extend(Group& group, const Ids& chosen) {
    if (group.beams.empty()) return;
    const auto best = candidates(group, chosen);
    std::vector<Beam> next;
    next.reserve(width_);
    for (std::size_t rank = 0; rank < best.size() && next.size() < width_; ++rank) {
      const auto& [sum, b, token] = best[rank];
      const Beam& beam = group.beams[b];
      const bool is_end = std::ranges::find(stop_ids_, token) != stop_ids_.end();
      if (is_end || length_ == limit_) {
        if (rank < width_) end(group, beam, is_end, token, sum);
        continue;
      }
      next.push_back(beam);
      next.back().tokens.push_back(token);
      next.back().sum = sum;
      next.back().sampler.accept(token);
    }
    group.beams = std::move(next);
    if (!can_improve(group)) group.beams.clear();
  }

  void end(Group& group, const Beam& beam, bool is_end, std::int64_t token, double sum) {
    Generation text{.ids = {beam.tokens.begin() + std::ssize(prompt_), beam.tokens.end()},
                    .stop = is_end              ? StopReason::end_of_text
                            : is_short_of_room_ ? StopReason::context_full
                                                : StopReason::max_new_tokens,
                    .score = normalized(sum, length_)};
    if (!is_end) text.ids.push_back(token);
    const auto place = std::ranges::find_if(
        group.ended, [&](const Generation& other) { return other.score < text.score; });
    group.ended.insert(place, std::move(text));
    if (group.ended.size() > width_) group.ended.pop_back();
  }

  double normalized(double sum, std::size_t length) const {
    return sum / std::pow(static_cast<double>(length), decoding_.length_penalty);
  }

  /// Whether it is worth while to go on.
  bool can_improve(const Group& group) const {
    if (group.beams.empty()) return false;
    if (group.ended.size() < width_) return true;
    if (decoding_.early_stopping == EarlyStopping::always) return false;
    const bool at_best =
        decoding_.early_stopping == EarlyStopping::never && decoding_.length_penalty > 0;
    return normalized(group.beams.front().sum, at_best ? limit_ : length_) >
           group.ended.back().score;
  }

  /// Gives each beam a sequence of its own, and the decoder their new tokens.
  void read() {
    std::vector<Beam*> beams;
    for (auto& group : groups_) {
      for (auto& beam : group.beams) beams.push_back(&beam);
    }
    std::vector<bool> is_taken(static_cast<std::size_t>(decoding_.num_beams));
    std::vector<Beam*> copies;  // the first beam that goes on a sequence keeps it
    for (Beam* beam : beams) {
      if (is_taken[beam->slot]) {
        copies.push_back(beam);
      } else {
        is_taken[beam->slot] = true;
      }
    }
    for (Beam* beam : copies) {
      const auto free = std::find(is_taken.begin(), is_taken.end(), false);
      *free = true;
      const auto to = static_cast<std::size_t>(free - is_taken.begin());
      decoder_->copy(beam->slot, to);
      beam->slot = to;
    }
    std::ranges::sort(beams, {}, &Beam::slot);
    std::vector<Continuation> continuations;
    for (Beam* beam : beams) {
      beam->row = continuations.size();
      continuations.push_back({.sequence = beam->slot, .ids = std::span(beam->tokens).last(1)});
    }
    decoder_->append(continuations);
  }

  std::vector<Generation> best_texts() {
    std::vector<Generation> all;
    for (auto& group : groups_) std::ranges::move(group.ended, std::back_inserter(all));
    std::ranges::stable_sort(all, std::greater{}, &Generation::score);
    all.resize(std::min(all.size(), static_cast<std::size_t>(decoding_.continuations)));
    return all;
  }

  const GenerationOptions& options_;
  const DecodingOptions& decoding_;
  const Ids& prompt_;
  std::span<const std::int64_t> stop_ids_ = {};
  std::size_t width_;  // beams of a group
  std::vector<Group> groups_;
  std::size_t limit_ = 0;  // tokens that can be written
  bool is_short_of_room_ = false;
  std::size_t length_ = 0;  // of the texts, once they are extended
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace

void check_beam_search(const DecodingOptions& decoding, const GenerationOptions& options,
                       const ModelConfig& /*config*/) {
  const auto beams = decoding.num_beams;
  require(beams >= 1 && beams <= 1024, "num-beams", beams, "lie between 1 and 1024");
  if (options.temperature != 0) {
    throw OptionError(fmt::format("beam search draws nothing: temperature is {}, must be 0",
                                  options.temperature));
  }
  require(decoding.continuations <= beams, "continuations", decoding.continuations,
          fmt::format("be at most num-beams, {}, which are as many texts", beams));
  require(std::abs(decoding.length_penalty) <= 100, "length-penalty", decoding.length_penalty,
          "lie in [-100, 100]");
  require(decoding.beam_groups >= 1 && beams % decoding.beam_groups == 0, "beam-groups",
          decoding.beam_groups, fmt::format("be a divisor of num-beams, {}", beams));
  require(decoding.diversity_penalty >= 0 && decoding.diversity_penalty <= 1e6, "diversity-penalty",
          decoding.diversity_penalty, "lie in [0, 1e6]");
  if ((decoding.beam_groups > 1) != (decoding.diversity_penalty > 0)) {
    throw OptionError(
        fmt::format("beam-groups is {}, diversity-penalty {}: groups differ by the penalty, which "
                    "needs several of them",
                    decoding.beam_groups, decoding.diversity_penalty));
  }
}

std::vector<std::vector<Generation>> beam_search(const DecodingTask& task) {
  std::vector<std::vector<Generation>> all;
  for (const auto& prompt : task.prompts) all.push_back(BeamSearch(task, prompt).run());
  return all;
}

}  // namespace minillama
