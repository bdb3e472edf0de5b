// Trained classifiers and adapters that go to and come from other programs.

#include <fstream>

#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama;
using test::repository_file;
using test::run_app;
using test::TemporaryDirectory;

namespace {

std::string golden() {
  return repository_file("tests/reference/classifier_llama").string();
}

std::string shipped(const std::string& name) {
  return repository_file("checkpoints/" + name).string();
}

/// What is said of a sentence, as JSON.
std::string answer(const std::string& model, const TemporaryDirectory& directory) {
  const auto outcome =
      run_app("classify_sst", {"-m", model, "--json", "A delight ."}, directory.path());
  CHECK(outcome.err.empty());
  CHECK(outcome.exit_code == 0);
  return outcome.out;
}

}  // namespace

TEST_CASE("convert: a classifier of transformers' becomes ours, and one of transformers' again") {
  const TemporaryDirectory directory;
  const auto convert = [&](const std::string& from, const std::string& to) {
    const auto outcome =
        run_app("convert", {"-m", from, "--to", to, "--out", to, "--verify"}, directory.path());
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.out, contains("largest logit difference: 0 "));
  };
  convert(golden(), "dir");
  convert("dir", "hf");
  const auto wanted = answer(golden(), directory);
  CHECK_THAT(wanted, contains("\"name\":"));
  CHECK(answer("dir", directory) == wanted);
  CHECK(answer("hf", directory) == wanted);
  const auto info = run_app("convert", {"-m", "hf", "--info", "--json"}, directory.path());
  const auto classifier = Json::parse(info.out).at("classifier");
  CHECK(classifier.at("labels") == Json::array({"awful", "not bad", "great"}));
  CHECK(classifier.at("pooling") == "last");
}

TEST_CASE("convert: what a classifier cannot become is refused by name") {
  const TemporaryDirectory directory;
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& message) {
    auto all = arguments;
    all.insert(all.end(), {"--out", "x"});
    const auto outcome = run_app("convert", all, directory.path());
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, contains(message));
    CHECK_FALSE(std::filesystem::exists(directory.path() / "x"));
  };
  refused({"-m", shipped("sst"), "--to", "hf"}, "pooling is mean");
  refused({"-m", golden(), "--to", "gguf"}, "is a classifier: --to dir, hf or peft");
  refused({"-m", golden(), "--to", "peft"}, "no active adapter");
  refused({"-m", shipped("sst"), "--to", "peft", "--dtype", "q8_0"}, "--dtype q8_0 has no effect");
}

TEST_CASE("convert: an adapter is written anew in half the size, beside the same base") {
  const TemporaryDirectory directory;
  const auto outcome = run_app(
      "convert", {"-m", shipped("cfimdb"), "--to", "peft", "--dtype", "bf16", "--out", "small"},
      directory.path());
  REQUIRE(outcome.exit_code == 0);
  const auto size = [](const std::filesystem::path& path) {
    return std::filesystem::file_size(path / "adapter_model.safetensors");
  };
  CHECK(size(directory.path() / "small") < 0.55 * double(size(shipped("cfimdb"))));
  const auto before = Json::parse(answer(shipped("cfimdb"), directory));
  const auto after = Json::parse(answer("small", directory));
  CHECK(after.at("name") == before.at("name"));
  CHECK(after.at("probability").get<double>() ==
        Approx(before.at("probability").get<double>()).margin(0.02));
}

TEST_CASE("adapters: one that knows its base finds it elsewhere, and says what it lacks") {
  const TemporaryDirectory directory;
  const auto base = repository_file("tests/reference/formats_f32.gguf");
  std::filesystem::copy(base, directory.path() / "base.gguf");
  std::filesystem::copy(repository_file("tests/reference/formats_peft"), directory.path() / "a");
  auto config = Json::parse(test::read_text(directory.path() / "a" / "adapter_config.json"));
  config["base_model_name_or_path"] = "../base.gguf";
  directory.file("a/adapter_config.json", config.dump());
  const auto convert = [&](const std::string& name) {
    return run_app("convert", {"-m", "a", "--to", "peft", "--out", "c", "--base-name", name},
                   directory.path());
  };
  const auto misplaced = convert("base.gguf");
  CHECK(misplaced.exit_code == 2);
  CHECK_THAT(misplaced.err, contains("\"../base.gguf\" is that file"));
  REQUIRE(convert("../base.gguf").exit_code == 0);

  const auto generate = [&](const std::string& data) {
    return run_app("generate", {"-m", "c", "-p", "the", "-n", "4", "--temp", "0", "--quiet"},
                   directory.path(), "", {}, {"MINILLAMA_DATA=" + data});
  };
  const auto text = generate("").out;
  const auto files = directory.path() / "far" / "away";
  std::filesystem::create_directories(files / "models");
  std::filesystem::rename(directory.path() / "base.gguf", files / "models" / "base.gguf");
  const auto found = generate(files);
  CHECK(found.exit_code == 0);
  CHECK(found.out == text);
  const auto missing = generate("");
  CHECK(missing.exit_code == 3);
  CHECK_THAT(missing.err, contains("c/adapter_config.json: its base \"base.gguf\""));
  CHECK_THAT(missing.err, contains("MINILLAMA_DATA names a directory that holds it"));
}

TEST_CASE("adapters: generate has those that no engine computes computed by a module") {
  const std::filesystem::path reference = repository_file("tests/reference");
  for (const std::string kind : {"bottleneck", "prefix"}) {
    INFO(kind);
    const auto run = [&](const std::vector<std::string>& more) {
      std::vector<std::string> all{
          "-m",  "adapter_" + kind, "--tokenizer", "formats_f32.gguf", "--prompt",
          "the", "--temp",          "0",           "--max-new-tokens", "8"};
      all.insert(all.end(), more.begin(), more.end());
      return run_app("generate", all, reference);
    };
    const auto cached = run({});
    INFO(cached.err);
    CHECK(cached.exit_code == 0);
    CHECK(cached.out != run_app("generate",
                                {"-m", "formats_hf", "--tokenizer", "formats_f32.gguf", "--prompt",
                                 "the", "--temp", "0", "--max-new-tokens", "8"},
                                reference)
                            .out);
    CHECK(run({"--no-cache"}).out == cached.out);
    const auto refused = run({"--weights", "q8_0"});
    CHECK(refused.exit_code == 2);
    CHECK_THAT(refused.err, contains("--weights goes with engines"));
  }
}
