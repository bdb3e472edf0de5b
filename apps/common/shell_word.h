#pragma once

#include <string>

namespace minillama::app {

/// `text` as a shell reads it as one word: as it stands, or in single quotation marks.
std::string shell_word(const std::string& text);

/// In single quotation marks in any case.
std::string shell_quoted(const std::string& text);

}  // namespace minillama::app
