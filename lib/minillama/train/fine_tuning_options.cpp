#include "minillama/train/fine_tuning_options.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/require.h"

namespace minillama {

FineTuningOptions FineTuningOptions::cmu2025() {
  return {.epochs = 5,
          .batches = {.size = 8, .by_length = false},
          .optimizer = {.lr = 2e-5, .weight_decay = 0, .variant = AdamWVariant::cmu2025},
          .max_grad_norm = 0,
          .schedule = ScheduleShape::constant,
          .warmup = 0,
          .compatible = true};
}

FineTuningOptions FineTuningOptions::fitted(std::int64_t n_examples, bool adapters) {
  require(n_examples >= 1, "the number of examples", n_examples, "be at least 1");
  constexpr std::int64_t kSeen = 2400;  // examples in all epochs, at least
  const bool has_many = n_examples >= 4000;
  const auto epochs = std::clamp<std::int64_t>((kSeen + n_examples - 1) / n_examples, 3, 20);
  return {.epochs = epochs,
          .patience = std::max<std::int64_t>(3, epochs / 3),
          .ties_by_loss = true,
          .batches = {.size = has_many ? 32 : 16},
          .optimizer = {.lr = (adapters ? 1e-3 : 1e-4) * (has_many ? 2 : 1)}};
}

void FineTuningOptions::validate() const {
  constexpr std::int64_t kMost = 1'000'000'000;  // so that its steps can be counted
  require(epochs >= 1 && epochs <= kMost, "epochs", epochs, fmt::format("lie in [1, {}]", kMost));
  require(patience >= 0, "patience", patience, "not be negative");
  require(batches.size >= 1, "batch-size", batches.size, "be at least 1");
  require(batches.max_tokens >= 0, "max-tokens", batches.max_tokens, "not be negative");
  const auto& [lora_plus, layer_decay] = learning_rates;
  require(lora_plus > 0 && std::isfinite(lora_plus), "lora-plus-ratio", lora_plus, "be positive");
  require(layer_decay > 0 && layer_decay <= 1, "layer-decay", layer_decay, "lie in (0, 1]");
  require(!compatible || lora_plus == 1, "lora-plus-ratio", lora_plus,
          "be 1 in the compatible mode");
  require(!compatible || layer_decay == 1, "layer-decay", layer_decay,
          "be 1 in the compatible mode");
  require(mixout >= 0 && mixout <= 1, "mixout", mixout, "lie in [0, 1]");
  require(warmup >= 0 && warmup < 1, "warmup", warmup, "lie in [0, 1)");
  require(average_decay >= 0 && average_decay < 1, "average-decay", average_decay, "lie in [0, 1)");
  require(save_every_steps >= 0, "save-every-steps", save_every_steps, "not be negative");
  require(save_every_seconds >= 0, "save-every-seconds", save_every_seconds, "not be negative");
}

}  // namespace minillama
