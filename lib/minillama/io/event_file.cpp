#include "minillama/io/event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <chrono>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/byte_writer.h"
#include "minillama/io/crc32c.h"
#include "minillama/io/protobuf.h"

namespace minillama {
namespace {

std::uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(as_bytes(bytes)), 15) + 0xa282ead8U;
}

std::string framed(std::string_view bytes) {
  ByteWriter length, record;
  length.write(std::uint64_t{bytes.size()});
  const auto size = length.take();
  record.write_text(size);
  record.write(masked_crc(size));
  record.write_text(bytes);
  record.write(masked_crc(bytes));
  return record.take();
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// As TensorBoard expects it, "tfevents" being what it looks for; a name that is not there yet.
std::string file_name(int attempt) {
  return fmt::format("events.out.tfevents.{:010}.minillama.{}.{}", static_cast<std::int64_t>(now()),
                     ::getpid(), attempt);
}

}  // namespace

std::string first_event_record(double wall_time) {
  ProtobufWriter event;
  event.float64(1, wall_time);
  event.string(3, "brain.Event:2");
  return framed(event.out());
}

std::string event_record(double wall_time, std::int64_t step,
                         std::span<const EventScalar> scalars) {
  ProtobufWriter summary;
  for (const auto& [tag, number] : scalars) {
    ProtobufWriter value;
    value.string(1, tag);
    value.float32(2, static_cast<float>(number));
    summary.message(1, value);
  }
  ProtobufWriter event;
  event.float64(1, wall_time);
  if (step != 0) event.int64(2, step);  // a field that is 0 is not written
  event.message(5, summary);
  return framed(event.out());
}

EventFile::EventFile(const std::filesystem::path& directory) {
  make_directory(directory);
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    path_ = directory / file_name(attempt);
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST) throw IoError(path_, "cannot create", errno);
  }
  write(first_event_record(now()));
}

EventFile::~EventFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void EventFile::add(std::int64_t step, std::span<const EventScalar> scalars) {
  write(event_record(now(), step, scalars));
}

void EventFile::write(std::string_view record) {
  while (!record.empty()) {
    const auto written = ::write(descriptor_, record.data(), record.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw IoError(path_, "cannot write", errno);
    record.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace minillama
