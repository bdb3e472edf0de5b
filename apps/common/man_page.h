#pragma once

#include <string>

#include "common/option_list.h"

namespace minillama::app {

/// The program's page for man(1), in the macros of man(7).
std::string man_page(const OptionList& list, const std::string& version);

}  // namespace minillama::app
