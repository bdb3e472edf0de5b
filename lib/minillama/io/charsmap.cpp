#include "minillama/io/charsmap.h"

#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"
#include "minillama/io/byte_reader.h"

namespace minillama {
namespace {

/// libsentencepiece has room for this many matches at one place of the text.
constexpr int kMaxMatches = 32;
/// The longest replacement of Unicode's own normalizations has 33 bytes.
constexpr std::size_t kMaxReplacement = 1024;

/// One number of the double array.
struct Unit {
  std::uint32_t bits = 0;

  std::uint32_t label() const { return bits & (1U << 31 | 0xFF); }
  std::uint32_t offset() const { return bits >> 10 << ((bits & 1U << 9) >> 6); }
  bool has_leaf() const { return (bits >> 8 & 1) != 0; }
  std::uint32_t value() const { return bits & 0x7FFFFFFF; }
};

/// Visits every state that some text can lead to.
class TrieWalk {
 public:
  TrieWalk(Bytes trie, std::string_view replacements, const std::filesystem::path& path)
      : replacements_(replacements), path_(path), units_(trie.size() / sizeof(Unit)) {
    if (units_.empty()) fail("its trie is empty");
    std::memcpy(units_.data(), trie.data(), trie.size());
    most_matches_.resize(units_.size(), -1);
  }

  void run() {
    visit(units_[0].offset(), 0);
    while (!open_.empty()) {
      const std::uint32_t state = open_.back();
      open_.pop_back();
      for (std::uint32_t byte = 0; byte < 256; ++byte) {
        const std::uint32_t position = state ^ byte;
        const Unit unit = units_[position];
        if (unit.label() != byte) continue;
        const std::uint32_t next = position ^ unit.offset();
        visit(next, most_matches_[state] + (unit.has_leaf() ? 1 : 0));
        if (unit.has_leaf()) check_value(units_[next].value());
      }
    }
  }

 private:
  /// Takes note of a way to `state`. States may be shared, and a broken trie may lead back to one;
  /// a way is followed again only if it has more matches, so that this ends.
  void visit(std::uint32_t state, int matches) {
    // Any byte may follow.
    if ((state | 0xFFU) >= units_.size()) fail("its trie leads outside of itself");
    if (matches > kMaxMatches) fail("its trie has too many rules that begin alike");
    if (matches <= most_matches_[state]) return;
    most_matches_[state] = matches;
    open_.push_back(state);
  }

  void check_value(std::uint32_t position) const {
    if (position >= replacements_.size()) fail("a replacement lies outside of it");
    const std::string_view rest = replacements_.substr(position, kMaxReplacement + 1);
    const std::size_t length = rest.find('\0');
    if (length == std::string_view::npos) fail("a replacement does not end");
    if (utf8_valid_prefix(rest.substr(0, length)) != length) fail("a replacement is not UTF-8");
  }

  [[noreturn]] void fail(std::string_view problem) const {
    throw FileError(path_, fmt::format("the charsmap is broken: {}", problem));
  }

  std::string_view replacements_;
  const std::filesystem::path& path_;
  std::vector<Unit> units_;
  std::vector<int> most_matches_;    // on a way to each state; -1: none known
  std::vector<std::uint32_t> open_;  // states whose successors are to be visited
};

}  // namespace

void check_charsmap(std::string_view charsmap, const std::filesystem::path& path) {
  if (charsmap.empty()) return;
  ByteReader reader(as_bytes(charsmap), path);
  const auto trie_size = reader.read<std::uint32_t>();
  if (trie_size % sizeof(Unit) != 0) reader.fail("a charsmap's trie is no multiple of 4 bytes");
  const Bytes trie = reader.take(trie_size);
  TrieWalk(trie, as_text(reader.take(reader.remaining())), path).run();
}

}  // namespace minillama
