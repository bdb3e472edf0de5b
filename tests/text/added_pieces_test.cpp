#include "minillama/text/added_pieces.h"

#include "support/catch.h"

using namespace minillama;

namespace {

/// The stretches of `text`, those that are pieces as their ids in brackets.
std::string found(const AddedPieces& pieces, const std::string& text) {
  std::vector<AddedSpan> spans;
  pieces.find(text, spans);
  std::string out;
  for (const auto& [span, id] : spans) {
    out += id < 0 ? text.substr(span.begin, span.end - span.begin)
                  : "[" + std::to_string(id) + ":" +
                        text.substr(span.begin, span.end - span.begin) + "]";
  }
  return out;
}

}  // namespace

TEST_CASE("added pieces: the longest from the left is found") {
  const AddedPieces pieces({{.id = 1}, {.id = 2}, {.id = 3}, {.id = 4}},
                           {"<a>", "<a><a>", "<a><b>x", "\u00e9"});
  CHECK(found(pieces, "") == "");
  CHECK(found(pieces, "x<a>y") == "x[1:<a>]y");
  CHECK(found(pieces, "<a><a><a>") == "[2:<a><a>][1:<a>]");
  CHECK(found(pieces, "<a><b>") == "[1:<a>]<b>");
  CHECK(found(pieces, "<a><b>x\u00e9\u00e8") == "[3:<a><b>x][4:\u00e9]\u00e8");
  CHECK(found(pieces, "<a") == "<a");
  CHECK(found(AddedPieces({}, {}), "<a>") == "<a>");
}

TEST_CASE("added pieces: they take spaces, and words stand alone") {
  const AddedPieces pieces({{.id = 1, .strips_left = true},
                            {.id = 2, .strips_right = true},
                            {.id = 3, .is_word = true},
                            {.id = 4}},
                           {"<l>", "<r>", "word", "<r><l>"});
  CHECK(found(pieces, "a \u3000<l> b") == "a[1: \u3000<l>] b");
  CHECK(found(pieces, "a <r> \n b") == "a [2:<r> \n ]b");
  CHECK(found(pieces, "<r>  <l>") == "[2:<r>  ][1:<l>]");
  CHECK(found(pieces, "word words word. \u00e9word word\u0301 _word 1word") ==
        "[3:word] words [3:word]. \u00e9word word\u0301 _word 1word");
  CHECK(found(pieces, "<r><l>") == "[4:<r><l>]");
}

TEST_CASE("added pieces: many that begin alike") {
  std::vector<AddedPiece> pieces;
  std::vector<std::string> texts;
  for (std::int32_t i = 0; i < 5000; ++i) {
    pieces.push_back({.id = i});
    texts.push_back("<extra_" + std::to_string(i) + ">");
  }
  const AddedPieces many(pieces, texts);
  CHECK(found(many, "a<extra_17><extra_4999><extra_5000>") ==
        "a[17:<extra_17>][4999:<extra_4999>]<extra_5000>");
}
