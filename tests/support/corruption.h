#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "minillama/core/error.h"

#include "support/catch.h"
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
  for (std::size_t size = 0; size < content.size(); ++size) {
    INFO("cut after " << size << " bytes");
    CHECK_THROWS_AS(read_as_file(directory, content.substr(0, size), read), FileError);
  }
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
  return refused;
}

}  // namespace minillama::test
