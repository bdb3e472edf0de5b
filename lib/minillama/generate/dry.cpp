#include "minillama/generate/dry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include <fmt/format.h>

namespace minillama {
namespace {

/// Of each place k of `ids`, how many tokens from there on are those from the beginning on; of the
/// beginning itself 0 is said (Gusfield 1997, "Algorithms on Strings, Trees, and Sequences",
/// section 1.4).
void find_prefixes(const std::vector<std::int64_t>& ids, std::vector<std::size_t>& lengths) {
  lengths.assign(ids.size(), 0);
  std::size_t begin = 0, end = 0;  // of the known match that ends last
  for (std::size_t k = 1; k < ids.size(); ++k) {
    std::size_t length = k < end ? std::min(lengths[k - begin], end - k) : 0;
    while (k + length < ids.size() && ids[length] == ids[k + length]) ++length;
    lengths[k] = length;
    if (k + length > end) {
      begin = k;
      end = k + length;
    }
  }
}

class Dry : public LogitsProcessor {
 public:
  explicit Dry(const GenerationOptions& options)
      : multiplier_(options.dry_multiplier),
        base_(options.dry_base),
        allowed_length_(static_cast<std::size_t>(options.dry_allowed_length)),
        breakers_(options.dry_breakers) {
    std::ranges::sort(breakers_);
  }

  void apply(std::span<float> logits, const History& history) override {
    // From the end on, as far back as a repetition may reach: to the latest breaker.
    backwards_.assign(history.tokens.rbegin(), history.tokens.rend());
    const auto breaker =
        std::ranges::find_if(backwards_, [&](std::int64_t id) { return is_breaker(id); });
    const auto longest = static_cast<std::size_t>(breaker - backwards_.begin());
    if (longest < allowed_length_) return;
    find_prefixes(backwards_, repeated_);

    std::map<std::int64_t, std::size_t> lengths;  // of what a token would repeat
    for (std::size_t k = 1; k < backwards_.size(); ++k) {
      const auto length = std::min(repeated_[k], longest);
      if (length < allowed_length_) continue;
      auto& known = lengths[backwards_[k - 1]];
      known = std::max(known, length);
    }
    for (const auto& [token, length] : lengths) {
      float* logit = find_logit(logits, token);
      if (logit != nullptr && !is_breaker(token)) *logit -= penalty(length);
    }
  }

  std::unique_ptr<LogitsProcessor> clone() const override { return std::make_unique<Dry>(*this); }
  std::string settings() const override {
    return fmt::format("{} (base {}, allowed length {})", multiplier_, base_, allowed_length_);
  }

 private:
  bool is_breaker(std::int64_t id) const { return std::ranges::binary_search(breakers_, id); }

  float penalty(std::size_t length) const {
    const double exact =
        multiplier_ * std::pow(base_, static_cast<double>(length - allowed_length_));
    return static_cast<float>(std::min<double>(exact, std::numeric_limits<float>::max()));
  }

  double multiplier_;
  double base_;
  std::size_t allowed_length_;
  std::vector<std::int64_t> breakers_;  // in order
  std::vector<std::int64_t> backwards_;
  std::vector<std::size_t> repeated_;
};

}  // namespace

std::unique_ptr<LogitsProcessor> make_dry(const GenerationOptions& options) {
  if (options.dry_multiplier == 0) return nullptr;
  return std::make_unique<Dry>(options);
}

}  // namespace minillama
