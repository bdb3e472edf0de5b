#pragma once

// Not part of the public interface.

#include <cstdint>
#include <span>
#include <string_view>

namespace minillama {

/// Characters of one general category of Unicode, as "Lo".
struct UnicodeRange {
  std::uint32_t first;
  std::uint32_t last;
  std::string_view category;
};

/// The characters that Unicode 15 and 16 added to 14, in increasing order. PCRE2 before 10.43 does
/// not know them; the patterns of tokenizers mean them too.
std::span<const UnicodeRange> unicode_additions();

}  // namespace minillama
