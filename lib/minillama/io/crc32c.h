#pragma once

#include <cstdint>

#include "minillama/io/bytes.h"

namespace minillama {

/// The CRC-32C of iSCSI and TFRecord (Castagnoli's polynomial 0x1EDC6F41, reflected; RFC 3720,
/// appendix B.4).
std::uint32_t crc32c(Bytes bytes);

}  // namespace minillama
