#include "minillama/train/pretraining_record.h"

#include "minillama/core/json.h"
#include "minillama/io/atomic_file.h"

namespace minillama {

std::string to_json_line(const PretrainingRecord& record) {
  Json json{{"step", record.step},
            {"tokens", record.tokens},
            {"epoch", number_to_json(record.epoch)},
            {"learning_rate", number_to_json(record.learning_rate)},
            {"train_loss", number_to_json(record.train_loss)},
            {"grad_norm", number_to_json(record.grad_norm)},
            {"tokens_per_second", number_to_json(record.tokens_per_second)},
            {"seconds", number_to_json(record.seconds)}};
  if (record.valid) {
    json["valid_loss"] = number_to_json(record.valid->loss);
    json["valid_perplexity"] = number_to_json(record.valid->perplexity);
    json["valid_bits_per_byte"] = number_to_json(record.valid->bits_per_byte);
  }
  return json.dump();
}

PretrainingRecord pretraining_record_from_json(const std::string& line,
                                               const std::filesystem::path& path) {
  const Json json = parse_json(line, path);
  const JsonObject fields(json, path);
  PretrainingRecord record{.step = fields.integer("step"),
                           .tokens = fields.integer("tokens"),
                           .epoch = fields.any_number("epoch"),
                           .learning_rate = fields.any_number("learning_rate"),
                           .train_loss = fields.any_number("train_loss"),
                           .grad_norm = fields.any_number("grad_norm"),
                           .tokens_per_second = fields.any_number("tokens_per_second"),
                           .seconds = fields.any_number("seconds")};
  if (fields.has("valid_loss")) {
    record.valid = {.loss = fields.any_number("valid_loss"),
                    .perplexity = fields.any_number("valid_perplexity"),
                    .bits_per_byte = fields.any_number("valid_bits_per_byte")};
  }
  return record;
}

void write_records(const std::filesystem::path& path, std::span<const PretrainingRecord> records) {
  std::string lines;
  for (const auto& record : records) lines += to_json_line(record) + "\n";
  write_file(path, lines);
}

}  // namespace minillama
