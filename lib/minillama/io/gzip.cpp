#include "minillama/io/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

constexpr std::string_view kMagic = "\x1f\x8b";
constexpr std::size_t kChunk = std::size_t{1} << 16;
constexpr int kOnlyGzip = 16 + MAX_WBITS;  // zlib.h: "decode only the gzip format"

/// zlib's state, which ends with the scope.
class Inflater {
 public:
  Inflater(Bytes bytes, const std::filesystem::path& path) : path_(path), rest_(bytes) {
    if (inflateInit2(&stream_, kOnlyGzip) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Appends at most `room` bytes of what comes next; false if nothing does.
  bool append(std::string& out, std::size_t room) {
    if (at_member_end_) {
      if (rest_.empty()) return false;
      if (!is_gzip(rest_)) throw FileError(path_, "has bytes behind the end of its gzip data");
      inflateReset(&stream_);
      at_member_end_ = false;
    }
    const auto size = out.size();
    const auto wanted = std::min(room, kChunk);
    const auto given = std::min<std::size_t>(rest_.size(), std::numeric_limits<uInt>::max());
    out.resize(size + wanted);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest_.data()));
    stream_.avail_in = static_cast<uInt>(given);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream_.avail_out = static_cast<uInt>(wanted);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    out.resize(out.size() - stream_.avail_out);
    rest_ = rest_.subspan(given - stream_.avail_in);
    at_member_end_ = result == Z_STREAM_END;
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result == Z_BUF_ERROR) throw FileError(path_, "its gzip data end too early");
    if (result != Z_OK && result != Z_STREAM_END) {
      throw FileError(path_, fmt::format("its gzip data are damaged{}{}", stream_.msg ? ": " : "",
                                         stream_.msg ? stream_.msg : ""));
    }
    return true;
  }

 private:
  const std::filesystem::path& path_;
  Bytes rest_;
  z_stream stream_ = {};
  bool at_member_end_ = false;
};

}  // namespace

bool is_gzip(Bytes bytes) {
  return as_text(bytes).starts_with(kMagic);
}

std::string gunzip(Bytes bytes, const std::filesystem::path& path, std::size_t max_bytes) {
  std::string out;
  Inflater inflater(bytes, path);
  // One byte more than may be there tells that there is more.
  while (inflater.append(out, max_bytes + 1 - out.size())) {
    if (out.size() > max_bytes) {
      throw FileError(path, fmt::format("decompresses to more than {} bytes", max_bytes));
    }
  }
  return out;
}

}  // namespace minillama
