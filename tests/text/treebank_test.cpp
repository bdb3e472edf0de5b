#include "minillama/text/treebank.h"

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

std::vector<LabelledTree> read_trees(const std::string& content, std::int64_t n_labels = 5) {
  const test::TemporaryDirectory directory;
  return parse_trees(TextFile(directory.file("trees.txt", content)), n_labels);
}

std::string error_of(const std::string& content) {
  return test::file_error([&] { read_trees(content); });
}

std::string nested(std::size_t depth) {
  std::string tree;
  for (std::size_t i = 0; i < depth; ++i) tree += "(1 ";
  return tree + "x" + std::string(depth, ')');
}

}  // namespace

TEST_CASE("treebank: each node is a phrase with its label, words and depth") {
  const auto trees = read_trees(
      "(3 (2 It) (4 (2 's) (4 lovely)))\r\n\n  \n(0\t(1 a\xC2\xA0"
      "b ) (2   (2 c)(3 d) e))\n");
  REQUIRE(trees.size() == 2);
  CHECK(trees[0] == LabelledTree{{"It", 2, 1, 1},
                                 {"'s", 2, 1, 2},
                                 {"lovely", 4, 1, 2},
                                 {"'s lovely", 4, 2, 1},
                                 {"It 's lovely", 3, 3, 0}});
  CHECK(trees[1] == LabelledTree{{"a\xC2\xA0"
                                  "b",
                                  1, 1, 1},
                                 {"c", 2, 1, 2},
                                 {"d", 3, 1, 2},
                                 {"c d e", 2, 3, 1},
                                 {"a\xC2\xA0"
                                  "b c d e",
                                  0, 4, 0}});
  CHECK(read_trees(nested(250))[0].size() == 250);
}

TEST_CASE("treebank: what is no tree is refused by file and line") {
  CHECK_THAT(error_of("(1 a)\n(5 b)\n"), contains("trees.txt:2: \"5\" is no label from 0 to 4"));
  CHECK_THAT(error_of("(-1 a)"), contains("\"-1\" is no label"));
  CHECK_THAT(error_of("(1.5 a)"), contains("\"1.5\" is no label"));
  CHECK_THAT(error_of("((1 a))"), contains("\"\" is no label"));
  CHECK_THAT(error_of("(1 a"), contains("1 parentheses are not closed"));
  CHECK_THAT(error_of("(1 (2 a)"), contains("1 parentheses are not closed"));
  CHECK_THAT(error_of("(1 a))"), contains("\")\" stands behind the tree"));
  CHECK_THAT(error_of("(1 a) b"), contains("\"b\" stands behind the tree"));
  CHECK_THAT(error_of("(1 a)\nb (1 c)"), contains("trees.txt:2: \"b\" stands outside a tree"));
  CHECK_THAT(error_of("(1 a)\n)"), contains("trees.txt:2: a \")\" without a \"(\""));
  CHECK_THAT(error_of("(1 (2 a) (2))"), contains("a node without a word"));
  CHECK_THAT(error_of("(1 \xFF)"), contains("trees.txt:1: not UTF-8"));
  CHECK_THAT(error_of(nested(251)), contains("more than 250 parentheses"));
  CHECK_THAT(error_of("\n \n"), contains("holds no tree"));
}

TEST_CASE("treebank: trees are known by their first character") {
  CHECK(holds_trees("\n  (3 a)"));
  CHECK(!holds_trees("3 ||| (a)"));
  CHECK(!holds_trees(""));
}

TEST_CASE("treebank: distinct phrases have their most frequent label, and no held-out sentence") {
  const auto trees = read_trees("(4 (1 a) (2 (2 a) (3 b)))\n(0 (2 a) (1 C d))\n(0 (3 b) (2 b))\n");
  const std::vector<LabelledSentence> held_out{{"c D", 0}, {"unknown", 1}};
  const auto [examples, n_held_out] = distinct_phrases(trees, held_out, PhraseWeight::equal);
  CHECK(n_held_out == 1);
  CHECK(examples == std::vector<LabelledSentence>{
                        {"a", 2}, {"b", 3}, {"a b", 2}, {"a a b", 4}, {"a C d", 0}, {"b b", 0}});
  // Of equally frequent labels, the one met first.
  CHECK(distinct_phrases(read_trees("(0 (3 x) (2 x))\n"), {}, PhraseWeight::equal)
            .examples[0]
            .label == 3);
  const std::vector<LabelledSentence> all{{"q", 0}};
  CHECK_THROWS_WITH(distinct_phrases(read_trees("(1 Q)"), all, PhraseWeight::equal),
                    contains("no phrase is left"));
}

TEST_CASE("treebank: phrases count by length or depth, one on average") {
  const auto trees = read_trees("(4 (1 a) (2 (2 a) (3 b)))\n");
  const auto weights = [&](PhraseWeight kind) {
    std::vector<double> all;
    for (const auto& example : distinct_phrases(trees, {}, kind).examples) {
      all.push_back(example.weight);
    }
    return all;
  };
  CHECK(weights(PhraseWeight::equal) == std::vector<double>{1, 1, 1, 1});
  // "a", "b", "a b", "a a b"
  const std::vector<double> length{1, 1, 2, 3};
  const std::vector<double> depth{1. / 2, 1. / 3, 1. / 2, 1};  // the "a" nearer to the sentence
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(weights(PhraseWeight::length)[i] == Approx(length[i] * 4 / 7));
    CHECK(weights(PhraseWeight::depth)[i] == Approx(depth[i] * 4 / (7. / 3)));
  }
  for (const auto kind : {PhraseWeight::equal, PhraseWeight::length, PhraseWeight::depth}) {
    CHECK(phrase_weight(to_string(kind)) == kind);
  }
  CHECK_THROWS_WITH(phrase_weight("words"), contains("\"words\", must be equal"));
}
