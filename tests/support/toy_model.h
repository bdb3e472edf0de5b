#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "minillama/generate/decoder.h"

namespace minillama::test {

using Ids = std::vector<std::int64_t>;

/// A model of a few tokens whose logits and states are random numbers that a sequence decides.
struct ToyModel {
  std::uint64_t seed = 0;
  std::int64_t vocabulary = 5;
  float deviation = 1;  ///< of the logits
  float noise = 0;      ///< of what is added to them, by a seed of its own
  std::uint64_t noise_seed = 0;

  std::vector<float> logits(const Ids& tokens) const {
    auto values = numbers(seed, tokens, deviation);
    const auto more = numbers(noise_seed, tokens, noise);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += more[i];
    return values;
  }

  std::vector<float> state(const Ids& tokens) const { return numbers(seed + 1, tokens, 1); }

  DecoderSource source() const;

 private:
  std::vector<float> numbers(std::uint64_t by, const Ids& tokens, float scale) const {
    std::mt19937_64 random(by);
    for (const auto token : tokens) random.seed(random() ^ static_cast<std::uint64_t>(token + 1));
    std::vector<float> values(static_cast<std::size_t>(vocabulary));
    for (auto& value : values) {
      value =
          scale * (static_cast<float>(random() >> 40) / static_cast<float>(1 << 23) - 1) * 1.73F;
    }
    return values;
  }
};

class ToyDecoder : public Decoder {
 public:
  ToyDecoder(const ToyModel& model, std::size_t sequences) : model_(model), sequences_(sequences) {}

  void append(std::span<const Continuation> continuations) override {
    logits_.assign(continuations.size(), {});
    states_.assign(continuations.size(), {});
    for (std::size_t i = 0; i < continuations.size(); ++i) {
      const auto& [sequence, ids, n_logits, n_states] = continuations[i];
      for (std::size_t k = 0; k < ids.size(); ++k) {
        sequences_.at(sequence).push_back(ids[k]);
        const auto& tokens = sequences_[sequence];
        if (k + n_logits >= ids.size()) add(model_.logits(tokens), logits_[i]);
        if (k + n_states >= ids.size()) add(model_.state(tokens), states_[i]);
      }
    }
  }
  std::span<float> logits(std::size_t i) override { return logits_.at(i); }
  std::span<const float> states(std::size_t i) const override { return states_.at(i); }
  void copy(std::size_t from, std::size_t to) override { sequences_.at(to) = sequences_.at(from); }
  void truncate(std::size_t sequence, std::size_t length) override {
    sequences_.at(sequence).resize(length);
  }

 private:
  static void add(const std::vector<float>& row, std::vector<float>& rows) {
    rows.insert(rows.end(), row.begin(), row.end());
  }

  ToyModel model_;
  std::vector<Ids> sequences_;
  std::vector<std::vector<float>> logits_, states_;
};

inline DecoderSource ToyModel::source() const {
  ModelConfig config;
  config.dim = vocabulary;
  config.vocab_size = vocabulary;
  config.max_seq_len = 64;
  return {.config = config,
          .make = [model = *this](const GenerationOptions&, const DecoderSize& size) {
            return std::make_unique<ToyDecoder>(model, size.sequences);
          }};
}

}  // namespace minillama::test
