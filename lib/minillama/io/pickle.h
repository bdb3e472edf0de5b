#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "minillama/io/bytes.h"
#include "minillama/io/pickle_value.h"

namespace minillama {

/// The inert content of a Python pickle of protocol 2 to 5.
///
/// No code runs and no name is looked up: a call becomes an `object`. Memory grows with the number
/// of bytes, whatever they say, and nothing recurses. Integers beyond 64 bits are kept as `bytes`.
/// Elements appended to an object (list subclasses, deques) are dropped.
class Pickle {
 public:
  /// `bytes` must hold exactly one pickle and outlive this object. `path` is for the errors. Throws
  /// FileError naming the byte and the opcode if the pickle is damaged or has an opcode that only
  /// protocols 0 and 1, extension registries or out-of-band buffers use.
  Pickle(Bytes bytes, const std::filesystem::path& path);

  PickleValue root() const { return {arena_.data(), root_}; }

 private:
  std::vector<PickleNode> arena_;
  std::uint32_t root_ = 0;
};

}  // namespace minillama
