#include "common/pretraining_report.h"

#include <algorithm>

namespace minillama::app {

void add_pretraining(std::span<const PretrainingRecord> records, RunReport& report) {
  RunCurve train{"loss", "train", "step", {}}, valid{"loss", "valid", "step", {}};
  RunCurve bits{"bits per byte", "valid", "step", {}};
  RunCurve learning_rate{"learning rate", "", "step", {}}, speed{"tokens/s", "", "step", {}};
  for (const auto& record : records) {
    const auto step = static_cast<double>(record.step);
    train.points.push_back({step, record.train_loss});
    learning_rate.points.push_back({step, record.learning_rate});
    speed.points.push_back({step, record.tokens_per_second});
    if (!record.valid) continue;
    valid.points.push_back({step, record.valid->loss});
    bits.points.push_back({step, record.valid->bits_per_byte});
  }
  auto& figures = report.summary.figures;
  if (!bits.points.empty()) {
    const auto by_y = [](const Point& point) { return point.y; };
    figures.push_back({"best valid loss", std::ranges::min(valid.points, {}, by_y).y});
    figures.push_back({"best valid bits per byte", std::ranges::min(bits.points, {}, by_y).y});
  }
  if (!records.empty()) {
    const auto& last = records.back();
    figures.push_back({"steps", static_cast<double>(last.step)});
    figures.push_back({"tokens", static_cast<double>(last.tokens)});
    figures.push_back({"epochs", last.epoch});
    figures.push_back({"seconds of training", last.seconds});
  }
  report.summary.curves = {std::move(train), std::move(valid), std::move(bits),
                           std::move(learning_rate), std::move(speed)};
}

}  // namespace minillama::app
