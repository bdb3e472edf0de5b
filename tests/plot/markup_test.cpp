#include "minillama/plot/markup.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("markup: what means something in HTML and XML is escaped") {
  CHECK(escape_markup("<script>alert('\"&amp;\"')</script>") ==
        "&lt;script&gt;alert(&#39;&quot;&amp;amp;&quot;&#39;)&lt;/script&gt;");
  CHECK(escape_markup("caf\u00e9 \U0001f600\t\n") == "caf\u00e9 \U0001f600\t\n");
  CHECK(escape_markup("").empty());
}

TEST_CASE("markup: what XML has no place for is replaced") {
  const std::string replacement = "\uFFFD";
  CHECK(escape_markup(std::string("a\0b", 3)) == "a" + replacement + "b");
  CHECK(escape_markup("\x1b[2J") == replacement + "[2J");
  CHECK(escape_markup("a\xC3(") == "a" + replacement + "(");
  CHECK(escape_markup("\xFF\xFE") == replacement + replacement);
  CHECK(escape_markup("\uFFFE\u202E") == replacement + replacement);
}
