#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "minillama/generate/decoder.h"

namespace minillama::test {

/// A decoder that notes how many tokens each call of another one's append() reads.
class CountingDecoder : public Decoder {
 public:
  CountingDecoder(std::unique_ptr<Decoder> decoder, std::vector<std::size_t>& counts)
      : decoder_(std::move(decoder)), counts_(counts) {}

  void append(std::span<const Continuation> continuations) override {
    std::size_t count = 0;
    for (const auto& continuation : continuations) count += continuation.ids.size();
    counts_.push_back(count);
    decoder_->append(continuations);
  }
  std::span<float> logits(std::size_t i) override { return decoder_->logits(i); }
  std::span<const float> states(std::size_t i) const override { return decoder_->states(i); }
  void copy(std::size_t from, std::size_t to) override { decoder_->copy(from, to); }
  void truncate(std::size_t sequence, std::size_t length) override {
    decoder_->truncate(sequence, length);
  }

 private:
  std::unique_ptr<Decoder> decoder_;
  std::vector<std::size_t>& counts_;
};

/// `source` with decoders that count into `counts`, which outlives them.
inline DecoderSource counting(DecoderSource source, std::vector<std::size_t>& counts) {
  source.make = [make = source.make, &counts](const GenerationOptions& options,
                                              const DecoderSize& size) {
    return std::make_unique<CountingDecoder>(make(options, size), counts);
  };
  return source;
}

}  // namespace minillama::test
