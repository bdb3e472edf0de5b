#pragma once

#include <cstdint>

#include "minillama/io/bytes.h"

namespace minillama {

/// The CRC-32 of zip, gzip and PNG (polynomial 0x04C11DB7, reflected; ISO 3309).
///
/// @param before the CRC-32 of what stands before `bytes`, if they are not the beginning
std::uint32_t crc32(Bytes bytes, std::uint32_t before = 0);

}  // namespace minillama
