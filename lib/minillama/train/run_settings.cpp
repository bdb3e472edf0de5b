#include "minillama/train/run_settings.h"

#include <cstddef>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/crc32.h"
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

/// As a user would write it: 16.0 is what was given as 16.
std::string text_of(const Json& value) {
  return value.is_number_float() ? fmt::format("{:g}", value.get<double>())
                                 : printable(value.dump());
}

/// The settings of a state. In earlier ones a schedule has a number in place of its name, ties in
/// fine-tuning were not broken by loss, and there were fewer kinds of adapters.
Json read_settings(const std::string& text, const std::filesystem::path& path) {
  Json settings = parse_json(text, path);
  if (!settings.is_object()) throw FileError(path, "its settings are no JSON object");
  const auto schedule = settings.find("schedule");
  if (schedule != settings.end() && schedule->is_number_unsigned() &&
      *schedule <= static_cast<int>(ScheduleShape::trapezoid)) {
    *schedule = to_string(schedule->get<ScheduleShape>());
  }
  if (settings.contains("patience")) settings.emplace("ties by loss", false);
  if (!settings.contains("ia3 targets")) return settings;
  for (const auto* kind : adapter_kinds()) {
    const Json fields = kind->to_json(kind->defaults());
    for (const auto& [field, unused] : fields.items()) {
      settings.emplace(fmt::format("{} {}", kind->name, field), nullptr);
    }
  }
  return settings;
}

}  // namespace

Json settings_of(const FineTuningOptions& options) {
  const auto& [epochs, patience, ties_by_loss, batches, optimizer, max_grad_norm, schedule, warmup,
               average_decay, learning_rates, mixout, precision, compatible, save_every_steps,
               save_every_seconds] = options;
  const auto& [lora_plus, layer_decay] = learning_rates;
  const auto& [size, max_tokens, by_length, shuffle] = batches;
  Json json = settings_of(optimizer);
  json.update(Json{{"epochs", epochs},
                   {"patience", patience},
                   {"ties by loss", ties_by_loss},
                   {"batch size", size},
                   {"tokens in a batch", max_tokens},
                   {"batches by length", by_length},
                   {"shuffle", shuffle},
                   {"learning rate", optimizer.lr},
                   {"largest gradient norm", max_grad_norm},
                   {"schedule", to_string(schedule)},
                   {"warm-up", warmup},
                   {"decay of averaged weights", average_decay},
                   {"LoRA+ ratio", lora_plus},
                   {"layer decay", layer_decay},
                   {"mixout", mixout},
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

Json settings_of(const ModelConfig& config) {
  // write_model_config() writes all of them but multiple_of, which the default of hidden_dim was
  // made with.
  [[maybe_unused]] const auto& [dim, n_layers, n_heads, n_kv_heads, head_dim, hidden_dim,
                                multiple_of, vocab_size, max_seq_len, norm_eps, rope_theta,
                                rope_scaling, positions, rotary_share, dropout, norm, attention,
                                tied_embeddings, qkv_bias, output_bias, qk_norm] = config;
  Json json;
  write_model_config(config, json);
  return json;
}

Json settings_of(Classifier model) {
  // The temperature is found when a run has ended.
  [[maybe_unused]] const auto& [label_names, pooling, sentence_template, dropout, pad_id,
                                temperature] = model->config();
  Json json{{"label names", label_names},
            {"pooling", to_string(pooling)},
            {"template", sentence_template},
            {"dropout", dropout},
            {"pad id", pad_id}};
  auto llama = model->llama;
  add_with_prefix("model's ", settings_of(llama->config()), json);
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

std::uint32_t checksum(const NamedTensors& tensors) {
  std::uint32_t sum = 0;
  for (const auto& [unused, tensor] : tensors) {
    const auto values = tensor.detach().cpu().contiguous();
    sum = sum * 31 + crc32({static_cast<const std::byte*>(values.data_ptr()), values.nbytes()});
  }
  return sum;
}

std::uint32_t checksum(const Examples& examples) {
  TokenIds all = examples.labels;
  all.push_back(examples.pad_id);
  for (const auto& ids : examples.ids) {
    all.push_back(std::ssize(ids));  // the same tokens may form other sentences
    all.insert(all.end(), ids.begin(), ids.end());
  }
  const auto sum = crc32(std::as_bytes(std::span(all)));
  auto with_targets = crc32(std::as_bytes(std::span(examples.weights)), sum);
  for (const auto& target : examples.targets) {
    with_targets = crc32(std::as_bytes(std::span(target)), with_targets);
  }
  return with_targets;
}

void require_same_settings(const std::string& now, const std::string& started,
                           const std::filesystem::path& path, std::string_view may_differ) {
  const Json settings = Json::parse(now);
  const Json before = read_settings(started, path);
  for (const auto& [name, value] : settings.items()) {
    if (!before.contains(name)) {
      throw FileError(path,
                      fmt::format("does not say with which {} it was started: it is of another "
                                  "version of this program",
                                  name));
    }
    if (before.at(name) == value || name == may_differ) continue;
    throw OptionError(fmt::format("the run in {} was started with another {}: {}, now {}",
                                  quote(path.native(), 400), name, text_of(before.at(name)),
                                  text_of(value)));
  }
  for (const auto& [name, unused] : before.items()) {
    if (settings.contains(name)) continue;
    throw FileError(path, fmt::format("was started with a setting {} that is unknown here: it is "
                                      "of another version of this program",
                                      quote(name)));
  }
}

}  // namespace minillama
