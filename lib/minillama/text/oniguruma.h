#pragma once

// Not part of the public interface.

#include <filesystem>
#include <string>
#include <string_view>

namespace minillama {

/// A regular expression of Oniguruma's (its syntax "Ruby", of Unicode 16), as the tokenizers of
/// Hugging Face have them, written for PCRE2. The two differ in what they call white space, in the
/// characters that they know and in some escapes. Throws FileError naming what it cannot say
/// exactly: among others word characters, names of scripts, named groups and classes within
/// classes.
std::string pcre2_pattern(std::string_view pattern, const std::filesystem::path& path);

}  // namespace minillama
