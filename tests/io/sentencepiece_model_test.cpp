#include "minillama/io/sentencepiece_model.h"

#include <limits>

#include <fmt/format.h>

#include "minillama/io/mapped_file.h"
#include "minillama/io/sentencepiece_check.h"
#include "minillama/text/tokenizer.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

using Type = SentencePiece::Type;

SentencePieceModel good_model() {
  SentencePieceModel model;
  model.pieces = {{"<unk>", 0, Type::unknown}, {"<s>", 0, Type::control},
                  {"</s>", 0, Type::control},  {"▁a", -1, Type::normal},
                  {"b", -2, Type::normal},     {"<sep>", 0, Type::user_defined}};
  return model;
}

/// The message with which a changed model is refused.
template <typename Change>
std::string error_after(const Change& change) {
  SentencePieceModel model = good_model();
  change(model);
  return test::file_error([&] { check_sentencepiece_model(model, "m.model"); });
}

SentencePieceModel parse(const std::string& bytes) {
  return parse_sentencepiece_model(as_bytes(bytes), "m.model");
}

void check_round_trip(const std::filesystem::path& path) {
  const Tokenizer original = Tokenizer::load(path);
  const std::string written = serialize(parse(test::read_text(path)));
  CHECK(serialize(parse(written)) == written);
  const test::TemporaryDirectory directory;
  const Tokenizer copy = Tokenizer::load(directory.file("tokenizer.model", written));
  CHECK(copy.vocab_size() == original.vocab_size());
  const std::string text = "This ﬁlm is  a <sep> delight 😀 from its first scene to its last .";
  CHECK(copy.encode(text) == original.encode(text));
}

}  // namespace

TEST_CASE("sentencepiece model: every field survives being written and read") {
  SentencePieceModel model = good_model();
  model.algorithm = SentencePieceModel::Algorithm::character;
  model.treat_whitespace_as_suffix = true;
  model.pieces[1].text = "[CLS]";
  model.pieces[5].type = Type::unused;
  model.bos_id = -1;
  model.eos_id = 1;
  model.pad_id = 2;
  model.bos_piece = "[B]";
  model.eos_piece = "[E]";
  model.pad_piece = "[P]";
  model.unk_piece = "[U]";
  model.unk_surface = "?";
  model.normalizer = "mine";
  model.add_dummy_prefix = false;
  model.remove_extra_whitespaces = false;
  model.escape_whitespaces = false;
  const SentencePieceModel read = parse(serialize(model));
  REQUIRE(read.pieces.size() == 6);
  for (std::size_t id = 0; id < 6; ++id) {
    CHECK(read.pieces[id].text == model.pieces[id].text);
    CHECK(read.pieces[id].score == model.pieces[id].score);
    CHECK(read.pieces[id].type == model.pieces[id].type);
  }
  CHECK(read.algorithm == SentencePieceModel::Algorithm::character);
  CHECK(read.treat_whitespace_as_suffix);
  CHECK(read.bos_id == -1);
  CHECK(read.eos_id == 1);
  CHECK(read.pad_id == 2);
  CHECK(read.bos_piece == "[B]");
  CHECK(read.eos_piece == "[E]");
  CHECK(read.pad_piece == "[P]");
  CHECK(read.unk_piece == "[U]");
  CHECK(read.unk_surface == "?");
  CHECK(read.normalizer == "mine");
  CHECK_FALSE(read.add_dummy_prefix);
  CHECK_FALSE(read.remove_extra_whitespaces);
  CHECK_FALSE(read.escape_whitespaces);
}

TEST_CASE("sentencepiece model: a model written again encodes as before") {
  check_round_trip(test::repository_file("tests/reference/unigram.model"));
  check_round_trip(test::repository_file("tests/reference/bpe.model"));
  for (const std::string name : {"llama2-tokenizer/tokenizer.model", "reviews/reviews8k.model"}) {
    const auto path = test::data_file(name);
    SKIP_WITHOUT(path, name);
    check_round_trip(*path);
  }
}

TEST_CASE("sentencepiece model: word and character models encode too") {
  const test::TemporaryDirectory directory;
  for (const auto algorithm :
       {SentencePieceModel::Algorithm::word, SentencePieceModel::Algorithm::character}) {
    SentencePieceModel model = good_model();
    model.algorithm = algorithm;
    const auto tokenizer = Tokenizer::load(directory.file("m", serialize(model)));
    CHECK_FALSE(tokenizer.encode("a b ab<sep>").empty());
  }
}

TEST_CASE("sentencepiece model: broken pieces are refused") {
  CHECK(error_after([](auto&) {}) == "accepted");
  CHECK(error_after([](auto& m) { m.pieces.clear(); }) == "m.model: has no pieces");
  CHECK(error_after([](auto& m) { m.pieces[4].text = ""; }) == "m.model: piece 4, \"\", is empty");
  CHECK_THAT(error_after([](auto& m) { m.pieces[4].text = "▁a"; }), contains("is there twice"));
  CHECK_THAT(error_after([](auto& m) { m.pieces[4].text = "\xe2\x96"; }), contains("not UTF-8"));
  CHECK_THAT(error_after([](auto& m) { m.pieces[4].text += '\0'; }), contains("without NUL"));
  CHECK_THAT(error_after([](auto& m) { m.pieces[4].score = NAN; }), contains("score nan"));
  CHECK_THAT(
      error_after([](auto& m) { m.pieces[4].score = -std::numeric_limits<float>::infinity(); }),
      contains("score -inf"));
  CHECK_THAT(error_after([](auto& m) { m.pieces[4].type = Type::unknown; }),
             contains("second unknown piece"));
  CHECK_THAT(error_after([](auto& m) { m.pieces[0].type = Type::normal; }),
             contains("has no unknown piece"));
}

TEST_CASE("sentencepiece model: broken byte pieces are refused") {
  CHECK_THAT(error_after([](auto& m) { m.byte_fallback = true; }),
             contains("has 0 of the 256 byte pieces"));
  CHECK_THAT(error_after([](auto& m) {
               m.pieces.push_back({"<0x41>", 0, Type::byte});
             }),
             contains("has no byte fallback"));
  for (const std::string text : {"<0x4>", "<0x4g>", "<0xab>", "<0x041>", "0x41>", "<0x41", "A"}) {
    CHECK_THAT(error_after([&](auto& m) {
                 m.byte_fallback = true;
                 m.pieces.push_back({text, 0, Type::byte});
               }),
               contains("not <0x00> to <0xFF>"));
  }
  CHECK(byte_value("<0x00>") == 0);
  CHECK(byte_value("<0xFF>") == 255);
  CHECK(byte_value("<0x5C>") == 0x5C);
}

TEST_CASE("sentencepiece model: special ids must be pieces of their type") {
  CHECK(error_after([](auto& m) { m.unk_id = 6; }) == "m.model: unk_id is 6, there are 6 pieces");
  CHECK_THAT(error_after([](auto& m) { m.unk_id = -1; }), contains("unk_id is -1"));
  CHECK_THAT(error_after([](auto& m) { m.unk_id = 1; }),
             contains("unk_id is 1, which is the piece \"<s>\" of type 3"));
  CHECK_THAT(error_after([](auto& m) { m.bos_id = 3; }), contains("bos_id is 3"));
  CHECK_THAT(error_after([](auto& m) { m.eos_id = INT32_MAX; }), contains("eos_id is 2147483647"));
  CHECK_THAT(error_after([](auto& m) { m.pad_id = -2; }), contains("pad_id is -2"));
  CHECK(error_after([](auto& m) { m.bos_id = m.eos_id = m.pad_id = -1; }) == "accepted");
}

TEST_CASE("sentencepiece model: more nested user-defined pieces than can be matched are refused") {
  const auto nested = [](std::size_t n) {
    return error_after([&](SentencePieceModel& m) {
      for (std::size_t i = 1; i <= n; ++i) {
        m.pieces.push_back({std::string(i, 'x'), 0, Type::user_defined});
      }
    });
  };
  CHECK(nested(64) == "accepted");
  CHECK_THAT(nested(65), contains("more than 64 user-defined pieces are prefixes"));
}

TEST_CASE("sentencepiece model: a broken charsmap is refused") {
  CHECK_THAT(error_after([](auto& m) { m.charsmap = "junk"; }), contains("m.model: "));
}

TEST_CASE("sentencepiece model: unknown values and rules for decoding are refused") {
  using namespace std::string_literals;
  const auto error_of = [](const std::string& bytes) {
    return test::file_error([&] { parse(bytes); });
  };
  const std::string good = serialize(good_model());
  CHECK(error_of(good) == "accepted");
  // Field 10 is of no interest; field 5 (rules for decoded text) is if it holds some.
  CHECK(error_of(good + "\x52\x03\x00\x00\x00"s) == "accepted");
  CHECK(error_of(good + "\x2a\x02\x12\x00"s) == "accepted");
  CHECK_THAT(error_of(good + "\x2a\x03\x12\x01x"s), contains("denormalizing"));
  CHECK_THAT(error_of(good + "\x12\x02\x18\x05"s), contains("unknown sentencepiece model type 5"));
  CHECK_THAT(error_of(good + "\x0a\x05\x0a\x01x\x18\x07"s), contains("unknown type 7"));
  CHECK_THAT(error_of(good + "\x0a\x02\x08\x01"s), contains("wrong type"));
}
