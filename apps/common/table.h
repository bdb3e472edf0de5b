#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace minillama::app {

// Text in columns. Characters of UTF-8 are each taken to be one column wide.

using Row = std::vector<std::string>;

/// The columns that `text` takes.
std::size_t width(std::string_view text);

/// `text` if it has so many columns, else its beginning with "…" at the end, in as many. `most` is
/// at least 1.
std::string shortened(const std::string& text, std::size_t most);

/// The rows as lines, in columns as wide as they have to be, two spaces apart: the first one to the
/// left, the others to the right. All rows have as many cells as the first.
std::string aligned(const std::vector<Row>& rows);

}  // namespace minillama::app
