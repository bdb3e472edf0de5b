#pragma once

// Not part of the public interface.

#include <cstdint>
#include <span>
#include <vector>

namespace minillama {

/// The code points from first to last.
struct CodePointRange {
  std::uint32_t first;
  std::uint32_t last;

  bool operator==(const CodePointRange&) const = default;
};

/// A set of Unicode's characters: code points without surrogates.
class CharacterSet {
 public:
  CharacterSet() = default;
  CharacterSet(std::initializer_list<CodePointRange> ranges);

  static CharacterSet all();

  void add(CodePointRange range);
  void add(const CharacterSet& other);
  CharacterSet complement() const;
  CharacterSet without(const CharacterSet& other) const;

  bool empty() const { return ranges_.empty(); }
  bool contains(std::uint32_t code_point) const;
  /// In ascending order, with others between them.
  std::span<const CodePointRange> ranges() const { return ranges_; }

 private:
  std::vector<CodePointRange> ranges_;
};

}  // namespace minillama
