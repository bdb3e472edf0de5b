#include "minillama/io/event_file.h"

#include <limits>
#include <vector>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/files.h"

using namespace minillama;
namespace fs = std::filesystem;

TEST_CASE("event file: the bytes that the Python package tensorboard writes") {
  constexpr double kStart = 1700000000.25;
  using Scalars = std::vector<EventScalar>;
  auto bytes = first_event_record(kStart);
  bytes += event_record(kStart, 0, Scalars{{"loss/train", 1.5}});
  bytes += event_record(kStart + 1, 1, Scalars{{"loss/train", 0.1}, {"learning_rate", 2e-3}});
  bytes += event_record(
      kStart + 300, 300,
      Scalars{{"loss/dev", std::numeric_limits<double>::infinity()}, {"größe", -7.25}});
  const std::int64_t late = std::int64_t{1} << 40;
  bytes += event_record(kStart + static_cast<double>(late), late, {});
  CHECK(bytes == test::read_text(test::repository_file("tests/reference/event_file.tfevents")));
}

TEST_CASE("event file: each is a file of its own, and has what was added at once") {
  const test::TemporaryDirectory place;
  const auto directory = place.path() / "runs" / "a";
  const std::vector<EventScalar> scalars{{"loss", 1}};
  EventFile first(directory);
  const EventFile second(directory);
  CHECK(first.path() != second.path());
  CHECK(first.path().filename().string().starts_with("events.out.tfevents."));
  const auto begun = fs::file_size(second.path());
  CHECK(begun == first_event_record(0).size());
  first.add(3, scalars);
  CHECK(fs::file_size(first.path()) == begun + event_record(0, 3, scalars).size());
  CHECK(fs::file_size(second.path()) == begun);
}

TEST_CASE("event file: a folder that cannot be made is an I/O error that names it") {
  const test::TemporaryDirectory place;
  const auto file = place.file("file", "");
  CHECK_THROWS_AS(EventFile(fs::path(file) / "runs"), IoError);
}
