#include "minillama/train/pretraining_progress.h"

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"

namespace minillama {

std::string PretrainingProgress::to_json() const {
  std::vector<std::string> lines;
  for (const auto& record : records) lines.push_back(to_json_line(record));
  const Json json{{"steps", steps},
                  {"seconds", seconds},
                  {"loss_sum", number_to_json(loss_sum)},
                  {"loss_count", loss_count},
                  {"loss_seconds", loss_seconds},
                  {"learning_rate", number_to_json(learning_rate)},
                  {"grad_norm", number_to_json(grad_norm)},
                  {"records", lines}};
  return json.dump();
}

PretrainingProgress PretrainingProgress::from_json(const std::string& text,
                                                   const std::filesystem::path& path) {
  const Json json = parse_json(text, path);
  const JsonObject fields(json, path);
  PretrainingProgress progress{.steps = fields.integer("steps"),
                               .seconds = fields.number("seconds"),
                               .loss_sum = fields.any_number("loss_sum"),
                               .loss_count = fields.integer("loss_count"),
                               .loss_seconds = fields.number("loss_seconds"),
                               .learning_rate = fields.any_number("learning_rate"),
                               .grad_norm = fields.any_number("grad_norm")};
  for (const auto& line : fields.strings("records")) {
    progress.records.push_back(pretraining_record_from_json(line, path));
  }
  if (progress.steps < 0) {
    throw FileError(path, fmt::format("its run has done {} steps", progress.steps));
  }
  return progress;
}

}  // namespace minillama
