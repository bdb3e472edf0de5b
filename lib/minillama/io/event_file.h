#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace minillama {

/// A number that is followed through a run.
struct EventScalar {
  std::string tag;  ///< its name; what stands before a slash is a group, as in "loss/train"
  double value = 0;
};

/// A file of events, which TensorBoard draws curves of: records of TFRecord's framing
///
///     uint64 length | uint32 masked CRC of the length | bytes | uint32 masked CRC of the bytes
///
/// little-endian, masked(crc) = rotate_right(crc, 15) + 0xa282ead8 of CRC-32C (tensorflow's
/// core/lib/io/record_writer.h and core/lib/hash/crc32c.h). The bytes of each are a protobuf of
/// core/util/event.proto: wall_time (1, double), step (2, int64), and either file_version (3), of
/// the first, or summary (5), in which each value (1) has a tag (1) and a simple_value (2, float).
///
/// What was written is with the system before add() returns, so that TensorBoard shows a run that
/// is under way; a run that goes on after a stop writes another file beside the first. Of one
/// thread at a time.
class EventFile {
 public:
  /// Creates the directory, if need be, and a new file events.out.tfevents.… in it. Throws IoError.
  explicit EventFile(const std::filesystem::path& directory);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// Adds an event of now. Throws IoError.
  void add(std::int64_t step, std::span<const EventScalar> scalars);

  const std::filesystem::path& path() const { return path_; }

 private:
  void write(std::string_view record);

  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// The record with which such a file begins, and that of an event; `wall_time` in seconds since
/// 1970.
std::string first_event_record(double wall_time);
std::string event_record(double wall_time, std::int64_t step, std::span<const EventScalar> scalars);

}  // namespace minillama
