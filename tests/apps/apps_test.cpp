// The apps as a user meets them, with the checkpoint that ships.

#include <algorithm>
#include <chrono>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama;
using namespace minillama::test;
using Catch::Matchers::StartsWith;

namespace {

/// The app ends with `exit_code`, one line on stderr that contains `message`, nothing on stdout,
/// and leaves the directory as it was.
void check_refused(const std::string& app, const std::vector<std::string>& arguments, int exit_code,
                   const std::string& message, const TemporaryDirectory& directory,
                   const std::string& input = "") {
  const auto files = [&] {
    std::vector<std::filesystem::path> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path())) {
      names.push_back(entry.path());
    }
    std::sort(names.begin(), names.end());
    return names;
  };
  const auto before = files();
  const auto outcome = run_app(app, arguments, directory.path(), input);
  std::string command = app;
  for (const auto& argument : arguments) command += " " + argument;
  INFO(command);
  CHECK(outcome.exit_code == exit_code);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, StartsWith(app + ": error: "));
  CHECK_THAT(outcome.err, contains(message));
  CHECK(lines_in(outcome.err) == 1);
  CHECK(files() == before);
}

const std::string kSst = "3 ||| It 's a lovely film .\r\n1 ||| A dull , overlong mess .";

}  // namespace

TEST_CASE("apps: generate continues a prompt, the same for the same seed") {
  const TemporaryDirectory directory;
  const auto first =
      run_app("generate", {"-p", "This movie is", "-n", "12", "--seed", "3"}, directory.path());
  CHECK(first.exit_code == 0);
  CHECK_THAT(first.out, StartsWith("This movie is "));
  CHECK(lines_in(first.out) == 1);
  CHECK_THAT(first.err, contains("tokens/s"));
  const auto again = run_app(
      "generate",
      {"--prompt=This movie is", "--max_tokens", "12", "-s3", "--no-display-prompt", "--quiet"},
      directory.path());
  CHECK("This movie is" + again.out == first.out);
  CHECK(again.err.empty());
}

TEST_CASE("apps: generate continues every line of a file, in either type of weights") {
  const TemporaryDirectory directory;
  directory.file("prompts.txt", "This movie is\n\nThe actors");
  for (const std::string weights : {"f32", "q8_0"}) {
    const std::vector<std::string> common{"-n", "12", "--temp", "0", "--weights", weights};
    const auto with = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.end(), common.begin(), common.end());
      return run_app("generate", arguments, directory.path());
    };
    const auto lines = with({"-f", "prompts.txt", "--each-line"});
    CHECK(lines.exit_code == 0);
    CHECK(lines_in(lines.out) == 3);
    const auto one = with({"-p", "This movie is"}), three = with({"-p", "The actors"});
    CHECK_THAT(lines.out, StartsWith(one.out));
    CHECK_THAT(lines.out, Catch::Matchers::EndsWith("\n\n" + three.out));
    CHECK_THAT(lines.err, contains("2 prompts"));
  }
}

TEST_CASE("apps: generate stops at the end of the context, says so, and exits 0") {
  const TemporaryDirectory directory;
  const auto outcome =
      run_app("generate", {"-p", "This movie is", "-n", "100000", "--temp", "0", "--ignore-eos"},
              directory.path());
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.err, contains("stopped: the model's context is full"));
}

TEST_CASE("apps: generate writes the assignment's two files if asked to") {
  const TemporaryDirectory directory;
  const auto outcome =
      run_app("generate", {"--assignment", "--compat", "cmu2025"}, directory.path());
  CHECK(outcome.exit_code == 0);
  for (const std::string name :
       {"generated-sentence-temp-0.txt", "generated-sentence-temp-1.txt"}) {
    const auto text = read_text(directory.path() / name);
    CHECK_THAT(text, StartsWith("I have wanted to see this thriller for a while, and it didn't "
                                "disappoint. Keanu Reeves, playing the hero John Wick, is "));
    CHECK(text.size() > 200);
  }
}

TEST_CASE("apps: a sentence is classified from the command line, a file, or standard input") {
  const TemporaryDirectory directory;
  const std::string sentence = "A dull , overlong mess .";
  const auto given = run_app("classify_sst", {sentence}, directory.path());
  CHECK(given.exit_code == 0);
  CHECK_THAT(given.out,
             Catch::Matchers::Matches("(awful|bad|average|good|excellent)  0\\.[0-9]+\n"));
  CHECK(run_app("classify_sst", {}, directory.path(), sentence).out == given.out);
  CHECK(run_app("classify_sst", {}, directory.path(), "\n" + sentence + "\r\n\n").out ==
        "\n" + given.out + "\n");
  directory.file("lines.txt", sentence + "\n" + sentence + "\n");
  CHECK(run_app("classify_sst", {"-f", "lines.txt"}, directory.path()).out ==
        given.out + given.out);

  const auto json = run_app("classify_cfimdb", {"--json", "A \"fine\" film ."}, directory.path());
  CHECK_THAT(json.out, Catch::Matchers::Matches(
                           "\\{\"label\":[01],\"name\":\"(bad|good)\",\"probability\":0\\.[0-9]+,"
                           "\"text\":\"A \\\\\"fine\\\\\" film \\.\"\\}\n"));
}

TEST_CASE("apps: a data set is classified into the assignment's files") {
  const TemporaryDirectory directory;
  directory.file("dev.txt", kSst);
  const auto outcome = run_app(
      "classify_sst",
      {"--option", "prompt", "--compat", "cmu2025", "--batch_size", "10", "--dev", "dev.txt"},
      directory.path());
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, StartsWith("dev: 2 sentences, accuracy "));
  const auto predictions = read_text(directory.path() / "sst-dev-prompting-output.txt");
  CHECK_THAT(predictions,
             contains(" ||| It 's a lovely film . Is this movie awful, bad, average, good, or "
                      "excellent? This movie is \n"));
  CHECK(lines_in(predictions) == 2);

  const auto named =
      run_app("classify_sst", {"--test", "dev.txt", "--test-out", "mine.txt"}, directory.path());
  CHECK(named.exit_code == 0);
  CHECK(lines_in(read_text(directory.path() / "mine.txt")) == 2);
}

TEST_CASE("apps: --help names every option with its default, and examples") {
  const TemporaryDirectory directory;
  for (const std::string app : {"generate", "classify_sst", "classify_cfimdb", "convert"}) {
    const auto help = run_app(app, {"--help"}, directory.path());
    CHECK(help.exit_code == 0);
    CHECK_THAT(help.out, contains("--model"));
    CHECK_THAT(help.out, contains("(default: "));
    CHECK_THAT(help.out, contains("Examples:"));
    CHECK_THAT(run_app(app, {"--version"}, directory.path()).out, StartsWith("minillama "));
  }
}

TEST_CASE("apps: options that cannot be used are refused with exit code 2") {
  const TemporaryDirectory directory;
  directory.file("dev.txt", kSst);
  const auto refused = [&](const std::string& app, std::vector<std::string> arguments,
                           const std::string& message) {
    check_refused(app, arguments, 2, message, directory);
  };
  refused("generate", {"--bogus"}, "unknown option --bogus: --help lists all");
  refused("generate", {"--tempp", "1"}, "unknown option --tempp: did you mean --temp?");
  refused("classify_sst", {"--lora_rnak=3"}, "did you mean --lora-rank?");
  refused("generate", {"-z"}, "unknown option -z");
  refused("generate", {"-p"}, "p");
  refused("generate", {"-p", "x", "--temp", "nan"}, "temperature is nan");
  refused("generate", {"-p", "x", "--temp", "-1"}, "temperature is -1");
  refused("generate", {"-p", "x", "--temp", "warm"}, "--temp is \"warm\", must be a number");
  refused("generate", {"-p", "x", "--top-p", "1.5"}, "top-p is 1.5");
  refused("generate", {"-p", "x", "--top-k", "-3"}, "top-k is -3");
  refused("generate", {"-p", "x", "--min-p", "2"}, "min-p is 2");
  refused("generate", {"-p", "x", "--epsilon", "1e999"}, "--epsilon is \"1e999\"");
  refused("generate", {"-p", "x", "-n", "-1"}, "max-new-tokens is -1");
  refused("generate", {"-p", "x", "-n", "99999999999999999999"}, "--max-new-tokens is");
  refused("generate", {"-p", "x", "-n", "3x"}, "--max-new-tokens is \"3x\", must be an integer");
  refused("generate", {"-p", "x", "--seed", "-1"}, "--seed is -1");
  refused("generate", {"-p", "x", "--threads", "0"}, "threads is 0");
  refused("generate", {"-p", "x", "--threads", "9999999999"}, "threads is");
  refused("generate", {"-p", "x", "--device", "tpu"}, "device is \"tpu\"");
  refused("generate", {"-p", "x", "--attention", "some"}, "--attention is \"some\"");
  refused("generate", {"-p", "x", "--compat", "cmu2024"}, "--compat is \"cmu2024\"");
  refused("generate", {"-p", "caf\xe9"}, "UTF-8");
  refused("generate", {"stray"}, "unexpected argument \"stray\"");
  refused("generate", {"-p", "x", "-f", "dev.txt"}, "--file does not go with --prompt");
  refused("generate", {"-p", "x", "--weights", "q3"}, "--weights is \"q3\"");
  refused("generate", {"-p", "x", "--weights", "q8_0", "--use-gpu"},
          "--weights does not go with --use-gpu");
  refused("generate", {"--each-line", "-f", "dev.txt", "--batch-size", "0"}, "batch-size is 0");
  refused("generate", {"-p", "x", "--each-line"}, "--each-line does not go with --prompt");
  std::string endless;
  for (int i = 0; i < 1100; ++i) endless += "film ";
  refused("generate", {"-p", endless}, "the model's context 1024");
  refused("classify_sst", {"--option", "pray", "x"}, "--option is \"pray\"");
  refused("classify_sst",
          {"--option", "prompt", "--compat", "cmu2025", "--batch-size", "0", "--dev", "dev.txt"},
          "batch-size is 0");
  refused("classify_sst", {"--option", "prompt", "--attention", "full", "x"}, "causal");
  refused("classify_sst", {"caf\xe9"}, "UTF-8");
  refused("classify_sst", {"--calibrate", "x"}, "--calibrate goes with --option prompt");
  refused("classify_sst", {"--label-names", "dev.txt", "x"}, "--label-names goes with");
  refused("classify_sst", {"--template", "{sentence} It is", "x"}, "--template goes with");
  refused("classify_sst", {"--option", "prompt", "--template", "", "x"}, "exactly once");
  refused("convert", {}, "--out is missing");
  refused("convert", {"--out", "x", "--dtype", "f8"}, "--dtype is \"f8\"");
}

TEST_CASE("apps: files that cannot be used are refused with exit code 3") {
  const TemporaryDirectory directory;
  const auto model = repository_file("checkpoints/reviews").string();
  const auto tokenizer = model + "/tokenizer.model";
  const auto refused = [&](std::vector<std::string> arguments, const std::string& message) {
    arguments.insert(arguments.begin(), {"-p", "x"});
    check_refused("generate", arguments, 3, message, directory);
  };
  std::filesystem::create_directory(directory.path() / "dir");
  directory.file("empty", "");
  directory.file("page.html", "<!DOCTYPE html><html><body>Not found</body></html>");
  directory.file("half.pt",
                 read_text(repository_file("tests/reference/tiny_layernorm.pt")).substr(0, 20000));
  directory.file("half.model", read_text(tokenizer).substr(0, 60000));
  for (const std::string name : {"config.json", "model.safetensors"}) {
    const auto content = read_text(model + "/" + name);
    const auto broken = directory.path() / ("broken-" + name);
    std::filesystem::create_directory(broken);
    for (const std::string other : {"config.json", "model.safetensors", "tokenizer.model"}) {
      std::filesystem::create_symlink(model + "/" + other, broken / (other + ""));
    }
    std::filesystem::remove(broken / name);
    directory.file("broken-" + name + "/" + name, content.substr(0, content.size() / 2));
  }
  refused({"-m", "absent.pt"}, "absent.pt: no such file");
  refused({"-m", "dir"}, "dir: is a directory without config.json");
  refused({"-m", "empty"}, "empty: is empty");
  refused({"-m", "page.html"}, "page.html: ");
  refused({"-m", "half.pt"}, "half.pt: ");
  refused({"-m", "/dev/null"}, "/dev/null: is not a regular file");
  refused({"-m", "broken-config.json"}, "config.json: not valid JSON");
  refused({"-m", "broken-model.safetensors"}, "model.safetensors: ");
  refused({"-m", repository_file("tests/reference/tiny_layernorm.pt").string()},
          "no tokenizer.json or tokenizer.model or tokenizer.bin beside it");
  refused({"--tokenizer", "absent.model"}, "absent.model: no such file");
  refused({"--tokenizer", "dir"}, "dir: is a directory");
  refused({"--tokenizer", "page.html"}, "page.html: ");
  refused({"--tokenizer", "half.model"}, "half.model: ");
  refused({"--tokenizer", repository_file("tests/reference/bpe.model").string()},
          "tokens, but the model");
  refused({"-m", repository_file("tests/reference/torch_save_finetuned.pt").string()},
          "holds no model_args");

  const auto bad_data = [&](const std::string& content, const std::string& message) {
    directory.file("bad.txt", content);
    check_refused("classify_sst", {"--dev", "bad.txt"}, 3, message, directory);
  };
  bad_data("3 ||| fine .\nno separator\n", "bad.txt:2: ");
  bad_data("9 ||| fine .\n", "bad.txt:1: ");
  bad_data("x ||| fine .\n", "bad.txt:1: ");
  bad_data("3 ||| \xff\xfe\n", "bad.txt:1: ");
  bad_data("", "bad.txt: is empty");
  check_refused("classify_sst", {"--dev", "absent.txt"}, 3, "absent.txt: no such file", directory);
  check_refused("classify_sst", {"--option", "prompt", "--label-names", "bad.txt", "x"}, 3,
                "bad.txt", directory);
}

TEST_CASE("apps: what the system refuses to write ends with exit code 4") {
  const TemporaryDirectory directory;
  directory.file("dev.txt", kSst);
  const auto outcome = run_app("classify_sst", {"--dev", "dev.txt", "--dev-out", "absent/out.txt"},
                               directory.path());
  CHECK(outcome.exit_code == 4);
  CHECK_THAT(outcome.err, contains("absent: cannot write: No such file"));
  check_refused("convert", {"--out", "absent/x.gguf", "--to", "gguf"}, 4, "absent: cannot write",
                directory);
  check_refused("convert", {"--out", "dev.txt"}, 2, "is or lies in a file", directory);
}

TEST_CASE("apps: threads are limited by the processors, by OMP_NUM_THREADS and by --threads") {
  const TemporaryDirectory directory;
  const std::vector<std::string> arguments{"-p",           "This",   "-n", "200",
                                           "--ignore-eos", "--temp", "0"};
  const auto with = [&](std::vector<std::string> more,
                        const std::vector<std::string>& environment) {
    more.insert(more.begin(), arguments.begin(), arguments.end());
    return run_app("generate", more, directory.path(), "", {}, environment);
  };
  const auto alone = with({"-t", "1"}, {});
  REQUIRE(alone.exit_code == 0);
  const auto many = with({"-t", "1000"}, {});
  CHECK(many.exit_code == 0);
  CHECK(many.out == alone.out);
  CHECK_THAT(many.err, contains("--threads 1000: "));
  // One thread takes no more processor time than there is.
  for (const auto* value : {"1", "1,4"}) {
    const auto start = std::chrono::steady_clock::now();
    const auto one = with({}, {std::string("OMP_NUM_THREADS=") + value});
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    CHECK(one.out == alone.out);
    CHECK(one.cpu_seconds <= 1.02 * elapsed.count() + 0.05);
  }
}
