// What shows what is in a model: convert --info, --tokenize, --detokenize, and generate --score.

#include <cmath>

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

std::string tiny() {
  return repository_file("checkpoints/reviews-tiny").string();
}

Json json_of(const std::string& line) {
  INFO(line);
  auto json = Json::parse(line, nullptr, false);
  REQUIRE_FALSE(json.is_discarded());
  return json;
}

}  // namespace

TEST_CASE("info: a directory and a GGUF file say the same of their model") {
  const TemporaryDirectory directory;
  const auto info = [&](const std::string& model) {
    const auto outcome = run_app("convert", {"-m", model, "--info", "--json"}, directory.path());
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.empty());
    REQUIRE(lines_in(outcome.out) == 1);
    return json_of(outcome.out);
  };
  const auto own = info(tiny());
  CHECK(own.at("format") == "minillama's directory");
  CHECK(own.at("config").at("dim") == 128);
  CHECK(own.at("config").at("head_dim") == 32);
  CHECK(own.at("config").at("norm") == "rmsnorm");
  const auto& tokenizer = own.at("tokenizer");
  CHECK(tokenizer.at("kind") == "sentencepiece");
  CHECK(tokenizer.at("vocab_size") == 8192);
  CHECK(tokenizer.at("add_bos") == true);
  CHECK(tokenizer.at("bos") == Json{{"id", 1}, {"text", "<s>"}});
  CHECK(tokenizer.at("stop_ids") == Json{1, 2});
  CHECK(own.at("converted_at_load").empty());
  const auto& tensors = own.at("tensors");
  CHECK(tensors.size() == 2 + 3 * 9);
  std::size_t bytes = 0, parameters = 0;
  for (const auto& tensor : tensors) {
    std::size_t elements = 1;
    for (const std::size_t size : tensor.at("shape")) elements *= size;
    parameters += elements;
    bytes += tensor.at("bytes").get<std::size_t>();
  }
  CHECK(own.at("parameters") == parameters);
  CHECK(own.at("bytes") == bytes);

  const auto gguf = info(repository_file("tests/reference/formats_q8_0.gguf").string());
  CHECK(gguf.at("format") == "GGUF");
  for (const auto& tensor : gguf.at("tensors")) {
    const bool is_matrix = tensor.at("shape").size() == 2;
    CHECK(tensor.at("type") == (is_matrix ? "q8_0" : "float32"));
    std::size_t elements = 1;
    for (const std::size_t size : tensor.at("shape")) elements *= size;
    CHECK(tensor.at("bytes") == (is_matrix ? elements / 32 * 34 : elements * 4));
  }
  // A .bin whose tokenizer lies elsewhere says so, and is shown all the same.
  const auto lacking = info(repository_file("tests/reference/formats.bin").string());
  CHECK_THAT(lacking.at("tokenizer").at("error").get<std::string>(), contains("no tokenizer.json"));
  CHECK(lacking.at("format") == "llama2.c");
}

TEST_CASE("info: for people it is a table with a row for every tensor") {
  const TemporaryDirectory directory;
  const auto outcome = run_app("convert", {"-m", tiny(), "--info"}, directory.path());
  CHECK(outcome.exit_code == 0);
  for (const std::string part :
       {"format                 minillama's directory\n", "dim                    128\n",
        "tokenizer              sentencepiece, 8192 tokens\n",
        "BOS                    1 \"<s>\", in front of a text\n",
        "converted at load      nothing: used as it lies\n", "8192 x 128",
        "layers.2.ffn_norm.weight"}) {
    CHECK_THAT(outcome.out, contains(part));
  }
  const auto classifier = run_app(
      "convert", {"-m", repository_file("checkpoints/sst").string(), "--info"}, directory.path());
  CHECK(classifier.exit_code == 0);
  CHECK_THAT(classifier.out, contains("an adapter of PEFT's with its base"));
  CHECK_THAT(classifier.out, contains("\"labels\":"));
  CHECK_THAT(classifier.out, contains("compute_query.peft.lora_A"));

  const auto absent = run_app("convert", {"-m", "absent", "--info"}, directory.path());
  CHECK(absent.exit_code == 3);
  CHECK(lines_in(absent.err) == 1);
  CHECK_THAT(absent.err, contains("absent"));
}

TEST_CASE("tokenize: a JSON list a line, which detokenize makes the line again") {
  const TemporaryDirectory directory;
  const std::string text = "This movie is\n\nna\u00efve caf\u00e9 \U0001F600\x07\n";
  directory.file("text", text);
  const auto ids = run_app("convert", {"-m", tiny(), "--tokenize", "-f", "text"}, directory.path());
  CHECK(ids.exit_code == 0);
  CHECK(ids.err.empty());
  const auto lines = lines_of(ids.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1] == "[1]");  // BOS stands in front
  for (const auto& line : lines) CHECK(json_of(line).at(0) == 1);
  for (const Stream in : {Stream::file, Stream::piped}) {
    const auto again = run_app("convert", {"-m", tiny(), "--tokenize"}, directory.path(), text, {},
                               {}, {.in = in});
    CHECK(again.out == ids.out);
    const auto back = run_app("convert", {"-m", tiny(), "--detokenize"}, directory.path(), ids.out,
                              {}, {}, {.in = in});
    CHECK(back.exit_code == 0);
    CHECK(back.out == text);
  }
  // Without a model, the tokenizer alone.
  const auto alone =
      run_app("convert", {"--tokenizer", tiny() + "/tokenizer.model", "--tokenize", "-f", "text"},
              directory.path());
  CHECK(alone.out == ids.out);

  // <0x0A> and <0x0D> are pieces of every model with byte fallback; a line stays a line.
  const auto breaks = "[1, 13, 16, 2]\n\n[]\n";
  const auto escaped = run_app("convert", {"-m", tiny(), "--detokenize"}, directory.path(), breaks);
  CHECK(escaped.out == "\\n\\r</s>\n\n\n");
  const auto json =
      run_app("convert", {"-m", tiny(), "--detokenize", "--json"}, directory.path(), breaks);
  CHECK(json.out == "\"\\n\\r</s>\"\n\"\"\n\"\"\n");
}

TEST_CASE("tokenize: what is no text, and what is no id, is named with its line") {
  const TemporaryDirectory directory;
  const auto refused = [&](const std::string& option, const std::string& input,
                           const std::string& problem) {
    const auto outcome = run_app("convert", {"-m", tiny(), option}, directory.path(), input);
    CHECK(outcome.exit_code == 3);
    CHECK(lines_in(outcome.err) == 1);
    CHECK_THAT(outcome.err, contains("convert: error: standard input:" + problem));
    return outcome.out;
  };
  CHECK(refused("--tokenize", "a\ncaf\xe9\n", "2: not UTF-8 at byte 3 of the line").size() > 3);
  refused("--tokenize", std::string("a\0b\n", 4), "1: holds a NUL byte");
  CHECK(refused("--detokenize", "[1]\n[8192]\n", "2: ") == "\n");
  for (const std::string line : {"[-1]", "[1", "[1.5]", "{\"a\":1}", "7", "[[1]]", "[1] [2]",
                                 "[99999999999999999999]", "[\"a\"]", "null"}) {
    INFO(line);
    refused("--detokenize", line + "\n", "1: ");
  }
  const auto deep = std::string(100000, '[');
  refused("--detokenize", deep + "\n", "1: ");
}

TEST_CASE("score: lines, totals and JSON say the same") {
  const TemporaryDirectory directory;
  const std::string text = "A delight .\n\nIt has its moments , but it runs too long .\n \t\x07\n";
  directory.file("text", text);
  const auto json =
      run_app("generate", {"-m", tiny(), "--score", "text", "--json"}, directory.path());
  CHECK(json.exit_code == 0);
  CHECK(json.err.empty());
  const auto objects = lines_of(json.out);
  REQUIRE(objects.size() == 4);
  const Words texts = lines_of(text);
  double sum = 0;
  std::size_t n_tokens = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto object = json_of(objects[i]);
    CHECK(object.size() == 5);
    CHECK(object.at("text") == texts[i]);
    CHECK(object.at("tokens").at(0) == 1);
    const std::vector<double> logprobs = object.at("logprobs");
    CHECK(logprobs.size() + 1 == object.at("tokens").size());
    double total = 0;
    for (const double logprob : logprobs) total += logprob;
    CHECK(object.at("logprob").get<double>() == Approx(total));
    if (texts[i].empty()) {
      CHECK(object.at("bits_per_byte").is_null());
    } else {
      CHECK(object.at("bits_per_byte").get<double>() ==
            Approx(-total / std::log(2.0) / double(texts[i].size())));
    }
    sum += total;
    n_tokens += object.at("tokens").size();
  }
  const auto table = run_app("generate", {"-m", tiny(), "--score", "-"}, directory.path(), text);
  CHECK(table.exit_code == 0);
  const auto rows = lines_of(table.out);
  REQUIRE(rows.size() == 5);
  CHECK_THAT(rows[0], contains("\"A delight .\""));
  CHECK_THAT(rows[3], contains("\\x09\\x07"));
  CHECK_THAT(rows[4], contains(std::to_string(n_tokens) + " tokens"));
  CHECK_THAT(rows[4], contains(Catch::StringMaker<double>::convert(sum).substr(0, 6)));
  CHECK_THAT(rows[4], contains("all 4 lines"));
}

TEST_CASE("score: a line without a likelihood is named, and the others have theirs") {
  const TemporaryDirectory directory;
  std::string endless;
  for (int i = 0; i < 3000; ++i) endless += "long ";
  directory.file("text", "A\n" + endless + "\nB\ncaf\xe9\nC");
  const auto outcome = run_app("generate", {"-m", tiny(), "--score", "text"}, directory.path());
  CHECK(outcome.exit_code == 3);
  const auto rows = lines_of(outcome.out);
  REQUIRE(rows.size() == 6);
  CHECK(rows[1].empty());
  CHECK(rows[3].empty());
  CHECK_THAT(rows[4], contains("\"C\""));
  CHECK_THAT(rows[5], contains("all 3 lines"));
  CHECK_THAT(outcome.err, contains("text:2: has 3"));
  CHECK_THAT(outcome.err, contains("the model's context 1024"));
  CHECK_THAT(outcome.err, contains("text:4: not UTF-8 at byte 3"));
  CHECK_THAT(outcome.err, contains("generate: error: text: 2 of 5 lines have no likelihood"));
  const auto json =
      run_app("generate", {"-m", tiny(), "--score", "text", "--json"}, directory.path());
  const auto objects = lines_of(json.out);
  REQUIRE(objects.size() == 5);
  CHECK_THAT(json_of(objects[1]).at("error").get<std::string>(), contains("context 1024"));
  CHECK(json_of(objects[3]).at("text") == "caf\uFFFD");
  CHECK(json_of(objects[2]).at("text") == "B");

  const auto full = run_app("generate", {"-m", tiny(), "--score", "-", "--attention", "full"},
                            directory.path(), "A\n");
  CHECK(full.exit_code == 2);
  CHECK(full.out.empty());
  CHECK_THAT(full.err, contains("causal attention"));
}
