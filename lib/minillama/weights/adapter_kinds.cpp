#include "minillama/weights/adapter_kinds.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"
#include "minillama/weights/bitfit_options.h"
#include "minillama/weights/bottleneck_options.h"
#include "minillama/weights/dora_options.h"
#include "minillama/weights/ia3_options.h"
#include "minillama/weights/lora_options.h"
#include "minillama/weights/prefix_options.h"

namespace minillama {
namespace {

constexpr const AdapterKind* kKinds[] = {
    &kLora, &kDora, &kIa3, &kBitfit, &kBottleneck, &kPrefix,
};

/// The kind that PEFT's fields speak of; null if there is none.
const AdapterKind* find_peft_kind(const Json& json, const std::string& type) {
  const AdapterKind* plain = nullptr;
  for (const auto* kind : kKinds) {
    if (kind->peft_type != type) continue;
    if (kind->peft_flag.empty()) {
      plain = kind;
    } else if (const auto flag = json.find(kind->peft_flag); flag != json.end() && *flag == true) {
      return kind;
    }
  }
  return plain;
}

}  // namespace

std::span<const AdapterKind* const> adapter_kinds() {
  return kKinds;
}

const AdapterKind* find_adapter_kind(std::string_view name) {
  const auto* const found = std::ranges::find(kKinds, name, &AdapterKind::name);
  return found == std::end(kKinds) ? nullptr : *found;
}

const AdapterKind& kind_of(const AdapterOptions& options) {
  const auto* kind = find_adapter_kind(options.kind());
  if (kind == nullptr) {
    throw OptionError(
        fmt::format("adapters of the kind {} cannot be stored", quote(options.kind())));
  }
  return *kind;
}

AdapterOptions read_peft_config(const Json& json, const std::filesystem::path& path,
                                PeftLinears linears) {
  const auto type = JsonObject(json, path).string("peft_type");
  if (const auto* kind = find_peft_kind(json, type)) return kind->read_peft(json, linears, path);
  std::set<std::string> known;
  for (const auto* kind : kKinds) known.insert(fmt::format("\"{}\"", kind->peft_type));
  throw FileError(path, fmt::format("field \"peft_type\" is {}, must be {}", quote(type),
                                    fmt::join(known, " or ")));
}

}  // namespace minillama
