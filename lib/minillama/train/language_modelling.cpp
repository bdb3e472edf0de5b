#include "minillama/train/language_modelling.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "minillama/core/check.h"
#include "minillama/core/device.h"
#include "minillama/nn/mode_scope.h"
#include "minillama/ops/linear_cross_entropy.h"

namespace minillama {
namespace {

/// Tokens that are measured at once.
constexpr std::int64_t kBatchTokens = 4096;

}  // namespace

torch::Tensor language_modelling_loss(LanguageModel& model, const torch::Tensor& rows,
                                      std::int64_t divisor) {
  require_module(model, "the language model");
  require(divisor >= 1, "divisor", divisor, "be at least 1");
  require_shape(rows, "rows", {kAny, kAny});
  if (rows.size(0) < 1 || rows.size(1) < 2) {
    throw OptionError(fmt::format("rows are {}: no token to predict", describe(rows)));
  }
  require_ids(rows, "rows", 0, model->config().vocab_size);
  const auto ids = rows.to(model->llama->device());
  const auto length = ids.size(1) - 1;
  const auto hidden = model->llama(ids.narrow(1, 0, length)).flatten(0, 1);
  return linear_cross_entropy(hidden, model->output_weight(),
                              ids.narrow(1, 1, length).reshape(-1)) /
         divisor;
}

LanguageModelFigures evaluate_language_model(LanguageModel& model, const TokenFile& ids,
                                             std::int64_t window, std::int64_t max_windows) {
  require_module(model, "the language model");
  require(max_windows >= 0, "max_windows", max_windows, "not be negative");
  const SerialLibTorch serial;
  const torch::NoGradGuard no_grad;
  const Windows windows(ids, window);
  const auto count = max_windows == 0 ? windows.size() : std::min(max_windows, windows.size());
  const ModeScope evaluating(*model, Mode::evaluation);
  double sum = 0;
  std::vector<std::int64_t> numbers(
      static_cast<std::size_t>(std::max<std::int64_t>(kBatchTokens / window, 1)));
  for (std::int64_t begin = 0; begin < count; begin += std::ssize(numbers)) {
    std::iota(numbers.begin(), numbers.end(), begin);
    const auto size = std::min(std::ssize(numbers), count - begin);
    const auto rows = windows.rows(std::span(numbers).first(static_cast<std::size_t>(size)));
    sum += language_modelling_loss(model, rows, 1).item<double>();
  }
  const double loss = sum / static_cast<double>(count * window);
  const double tokens_per_byte =
      static_cast<double>(ids.size()) / static_cast<double>(ids.source().text_size);
  return {.loss = loss,
          .perplexity = std::exp(loss),
          .bits_per_byte = loss / std::numbers::ln2 * tokens_per_byte};
}

}  // namespace minillama
