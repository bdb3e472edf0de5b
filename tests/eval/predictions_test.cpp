#include "minillama/eval/predictions.h"

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/files.h"

using namespace minillama;

TEST_CASE("predictions: one line a sentence, in the assignment's format") {
  const test::TemporaryDirectory directory;
  const std::vector<std::int64_t> labels{3, 0, 1};
  const std::vector<std::string> sentences{"It 's lovely .", "Größe ||| <br />", "two\nlines"};
  write_predictions(directory.path() / "out.txt", labels, sentences);
  CHECK(test::read_text(directory.path() / "out.txt") ==
        "3 ||| It 's lovely .\n0 ||| Größe ||| <br />\n1 ||| two lines\n");
  CHECK_THROWS_AS(write_predictions(directory.path() / "absent" / "o", labels, sentences), IoError);
}
