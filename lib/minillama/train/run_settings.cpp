#include "minillama/train/run_settings.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "minillama/model/adapters.h"
#include "minillama/weights/adapter_kinds.h"

namespace minillama {
namespace {

/// Of the optimizer, all but the learning rate, which each kind of run treats in its way.
Json settings_of(const AdamWOptions& options) {
  const auto& [lr, beta1, beta2, eps, weight_decay, max_grad_norm, variant] = options;
  return {{"beta1", beta1},
          {"beta2", beta2},
          {"eps", options.resolved_eps()},
          {"weight decay", weight_decay},
          {"largest gradient norm of a group", max_grad_norm},
          {"AdamW of cmu2025", variant == AdamWVariant::cmu2025}};
}

void add_with_prefix(std::string_view prefix, const Json& fields, Json& json) {
  for (const auto& [name, value] : fields.items()) json[std::string(prefix) + name] = value;
}

}  // namespace

Json settings_of(const FineTuningOptions& options) {
  const auto& [epochs, patience, batches, optimizer, max_grad_norm, schedule, warmup, precision,
               compatible, save_every_steps, save_every_seconds] = options;
  const auto& [size, max_tokens, by_length, shuffle] = batches;
  Json json = settings_of(optimizer);
  json.update(Json{{"epochs", epochs},
                   {"patience", patience},
                   {"batch size", size},
                   {"tokens in a batch", max_tokens},
                   {"batches by length", by_length},
                   {"shuffle", shuffle},
                   {"learning rate", optimizer.lr},
                   {"largest gradient norm", max_grad_norm},
                   {"schedule", static_cast<int>(schedule)},
                   {"warm-up", warmup},
                   {"dtype", to_string(precision)},
                   {"compatible", compatible}});
  return json;
}

Json settings_of(const PretrainingOptions& options) {
  const auto& [window, batch_size, accumulate, epochs, steps, optimizer, max_grad_norm, schedule,
               warmup_steps, cooldown_steps, floor, seed, precision, record_every, evaluate_every,
               valid_windows, save_every_seconds] = options;
  Json json = settings_of(optimizer);
  json.update(Json{{"window", window},
                   {"windows in a step", batch_size * accumulate},
                   {"largest gradient norm", max_grad_norm},
                   {"seed", seed},
                   {"windows of validation", valid_windows},
                   {"dtype", to_string(precision)}});
  return json;
}

Json settings_of(Classifier model) {
  const auto& [label_names, pooling, sentence_template, dropout] = model->config();
  Json json{{"label names", label_names},
            {"pooling", to_string(pooling)},
            {"template", sentence_template},
            {"dropout", dropout}};
  auto llama = model->llama;
  Json llama_config;
  write_model_config(llama->config(), llama_config);
  add_with_prefix("model's ", llama_config, json);
  // The fields of kinds that no adapter is of are null, so that a run with one differs.
  const auto adapters = adapters_of(llama);
  const auto active = adapters.find(active_adapter(llama));
  for (const auto* kind : adapter_kinds()) {
    Json fields = kind->to_json(kind->defaults());
    for (auto& field : fields) field = nullptr;
    if (active != adapters.end() && active->second.kind() == kind->name) {
      fields = kind->to_json(active->second);
    }
    add_with_prefix(fmt::format("{} ", kind->name), fields, json);
  }
  return json;
}

}  // namespace minillama
