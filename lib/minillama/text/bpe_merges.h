#pragma once

// Not part of the public interface.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "minillama/io/bpe_record.h"

namespace minillama {

/// Merging by byte pairs (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909): of all
/// neighbours that may be merged those of the lowest rank are, the leftmost first, until there are
/// none. Immutable.
class BpeMerges {
 public:
  /// The memory of a call, for the next ones.
  class Workspace {
    friend class BpeMerges;

    struct Symbol {
      std::int32_t id;  // -1 once it is part of the one before
      std::int32_t previous;
      std::int32_t next;
    };
    /// Neighbours that may be merged, as they were when this was written down.
    struct Candidate {
      std::uint64_t order;  // rank, then position of the left one
      std::int32_t left;
      std::int32_t right;
      std::int32_t result;
    };

    std::vector<Symbol> symbols_;
    std::vector<Candidate> candidates_;  // a heap
  };

  /// The rank of a merge is its index.
  explicit BpeMerges(std::span<const BpeMerge> merges);

  /// Merges `ids` in place. Takes O(n log n).
  void apply(std::vector<std::int32_t>& ids, Workspace& workspace) const;

 private:
  /// A table by hash with open addressing.
  struct Entry {
    std::uint64_t pair;
    std::int32_t rank;
    std::int32_t result;
  };

  std::size_t place_of(std::uint64_t pair) const;
  const Entry* find(std::int32_t left, std::int32_t right) const;
  void add_candidate(std::int32_t position, Workspace& workspace) const;

  std::vector<Entry> table_;  // a power of two
  int shift_ = 0;             // from a hash to a place
};

}  // namespace minillama
