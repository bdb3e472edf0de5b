// The last 4 bytes are a checksum, which is put right: no fuzzer would hit upon it.

#include "minillama/io/token_file.h"

#include <cstring>
#include <vector>

#include "minillama/io/crc32.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  constexpr std::size_t kHeader = 40;
  std::string content(input);
  if (content.size() > kHeader + 4) {
    const std::size_t ids = content.size() - kHeader - 4;
    const std::uint32_t checksum = crc32(as_bytes(content).subspan(kHeader, ids));
    std::memcpy(content.data() + kHeader + ids, &checksum, sizeof(checksum));
  }
  const MemoryFile memory(content);
  const TokenFile file(memory.path());
  std::vector<std::int64_t> ids(static_cast<std::size_t>(file.size()));
  file.copy(0, ids);
}
