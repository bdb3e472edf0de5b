#pragma once

// What the fuzz targets share. A target reads the fuzzer's bytes as one kind of file; an InputError
// is the right answer to most of them, and any other exception, a sanitizer's finding, or a time or
// memory beyond the limits of scripts/fuzz.sh is a bug.

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "minillama/core/error.h"
#include "minillama/io/bytes.h"
#include "minillama/io/tensor_record.h"

namespace minillama::fuzz {

/// A file in memory that has a path, since readers open their files themselves.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content)
      : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
    if (descriptor_ < 0 || ::write(descriptor_, content.data(), content.size()) !=
                               static_cast<ssize_t>(content.size())) {
      std::abort();
    }
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// Copies a tensor's elements, as whoever loads it does.
inline void use(const TensorRecord& record) {
  std::string elements(static_cast<std::size_t>(element_count(record)) * byte_size(record.dtype),
                       '\0');
  copy_elements(record, reinterpret_cast<std::byte*>(elements.data()));
}

/// What the target does with the bytes: defined by each.
void read(std::string_view input);

}  // namespace minillama::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    minillama::fuzz::read({reinterpret_cast<const char*>(data), size});
  } catch (const minillama::InputError&) {
  }
  return 0;
}
