#include "minillama/weights/linear_names.h"

namespace minillama {

bool names_linear(std::string_view name, std::string_view full_name) {
  if (!full_name.ends_with(name)) return false;
  full_name.remove_suffix(name.size());
  return full_name.empty() || full_name.ends_with('.');
}

}  // namespace minillama
