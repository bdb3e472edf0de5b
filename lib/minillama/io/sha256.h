#pragma once

#include <string>

#include "minillama/io/bytes.h"

namespace minillama {

/// The SHA-256 (FIPS 180-4) of `bytes`, as 64 hexadecimal digits in lower case.
std::string sha256(Bytes bytes);

}  // namespace minillama
