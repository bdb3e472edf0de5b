#pragma once

#include <filesystem>
#include <string_view>

namespace minillama {

/// Throws FileError unless libsentencepiece can normalize with this precompiled charsmap without
/// reading outside of it. Empty is fine: nothing is normalized.
///
/// A charsmap is a uint32, the trie's size in bytes; the trie, which maps strings to positions; and
/// a block of replacements, each at its position and ended by NUL. The trie is a double array of
/// Darts-clone (https://github.com/s-yata/darts-clone): from a state `s`, byte `c` leads to unit
/// `s ^ c` if that unit's label is `c`; the next state is `s ^ c ^ offset`.
void check_charsmap(std::string_view charsmap, const std::filesystem::path& path);

}  // namespace minillama
