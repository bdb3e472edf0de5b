#include "minillama/nn/precision.h"

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/torch_compat.h"
#include "minillama/kernels/dispatch.h"

namespace minillama {
namespace {

thread_local Precision current = Precision::float32;

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
    : before_(current), on_cuda_(device.is_cuda() && precision == Precision::bfloat16) {
  if (on_cuda_) {
    set_cuda_autocast(true);
    return;
  }
  if (precision == Precision::bfloat16 && !kernels::has_bfloat16_products()) {
    throw OptionError("dtype is bf16, but this processor has no instructions for it (avx512_bf16)");
  }
  current = precision;
}

PrecisionScope::~PrecisionScope() {
  if (on_cuda_) set_cuda_autocast(false);
  current = before_;
}

Precision cpu_precision() {
  return current;
}

}  // namespace minillama
