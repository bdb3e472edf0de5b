#pragma once

// Not part of the public interface.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace minillama {

/// Ids by text. What it was made of must outlive it.
class PieceIds {
 public:
  explicit PieceIds(std::span<const std::string> pieces) : ids_(pieces.size()) {
    std::int32_t id = 0;
    for (const auto& piece : pieces) ids_.emplace(piece, id++);
  }

  /// -1 if there is no such piece.
  std::int32_t find(std::string_view text) const {
    const auto found = ids_.find(text);
    return found == ids_.end() ? -1 : found->second;
  }

  /// Takes a piece out that is there.
  void remove(std::string_view text) { ids_.erase(text); }

 private:
  std::unordered_map<std::string_view, std::int32_t> ids_;
};

}  // namespace minillama
