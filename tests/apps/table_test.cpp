#include "common/table.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("table: columns are as wide as they have to be, in characters") {
  CHECK(app::aligned({{"label", "n"}, {"très bon", "100"}, {"", "7"}}) ==
        "label       n\n"
        "très bon  100\n"
        "            7\n");
}

TEST_CASE("table: what is too wide is cut between characters") {
  CHECK(app::width("très…") == 5);
  CHECK(app::shortened("très bon", 8) == "très bon");
  CHECK(app::shortened("très bon", 7) == "très b…");
  CHECK(app::shortened("très bon", 4) == "trè…");
  CHECK(app::shortened("très bon", 3) == "tr…");
  CHECK(app::shortened("très", 1) == "…");
  CHECK(app::shortened("", 1).empty());
}
