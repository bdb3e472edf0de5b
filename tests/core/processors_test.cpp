#include "minillama/core/processors.h"

#include <fstream>

#include "support/catch.h"
#include "support/files.h"

using namespace minillama;

namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE(
    "processors: control groups of version 2 grant what cpu.max says, the least that applies") {
  const test::TemporaryDirectory directory;
  const auto& mount = directory.path();
  CHECK(granted_processors("0::/", mount) == 0);  // no limit: no file
  write(mount / "cpu.max", "max 100000\n");
  CHECK(granted_processors("0::/", mount) == 0);
  write(mount / "cpu.max", "150000 100000\n");
  CHECK(granted_processors("0::/\n", mount) == 2);  // rounded up
  write(mount / "a/cpu.max", "800000 100000\n");
  write(mount / "a/b/cpu.max", "max 100000\n");
  CHECK(granted_processors("0::/a/b\n", mount) == 2);  // of the outermost
  write(mount / "cpu.max", "max 100000\n");
  CHECK(granted_processors("0::/a/b\n", mount) == 8);
  write(mount / "a/b/cpu.max", "20000 50000\n");
  CHECK(granted_processors("0::/a/b\n", mount) == 1);
  // A path of outside the container, whose own group is the mount.
  write(mount / "cpu.max", "300000 100000\n");
  CHECK(granted_processors("0::/../other/group\n", mount) == 3);
}

TEST_CASE("processors: control groups of version 1 grant quota over period") {
  const test::TemporaryDirectory directory;
  const auto& mount = directory.path();
  const std::string groups =
      "12:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/docker/x\n";
  CHECK(granted_processors(groups, mount) == 0);
  const auto cpu = mount / "cpu,cpuacct";
  write(cpu / "cpu.cfs_quota_us", "-1\n");
  write(cpu / "cpu.cfs_period_us", "100000\n");
  CHECK(granted_processors(groups, mount) == 0);
  write(cpu / "cpu.cfs_quota_us", "250000\n");
  CHECK(granted_processors(groups, mount) == 3);
  write(mount / "cpu/docker/x/cpu.cfs_quota_us", "100000\n");
  write(mount / "cpu/docker/x/cpu.cfs_period_us", "100000\n");
  CHECK(granted_processors(groups, mount) == 1);
  CHECK(granted_processors("3:cpuset:/\n2:cpuacct:/docker/x\n", mount) == 0);
}

TEST_CASE("processors: what makes no sense grants everything") {
  const test::TemporaryDirectory directory;
  for (const auto* text : {"", "x", "0 0", "-5 100000", "100000", "nan nan", "1e400 1", "5 -1"}) {
    write(directory.path() / "cpu.max", text);
    INFO(text);
    CHECK(granted_processors("0::/", directory.path()) == 0);
  }
  for (const auto* groups : {"", "\n\n", "0", "0:", "nothing here", "::::::"}) {
    INFO(groups);
    CHECK(granted_processors(groups, directory.path()) == 0);
  }
  CHECK(available_processors() >= 1);
}
