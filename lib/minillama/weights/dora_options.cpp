#include "minillama/weights/dora_options.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/weights/adapter_kinds.h"
#include "minillama/weights/lora_json.h"

namespace minillama {
namespace {

AdapterOptions defaults() {
  return DoraOptions();
}

Json to_json(const AdapterOptions& any) {
  return lora_to_json(*any.as<DoraOptions>());
}

AdapterOptions read(const Json& json, const std::filesystem::path& path) {
  return DoraOptions{read_lora(json, path)};
}

Json to_peft(const AdapterOptions& any, PeftLinears linears) {
  Json json = lora_to_peft(*any.as<DoraOptions>(), linears);
  json["use_dora"] = true;
  return json;
}

AdapterOptions read_peft(const Json& json, PeftLinears linears, const std::filesystem::path& path) {
  Json of_lora = json;
  of_lora["use_dora"] = false;
  return DoraOptions{read_peft_lora(of_lora, linears, path)};
}

}  // namespace

std::vector<AdapterTensor> DoraOptions::tensors(std::string_view linear) const {
  auto tensors = LoraOptions::tensors(linear);
  tensors.push_back({.name = "lora_magnitude_vector",
                     .peft_name = "lora_magnitude_vector",
                     .shape = {kMatrixRows}});
  return tensors;
}

void DoraOptions::validate() const {
  LoraOptions::validate();
  if (init == LoraInit::normal) return;
  throw OptionError(
      fmt::format("dora: init is {}, must be {}", to_string(init), to_string(LoraInit::normal)));
}

void DoraOptions::merge(std::string_view linear, const AdapterFloats& floats,
                        const DenseMatrix& matrix) const {
  const auto term = low_rank(linear, floats);
  const float* lengths = floats("lora_magnitude_vector");
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    float* row = matrix.weight + i * matrix.cols;
    for (std::size_t k = 0; k < term.rank; ++k) {
      const float factor = term.scale * term.b[i * term.rank + k];
      for (std::size_t j = 0; j < matrix.cols; ++j) row[j] += factor * term.a[k * matrix.cols + j];
    }
    double squares = 0;
    for (std::size_t j = 0; j < matrix.cols; ++j) squares += static_cast<double>(row[j]) * row[j];
    // A row of zeros has no direction, and stays.
    const double length = std::sqrt(std::max(squares, std::numeric_limits<double>::min()));
    const auto factor = static_cast<float>(lengths[i] / length);
    for (std::size_t j = 0; j < matrix.cols; ++j) row[j] *= factor;
  }
}

constinit const AdapterKind kDora = {.name = DoraOptions::kKind,
                                     .defaults = defaults,
                                     .to_json = to_json,
                                     .read = read,
                                     .peft_type = "LORA",
                                     .peft_flag = "use_dora",
                                     .to_peft = to_peft,
                                     .read_peft = read_peft};

}  // namespace minillama
