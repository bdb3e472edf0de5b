#include "minillama/text/sentiment_prompt.h"

#include <vector>

#include "support/catch.h"

using namespace minillama;

TEST_CASE("sentiment prompt: labels are listed as the assignment lists them") {
  CHECK(sentiment_question(
            std::vector<std::string>{"awful", "bad", "average", "good", "excellent"}) ==
        "Is this movie awful, bad, average, good, or excellent? This movie is");
  CHECK(sentiment_conversation(std::vector<std::string>{"bad", "good"}) ==
        "{sentence} Is this movie bad or good?{answer}This movie is");
  CHECK(sentiment_question(std::vector<std::string>{"bad", "good"}) ==
        "Is this movie bad or good? This movie is");
}
