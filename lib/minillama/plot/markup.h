#pragma once

// Not part of the public interface: text within XML and HTML.

#include <string>
#include <string_view>

namespace minillama {

/// `text` as the content of an element or of an attribute in quotation marks, which shows it as it
/// stands: the five characters that mean something there are escaped; what XML has no place for,
/// control characters and bytes that are no UTF-8, becomes U+FFFD.
std::string escape_markup(std::string_view text);

}  // namespace minillama
