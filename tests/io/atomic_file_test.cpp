#include "minillama/io/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/files.h"

using namespace minillama;

namespace {
std::size_t count_files(const std::filesystem::path& directory) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(directory), {}));
}
}  // namespace

TEST_CASE("a committed file replaces the old one") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("a", "old");
  AtomicFile file(path);
  file.write("ne");
  file.write("w");
  CHECK(test::read_text(path) == "old");
  file.commit();
  CHECK(test::read_text(path) == "new");
  CHECK(count_files(directory.path()) == 1);
}

TEST_CASE("of a symbolic link the target is written, and the link stays") {
  const test::TemporaryDirectory directory;
  std::filesystem::create_directory(directory.path() / "store");
  const auto target = directory.file("store/model", "old");
  const auto link = directory.path() / "link";
  const auto dangling = directory.path() / "dangling";
  std::filesystem::create_symlink("store/model", directory.path() / "second");
  std::filesystem::create_symlink("second", link);
  std::filesystem::create_symlink(directory.path() / "store/new", dangling);
  write_file(link, "new");
  write_file(dangling, "made");
  CHECK(std::filesystem::is_symlink(link));
  CHECK(test::read_text(target) == "new");
  CHECK(std::filesystem::is_symlink(dangling));
  CHECK(test::read_text(directory.path() / "store/new") == "made");
}

TEST_CASE("without commit the old content stays and nothing is left behind") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("a", "old");
  {
    AtomicFile file(path);
    file.write("half of the n");
  }
  CHECK(test::read_text(path) == "old");
  CHECK(count_files(directory.path()) == 1);
}

TEST_CASE("a refusal of the system is an IoError that names the file") {
  const test::TemporaryDirectory directory;
  CHECK_THROWS_AS(AtomicFile(directory.path() / "absent" / "a"), IoError);
  CHECK_THROWS_WITH(AtomicFile("/dev/full/a"), contains("/dev/full/a: cannot create"));
  // Renaming onto a directory fails after the writing succeeded.
  std::filesystem::create_directory(directory.path() / "d");
  CHECK_THROWS_AS(write_file(directory.path() / "d", "x"), IoError);
  CHECK(count_files(directory.path()) == 1);
}

TEST_CASE("what killed processes left behind is removed, and nothing else") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "a";
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicFile file(path);
    file.write("half");
    ::_exit(0);  // without destructors, as a signal would end it
  }
  ::waitpid(child, nullptr, 0);
  REQUIRE(count_files(directory.path()) == 1);
  AtomicFile living(path);
  CHECK(count_files(directory.path()) == 1);  // its own
  directory.file("a.tmp-notes", "somebody's");
  directory.file("b.tmp-0123456789abcdef", "of another file");
  write_file(path, "new");
  CHECK(count_files(directory.path()) == 4);
  living.commit();
  CHECK(count_files(directory.path()) == 3);
}

TEST_CASE("threads that write one file at the same time each write a whole one") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "a";
  constexpr std::size_t kSize = 200'000;
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (char c = 'a'; c < 'e'; ++c) {
    threads.emplace_back([&, c] {
      try {
        for (int i = 0; i < 10; ++i) write_file(path, std::string(kSize, c));
      } catch (const IoError&) {
        ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(failures == 0);
  const auto content = test::read_text(path);
  CHECK(content == std::string(kSize, content.front()));
  CHECK(count_files(directory.path()) == 1);
}

TEST_CASE("a pipe is written to, not replaced") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  write_file(path, "hello");
  char text[16] = {};
  CHECK(::read(reader, text, sizeof(text)) == 5);
  CHECK(std::string(text) == "hello");
  ::close(reader);
  CHECK(std::filesystem::is_fifo(path));
  CHECK(count_files(directory.path()) == 1);
}
