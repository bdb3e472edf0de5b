#include "minillama/adapters/make_adapter.h"

#include <fmt/format.h>

#include "minillama/adapters/bitfit.h"
#include "minillama/adapters/bottleneck.h"
#include "minillama/adapters/dora.h"
#include "minillama/adapters/ia3.h"
#include "minillama/adapters/lora.h"
#include "minillama/adapters/prefix.h"
#include "minillama/core/error.h"

namespace minillama {
namespace {

/// Makes an adapter, or null if the options are another kind's.
using MakeAdapter = std::shared_ptr<Adapter> (*)(const torch::Tensor& weight,
                                                 const AdapterOptions& options,
                                                 const torch::Generator& generator,
                                                 std::string_view linear);

template <typename Module, typename Options>
std::shared_ptr<Adapter> make(const torch::Tensor& weight, const AdapterOptions& options,
                              const torch::Generator& generator, std::string_view linear) {
  const auto* own = options.as<Options>();
  return own == nullptr ? nullptr : std::make_shared<Module>(weight, *own, generator, linear);
}

constexpr MakeAdapter kAdapters[] = {
    make<LoraImpl, LoraOptions>,
    make<DoraImpl, DoraOptions>,
    make<Ia3Impl, Ia3Options>,
    make<BitfitImpl, BitfitOptions>,
    make<BottleneckImpl, BottleneckOptions>,
    make<PrefixImpl, PrefixOptions>,
};

}  // namespace

std::shared_ptr<Adapter> make_adapter(const torch::Tensor& weight, const AdapterOptions& options,
                                      const torch::Generator& generator, std::string_view linear) {
  for (const auto make_one : kAdapters) {
    if (auto adapter = make_one(weight, options, generator, linear)) return adapter;
  }
  throw OptionError(
      fmt::format("there is no module for adapters of the kind {}", quote(options.kind())));
}

}  // namespace minillama
