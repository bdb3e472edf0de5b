#include "minillama/train/fine_tuning_progress.h"

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"

namespace minillama {

namespace {

std::string to_json_line(const StepRecord& record) {
  const Json json{{"epoch", number_to_json(record.epoch)},
                  {"loss", number_to_json(record.loss)},
                  {"learning_rate", number_to_json(record.learning_rate)}};
  return json.dump();
}

StepRecord step_record_from_json(const std::string& line, const std::filesystem::path& path) {
  const Json json = parse_json(line, path);
  const JsonObject fields(json, path);
  return {fields.any_number("epoch"), fields.any_number("loss"),
          fields.any_number("learning_rate")};
}

}  // namespace

std::string FineTuningProgress::to_json() const {
  std::vector<std::string> lines, record_lines;
  for (const auto& epoch : metrics) lines.push_back(minillama::to_json_line(epoch));
  for (const auto& record : records) record_lines.push_back(to_json_line(record));
  const Json json{{"epochs", epochs},
                  {"batches", batches},
                  {"steps", steps},
                  {"loss_sum", number_to_json(loss_sum)},
                  {"examples", examples},
                  {"tokens", tokens},
                  {"seconds", number_to_json(seconds)},
                  {"metrics", lines},
                  {"records", record_lines},
                  {"record_loss", number_to_json(record_loss)},
                  {"record_steps", record_steps},
                  {"best_epoch", best_epoch},
                  {"finished", finished},
                  {"begun", begun}};
  return json.dump();
}

FineTuningProgress FineTuningProgress::from_json(const std::string& text,
                                                 const std::filesystem::path& path) {
  const Json json = parse_json(text, path);
  const JsonObject fields(json, path);
  FineTuningProgress progress{.epochs = fields.integer("epochs"),
                              .batches = fields.integer("batches"),
                              .steps = fields.integer("steps"),
                              .loss_sum = fields.any_number("loss_sum"),
                              .examples = fields.integer("examples"),
                              .tokens = fields.integer("tokens"),
                              .seconds = fields.any_number("seconds"),
                              .best_epoch = fields.integer("best_epoch"),
                              .finished = fields.boolean("finished"),
                              .begun = fields.has("begun") ? fields.integer("begun") : 0};
  for (const auto& line : fields.strings("metrics")) {
    progress.metrics.push_back(epoch_metrics_from_json(line, path));
  }
  if (fields.has("records")) {  // which earlier versions did not keep
    progress.record_loss = fields.any_number("record_loss");
    progress.record_steps = fields.integer("record_steps");
    for (const auto& line : fields.strings("records")) {
      progress.records.push_back(step_record_from_json(line, path));
    }
  }
  if (progress.begun < 0 || progress.begun > progress.epochs) {
    throw FileError(path,
                    fmt::format("it was prolonged after {} of {} epochs: no run comes to that",
                                progress.begun, progress.epochs));
  }
  if (progress.batches < 0 || progress.best_epoch < 0 ||
      progress.best_epoch > std::ssize(progress.metrics)) {
    throw FileError(path,
                    fmt::format("its best epoch is {} of {}, with {} batches of the next: no "
                                "run comes to that",
                                progress.best_epoch, progress.metrics.size(), progress.batches));
  }
  return progress;
}

}  // namespace minillama
