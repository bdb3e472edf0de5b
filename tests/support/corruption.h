#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/counts.h"
#include "support/files.h"

namespace minillama::test {

/// A reader of a format: opens the file and looks at everything in it.
using Reader = std::function<void(const std::filesystem::path&)>;

/// Lets `read` read a file of that content. Each is a new file: ext4 syncs one that is truncated
/// and written anew, which makes thousands of them slow.
inline void read_as_file(const TemporaryDirectory& directory, const std::string& content,
                         const Reader& read) {
  const std::filesystem::path path = directory.path() / "damaged";
  std::filesystem::remove(path);
  read(directory.file("damaged", content));
}

/// Expects `read` to refuse every proper prefix of `content` with FileError.
inline void check_every_truncation(const std::string& content, const Reader& read) {
  const TemporaryDirectory directory;
  const auto path = directory.file("cut", content);
  std::size_t refused = 0;
  for (std::size_t size = content.size(); size-- > 0;) {
    std::filesystem::resize_file(path, size);
    INFO("cut after " << size << " bytes");
    try {
      read(path);
      FAIL("was read");
    } catch (const FileError&) {
      ++refused;
    }
  }
  count("truncated files refused", refused);
}

/// Expects `read` to survive any one byte being wrong: FileError or no error, nothing else. Returns
/// how many of the damaged files were refused.
inline int check_every_flip(const std::string& content, const Reader& read) {
  const TemporaryDirectory directory;
  int refused = 0;
  for (std::size_t i = 0; i < content.size(); ++i) {
    for (const unsigned char mask : {0x01, 0x80, 0xFF}) {
      INFO("byte " << i << " xor " << int{mask});
      std::string damaged = content;
      damaged[i] = static_cast<char>(damaged[i] ^ mask);
      try {
        read_as_file(directory, damaged, read);
      } catch (const FileError& error) {
        ++refused;
        const std::string message = error.what();
        CHECK(message.find('\n') == std::string::npos);
      }
    }
  }
  count("files with one wrong byte read or refused", 3 * content.size());
  return refused;
}

}  // namespace minillama::test
