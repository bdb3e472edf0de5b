#pragma once

#include <string>

namespace minillama::app {

/// Goes on as another program of the project, with the same arguments: one that links LibTorch
/// where this one does not. It lies beside this one, or in ../libexec/minillama where they are
/// installed. Its messages name the program as it was called. Throws OptionError if it is not
/// there.
[[noreturn]] void become_sibling(const std::string& name, char** argv);

}  // namespace minillama::app
