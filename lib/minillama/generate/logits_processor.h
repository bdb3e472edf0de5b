#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>

namespace minillama {

/// What is known of a sequence when its next token is chosen.
struct History {
  std::span<const std::int64_t> tokens;         ///< those so far, the prompt's first
  std::size_t prompt = 0;                       ///< how many are the prompt's
  std::span<const std::int64_t> stop_ids = {};  ///< the tokens that end it, if any do
  /// How many tokens there is room for, the next one included.
  std::int64_t left = std::numeric_limits<std::int64_t>::max();

  std::span<const std::int64_t> generated() const { return tokens.subspan(prompt); }
};

/// Changes the logits of the next token by what came before, ahead of temperature and softmax. Of
/// one sequence: it may keep what it knows of it. A kind is a file and a row in
/// generate/sampling_steps.cpp.
class LogitsProcessor {
 public:
  virtual ~LogitsProcessor() = default;

  /// @param logits [V], in place; negative infinity for a token that must not come
  virtual void apply(std::span<float> logits, const History& history) = 0;

  /// The token was chosen.
  virtual void accept(std::int64_t token) { static_cast<void>(token); }

  /// Whether the text ends behind the tokens that were chosen, as nothing may follow them.
  virtual bool is_at_end() const { return false; }

  /// Another one that stands where this one does.
  virtual std::unique_ptr<LogitsProcessor> clone() const = 0;

  /// Its settings, for people to read.
  virtual std::string settings() const = 0;
};

/// The logit of a token; null if it is none to choose from, as the padding of a vocabulary.
inline float* find_logit(std::span<float> logits, std::int64_t token) {
  const auto i = static_cast<std::size_t>(token);
  return i < logits.size() ? &logits[i] : nullptr;
}

/// The token must not come.
inline void rule_out(std::span<float> logits, std::int64_t token) {
  if (float* logit = find_logit(logits, token)) *logit = -std::numeric_limits<float>::infinity();
}

}  // namespace minillama
