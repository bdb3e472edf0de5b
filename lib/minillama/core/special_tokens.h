#pragma once

#include <cstdint>
#include <vector>

namespace minillama {

/// What a model's files say about the tokens around a text. Where they say nothing, BOS stands in
/// front, and EOS ends a text.
struct SpecialTokens {
  bool add_bos = true;                      ///< BOS, where there is one, is put in front of a text
  std::vector<std::int64_t> stop_ids = {};  ///< tokens besides BOS and EOS that end a text

  bool operator==(const SpecialTokens&) const = default;
};

}  // namespace minillama
