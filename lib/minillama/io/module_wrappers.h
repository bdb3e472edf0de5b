#pragma once

// Not part of the public interface.

#include <array>
#include <string_view>

namespace minillama {

/// The name of a parameter without those of the modules that wrapped the model when it was saved,
/// in any order: "_orig_mod." (torch.compile), "module." (DataParallel and
/// DistributedDataParallel), "_fsdp_wrapped_module.".
constexpr std::string_view without_wrappers(std::string_view name) {
  constexpr std::array<std::string_view, 3> kWrappers = {"_orig_mod.", "module.",
                                                         "_fsdp_wrapped_module."};
  for (bool removed = true; removed;) {
    removed = false;
    for (const auto wrapper : kWrappers) {
      if (!name.starts_with(wrapper)) continue;
      name.remove_prefix(wrapper.size());
      removed = true;
    }
  }
  return name;
}

}  // namespace minillama
