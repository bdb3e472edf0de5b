#include "minillama/ops/precision.h"

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/kernels/dispatch.h"

namespace minillama {
namespace {

/// Of products on the CPU, or on whatever else there is.
Precision& current(bool on_cpu) {
  thread_local Precision cpu = Precision::float32;
  thread_local Precision others = Precision::float32;
  return on_cpu ? cpu : others;
}

}  // namespace

std::string_view to_string(Precision precision) {
  return precision == Precision::float32 ? "f32" : "bf16";
}

Precision precision_named(std::string_view text) {
  if (text == "f32") return Precision::float32;
  if (text == "bf16") return Precision::bfloat16;
  throw OptionError(fmt::format("dtype is {}, must be f32 or bf16", quote(text)));
}

PrecisionScope::PrecisionScope(Precision precision, torch::Device device)
    : before_(precision_on(device)), on_cpu_(device.is_cpu()) {
  if (on_cpu_ && precision == Precision::bfloat16 && !kernels::has_bfloat16_products()) {
    throw OptionError("dtype is bf16, but this processor has no instructions for it (avx512_bf16)");
  }
  current(on_cpu_) = precision;
}

PrecisionScope::~PrecisionScope() {
  current(on_cpu_) = before_;
}

Precision precision_on(torch::Device device) {
  return current(device.is_cpu());
}

}  // namespace minillama
