#include "minillama/io/directory_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/files.h"

using namespace minillama;

TEST_CASE("directory lock: a second holder is refused until the first is gone") {
  const test::TemporaryDirectory directory;
  {
    const DirectoryLock lock(directory.path());
    CHECK_THROWS_WITH(DirectoryLock(directory.path()), contains("is in use by another program"));
  }
  const DirectoryLock again(directory.path());
}

TEST_CASE("directory lock: a holder that was killed holds nothing") {
  const test::TemporaryDirectory directory;
  const pid_t child = ::fork();
  if (child == 0) {
    const DirectoryLock lock(directory.path());
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  const DirectoryLock lock(directory.path());
}

TEST_CASE("directory lock: without the directory there is no lock") {
  CHECK_THROWS_AS(DirectoryLock("/absent/directory"), IoError);
}
