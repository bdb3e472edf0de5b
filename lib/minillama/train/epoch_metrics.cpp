#include "minillama/train/epoch_metrics.h"

#include "minillama/core/json.h"
#include "minillama/io/atomic_file.h"

namespace minillama {

std::string to_json_line(const EpochMetrics& metrics) {
  const Json json{{"epoch", metrics.epoch},
                  {"train_loss", number_to_json(metrics.train_loss)},
                  {"dev_loss", number_to_json(metrics.dev_loss)},
                  {"dev_accuracy", number_to_json(metrics.dev_accuracy)},
                  {"dev_macro_f1", number_to_json(metrics.dev_macro_f1)},
                  {"tokens_per_second", number_to_json(metrics.tokens_per_second)},
                  {"seconds", number_to_json(metrics.seconds)}};
  return json.dump();
}

EpochMetrics epoch_metrics_from_json(const std::string& line, const std::filesystem::path& path) {
  const Json json = parse_json(line, path);
  const JsonObject fields(json, path);
  return {.epoch = fields.integer("epoch"),
          .train_loss = fields.any_number("train_loss"),
          .dev_loss = fields.any_number("dev_loss"),
          .dev_accuracy = fields.any_number("dev_accuracy"),
          .dev_macro_f1 = fields.any_number("dev_macro_f1"),
          .tokens_per_second = fields.any_number("tokens_per_second"),
          .seconds = fields.any_number("seconds")};
}

void write_metrics(const std::filesystem::path& path, std::span<const EpochMetrics> epochs) {
  std::string lines;
  for (const auto& metrics : epochs) lines += to_json_line(metrics) + "\n";
  write_file(path, lines);
}

}  // namespace minillama
