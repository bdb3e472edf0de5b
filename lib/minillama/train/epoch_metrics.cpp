#include "minillama/train/epoch_metrics.h"

#include "minillama/core/json.h"
#include "minillama/io/atomic_file.h"

namespace minillama {

std::string to_json_line(const EpochMetrics& metrics) {
  const Json json{{"epoch", metrics.epoch},
                  {"train_loss", metrics.train_loss},
                  {"dev_loss", metrics.dev_loss},
                  {"dev_accuracy", metrics.dev_accuracy},
                  {"dev_macro_f1", metrics.dev_macro_f1},
                  {"tokens_per_second", metrics.tokens_per_second},
                  {"seconds", metrics.seconds}};
  return json.dump();
}

EpochMetrics epoch_metrics_from_json(const std::string& line, const std::filesystem::path& path) {
  const Json json = parse_json(line, path);
  const JsonObject fields(json, path);
  return {.epoch = fields.integer("epoch"),
          .train_loss = fields.number("train_loss"),
          .dev_loss = fields.number("dev_loss"),
          .dev_accuracy = fields.number("dev_accuracy"),
          .dev_macro_f1 = fields.number("dev_macro_f1"),
          .tokens_per_second = fields.number("tokens_per_second"),
          .seconds = fields.number("seconds")};
}

void write_metrics(const std::filesystem::path& path, std::span<const EpochMetrics> epochs) {
  std::string lines;
  for (const auto& metrics : epochs) lines += to_json_line(metrics) + "\n";
  write_file(path, lines);
}

}  // namespace minillama
