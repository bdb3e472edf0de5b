#include "minillama/io/tokenizer_json.h"

#include "minillama/text/tokenizer.h"

#include "support/byte_pairs.h"
#include "support/catch.h"
#include "support/corruption.h"
#include "support/file_error.h"

using namespace minillama;

namespace {

/// A small file of bytes with everything that is read.
Json good_file() {
  return Json::parse(R"({
    "version": "1.0", "truncation": null, "padding": null,
    "added_tokens": [
      {"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": true,
       "normalized": false, "special": true},
      {"id": 6, "content": "go", "single_word": true, "lstrip": true, "rstrip": false,
       "normalized": true, "special": false}],
    "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Strip",
      "strip_left": false, "strip_right": true}]},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "\\p{N}{1,3}"}, "behavior": "Isolated", "invert": false},
      {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}]},
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
      "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
      "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "ignore_merges": true,
      "vocab": {"<s>": 0, "a": 1, "b": 2, "ab": 3, "Ġ": 4, "Ġab": 5},
      "merges": ["a b", ["Ġ", "ab"]]}})");
}

BpeRecord read(const std::string& content) {
  return read_tokenizer_json(as_bytes(content), "t.json");
}

/// The message with which a changed file is refused.
template <typename Change>
std::string error_after(const Change& change) {
  Json file = good_file();
  change(file);
  return test::file_error([&] { read(file.dump()); });
}

/// The message if the value at a JSON pointer is another.
std::string error_with(const std::string& pointer, const std::string& value) {
  return error_after([&](Json& file) { file[Json::json_pointer(pointer)] = Json::parse(value); });
}

/// Reads the file at `path` and works with what was read.
void use(const std::filesystem::path& path) {
  const auto tokenizer = Tokenizer::load(path);
  tokenizer.decode(tokenizer.encode("ab <s> go 12 caf\u00e9 \U0001F600"));
  tokenizer.files();
}

}  // namespace

TEST_CASE("tokenizer.json: every field is read, and written so that it reads the same") {
  const auto record = read(good_file().dump());
  CHECK(record.pieces ==
        std::vector<std::string>{"<s>", "a", "b", "ab", "\u0120", "\u0120ab", "go"});
  CHECK((record.merges == std::vector<BpeMerge>{{1, 2, 3}, {4, 3, 5}}));
  CHECK(
      (record.added == std::vector<AddedPiece>{{.id = 0, .is_special = true, .strips_right = true},
                                               {.id = 6,
                                                .is_normalized = true,
                                                .is_word = true,
                                                .strips_left = true,
                                                .is_mergeable = false}}));
  CHECK((record.normalizer ==
         std::vector<NormalizerStep>{UnicodeForm::nfc, StripSpace{.left = false}}));
  CHECK(record.pre_tokenizer.size() == 3);
  CHECK(record.byte_level);
  CHECK((record.decoding == BpeDecoding{.byte_level = true}));
  CHECK(record.ignore_merges);
  CHECK(record.bos == 0);
  CHECK(record.adds_bos);
  CHECK(record.drops_unknown);

  std::vector<BpeRecord> records = {record};
  for (const auto& [kind, unused] : test::byte_pairs_reference()["kinds"].items()) {
    records.push_back(read(test::read_text(test::byte_pairs_file(kind))));
  }
  for (const auto& written : records) {
    const auto again = read(tokenizer_json(written));
    CHECK(again.pieces == written.pieces);
    CHECK((again.merges == written.merges));
    CHECK((again.added == written.added));
    CHECK((again.normalizer == written.normalizer));
    CHECK((again.pre_tokenizer == written.pre_tokenizer));
    CHECK((again.decoding == written.decoding));
    CHECK(again.unknown == written.unknown);
    CHECK(again.adds_bos == written.adds_bos);
    CHECK(tokenizer_json(again) == tokenizer_json(written));
  }
}

TEST_CASE("tokenizer.json: what files of old say otherwise") {
  const auto accepted = [](const std::string& pointer, const std::string& value) {
    CHECK(error_with(pointer, value) == "accepted");
  };
  CHECK(error_after([](Json& file) { file["model"].erase("type"); }) == "accepted");
  accepted("/truncation", R"({"max_length": 512})");
  accepted("/normalizer", "null");
  accepted("/normalizer", R"({"type": "Sequence", "normalizers": []})");
  accepted("/post_processor", R"({"type": "ByteLevel", "trim_offsets": false})");
  const auto metaspace = [](const std::string& fields) {
    Json file = Json::parse(test::read_text(test::byte_pairs_file("metaspace_first")));
    file["pre_tokenizer"] =
        Json::parse(R"({"type": "Metaspace", "replacement": "_")" + fields + "}");
    return std::get<Metaspace>(read(file.dump()).pre_tokenizer.at(0));
  };
  CHECK((metaspace("") == Metaspace{"_", PrependScheme::always, true}));
  CHECK(
      (metaspace(R"(, "add_prefix_space": false)") == Metaspace{"_", PrependScheme::never, true}));
}

TEST_CASE("tokenizer.json: broken vocabularies and merges are refused") {
  CHECK(error_after([](Json&) {}) == "accepted");
  CHECK_THAT(error_with("/model/vocab", "{}"), contains("t.json: "));
  CHECK_THAT(error_with("/model/vocab/a", "9"), contains("id 2, and none with 1"));
  CHECK_THAT(error_with("/model/vocab/a", "0"),
             contains("the tokens \"<s>\" and \"a\" have the id 0"));
  for (const std::string id :
       {"-1", "1.5", "\"1\"", "null", "1e99", "18446744073709551615", "[1]", "{\"b\": 1}", "[]"}) {
    CHECK_THAT(error_with("/model/vocab/a", id), contains("the token \"a\" has the id"));
  }
  CHECK_THAT(error_with("/model/vocab/a", "4000000000"), contains("and none with 1"));
  CHECK_THAT(error_after([](Json& file) {
               file["model"]["vocab"].erase("a");
               file["model"]["vocab"][""] = 1;
               file["model"]["merges"] = Json::array();
             }),
             contains("token 1, \"\", is empty"));
  CHECK_THAT(error_with("/added_tokens/1/content", "\"<s>\""), contains("is there twice"));
  CHECK_THAT(error_with("/added_tokens/1/id", "0"), contains("have the id 0"));
  CHECK_THAT(error_with("/added_tokens/1/id", "-6"), contains("\"go\" has the id -6"));
  CHECK_THAT(error_with("/added_tokens/1/id", "99999999999"), contains("\"go\" has the id 99999"));
  CHECK_THAT(error_with("/added_tokens/1", "7"), contains("object"));
  CHECK_THAT(error_with("/added_tokens", "{}"), contains("\"added_tokens\" is no list"));
  for (const std::string merge : {"\"ab\"", "\"a b b\"", "[\"a\"]", "[\"a\", 1]", "7", "null"}) {
    CHECK_THAT(error_with("/model/merges/0", merge), contains("t.json: merge 0 is "));
  }
  CHECK_THAT(error_with("/model/merges/0", "\"a x\""), contains("merge 0 has \"x\", which is no"));
  CHECK_THAT(error_with("/model/merges/0", "\"b a\""), contains("merge 0 has \"ba\", which is no"));
  // A piece that only an added token has is none for merging.
  CHECK_THAT(error_with("/model/merges/0", "[\"g\", \"o\"]"), contains("which is no token"));
}

TEST_CASE("tokenizer.json: what would make other ids is refused by name") {
  const auto check = [](const std::string& pointer, const std::string& value, const char* message) {
    CAPTURE(pointer, value);
    CHECK_THAT(error_with(pointer, value), contains(message));
  };
  check("/model/type", "\"Unigram\"", "its model is of the kind \"Unigram\"; only \"BPE\" is read");
  check("/model", "[]", "field \"model\"");
  check("/model/dropout", "0.1", "\"dropout\" is not 0");
  check("/model/unk_token", "\"[UNK]\"", "unk_token is \"[UNK]\", which is no token");
  check("/model/continuing_subword_prefix", "\"##\"", "\"continuing_subword_prefix\" is \"##\"");
  check("/model/end_of_word_suffix", "\"</w>\"", "\"end_of_word_suffix\" is \"</w>\"");
  check("/model/more", "1", "unknown field \"more\"");
  check("/more", "1", "unknown field \"more\"");
  check("/normalizer", R"({"type": "BertNormalizer"})", "normalizer is of the kind \"BertNorm");
  check("/normalizer/normalizers/0", "7", "object");
  check("/normalizer/normalizers", "7", "\"normalizers\" is no list");
  check("/pre_tokenizer", R"({"type": "Whitespace"})",
        "pre_tokenizer is of the kind \"Whitespace\"");
  check("/pre_tokenizer/pretokenizers/0/behavior", "\"Other\"", "\"behavior\" is \"Other\"");
  check("/pre_tokenizer/pretokenizers/0/pattern", R"({"Regexp": "a"})", "unknown field \"Regexp\"");
  check("/pre_tokenizer/pretokenizers/2", R"({"type": "Digits"})", "a step behind \"ByteLevel\"");
  check("/pre_tokenizer", "null", "only one is \"ByteLevel\"");
  check("/decoder", "null", "\"decoder\" is missing");
  check("/decoder", R"({"type": "WordPiece"})", "decoder is of the kind \"WordPiece\"");
  check("/decoder", R"({"type": "Fuse"})", "only one is \"ByteLevel\"");
  check("/decoder",
        R"({"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "ByteFallback"}]})",
        "\"ByteFallback\" behind other steps");
  check("/decoder", R"({"type": "Strip", "content": " ", "start": 1, "stop": 0})",
        "Strip in front");
  check("/decoder", R"({"type": "Sequence", "decoders": [{"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 2}]})",
        "strips \" \" from 1 places in front and 2 at the end");
  check("/post_processor", R"({"type": "RobertaProcessing"})", "of the kind \"RobertaProcessing\"");
  check("/post_processor/special_tokens/<s>/ids", "[0, 1]", "has 2 tokens for \"<s>\"");
  check("/post_processor/special_tokens/<s>/ids", "[99]", "begins a text is token 99, there are 7");
  check("/post_processor/single/2", R"({"SpecialToken": {"id": "<s>", "type_id": 0}})",
        "puts \"<s>\" behind a text");
  check("/post_processor/single", "1", "\"single\" is no list");
}

TEST_CASE("tokenizer.json: patterns that cannot be used are refused when the file is opened") {
  const test::TemporaryDirectory directory;
  const auto error_of = [&](const std::string& pattern) {
    Json file = good_file();
    file["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {{"Regex", pattern}};
    const auto path = directory.file("t.json", file.dump());
    return test::file_error([&] { use(path); });
  };
  CHECK(error_of("a|b") == "accepted");
  CHECK_THAT(error_of("(a"), contains("the pattern \"(a\" is broken: missing closing parenthesis"));
  CHECK_THAT(error_of(R"(\w+)"), contains("has the escape \"\\w\", which is not supported"));
  CHECK_THAT(error_of(""), contains("a pattern is empty"));
  CHECK_THAT(error_of(std::string(20000, 'a')), contains("is longer than 16384 bytes"));
}

TEST_CASE("tokenizer.json: nesting and objects without end are refused") {
  const auto error_of = [](const std::string& content) {
    return test::file_error([&] { read(content); });
  };
  std::string deep = R"({"normalizer":)";
  deep.append(1000000, '[');
  CHECK_THAT(error_of(deep), contains("within too many others"));
  std::string wide = R"({"normalizer":{)";
  for (int i = 0; i < 20000; ++i) wide += "\"" + std::to_string(i) + "\":0,";
  CHECK_THAT(error_of(wide), contains("an object of too many fields"));
}

TEST_CASE("tokenizer.json: every truncation is refused, and every wrong byte survived") {
  const auto content = good_file().dump();
  test::check_every_truncation(content, use);
  CHECK(test::check_every_flip(content, use) > 1000);
}
