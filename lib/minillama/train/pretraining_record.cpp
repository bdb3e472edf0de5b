#include "minillama/train/pretraining_record.h"

#include "minillama/core/json.h"
#include "minillama/io/atomic_file.h"

namespace minillama {

std::string to_json_line(const PretrainingRecord& record) {
  Json json{{"step", record.step},
            {"tokens", record.tokens},
            {"epoch", record.epoch},
            {"learning_rate", record.learning_rate},
            {"train_loss", record.train_loss},
            {"grad_norm", record.grad_norm},
            {"tokens_per_second", record.tokens_per_second},
            {"seconds", record.seconds}};
  if (record.valid) {
    json["valid_loss"] = record.valid->loss;
    json["valid_perplexity"] = record.valid->perplexity;
    json["valid_bits_per_byte"] = record.valid->bits_per_byte;
  }
  return json.dump();
}

PretrainingRecord pretraining_record_from_json(const std::string& line,
                                               const std::filesystem::path& path) {
  const Json json = parse_json(line, path);
  const JsonObject fields(json, path);
  PretrainingRecord record{.step = fields.integer("step"),
                           .tokens = fields.integer("tokens"),
                           .epoch = fields.number("epoch"),
                           .learning_rate = fields.number("learning_rate"),
                           .train_loss = fields.number("train_loss"),
                           .grad_norm = fields.number("grad_norm"),
                           .tokens_per_second = fields.number("tokens_per_second"),
                           .seconds = fields.number("seconds")};
  if (fields.has("valid_loss")) {
    record.valid = {.loss = fields.number("valid_loss"),
                    .perplexity = fields.number("valid_perplexity"),
                    .bits_per_byte = fields.number("valid_bits_per_byte")};
  }
  return record;
}

void write_records(const std::filesystem::path& path, std::span<const PretrainingRecord> records) {
  std::string lines;
  for (const auto& record : records) lines += to_json_line(record) + "\n";
  write_file(path, lines);
}

}  // namespace minillama
