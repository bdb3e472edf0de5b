// Checkpoints under failures of the system: every call that changes a file fails once, or the
// program is killed there. tests/support/fail_injection.cpp is what makes them fail.

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "support/catch.h"
#include "support/counts.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

using Content = std::map<std::string, std::string>;

/// The files of a directory; without the lock of a trainer.
Content content_of(const std::filesystem::path& directory) {
  Content content;
  if (!std::filesystem::exists(directory)) return content;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    content[entry.path().filename()] = read_text(entry.path());
  }
  return content;
}

std::filesystem::path reference(const std::string& name) {
  return repository_file("tests/reference/formats" + name);
}

std::vector<std::string> convert_arguments(const std::string& model, const std::string& to,
                                           const std::string& out) {
  return {"-m",          reference(model),
          "--tokenizer", reference("_f32.gguf"),
          "--to",        to,
          "--out",       out,
          "--threads",   "1"};
}

/// Runs convert over what `prepare` leaves in a new directory, once for every call that can fail,
/// and looks with `check` at what is left; returns how often. `old_content` is before.
template <typename Prepare, typename Check>
std::size_t inject(const std::string& how, const std::vector<std::string>& arguments,
                   const Prepare& prepare, const Check& check) {
  for (std::size_t at = 1;; ++at) {
    const TemporaryDirectory directory;
    prepare(directory.path());
    const auto before = content_of(directory.path() / "m");
    const auto outcome =
        run_app("convert", arguments, directory.path(), "", {},
                {"LD_PRELOAD=" MINILLAMA_FAIL_INJECTION,
                 "MINILLAMA_FAIL_UNDER=" + std::filesystem::canonical(directory.path()).string(),
                 "MINILLAMA_FAIL_AT=" + std::to_string(at), "MINILLAMA_FAIL_HOW=" + how});
    if (outcome.exit_code == 0) return at - 1;
    INFO("call " << at << ": " << outcome.err);
    CHECK(outcome.exit_code == (how == "kill" ? 128 + 9 : 4));
    check(directory.path(), before, outcome);
    REQUIRE(at < 100);
  }
}

/// What a complete run writes into m.
Content complete(const std::string& model, const std::string& to) {
  const TemporaryDirectory directory;
  CHECK(run_app("convert", convert_arguments(model, to, "m"), directory.path()).exit_code == 0);
  return content_of(directory.path() / "m");
}

std::size_t temporaries(const Content& content) {
  std::size_t n = 0;
  for (const auto& [name, unused] : content) n += name.find(".tmp-") != std::string::npos ? 1 : 0;
  return n;
}

}  // namespace

TEST_CASE("crash safety: a checkpoint over one of the same model is the old or the new one") {
  // Same config and tokenizer, other weights, as a training run writes them: float16 rounds them.
  const auto arguments = convert_arguments("_hf_sharded", "dir", "m");
  const auto old_content = complete("_hf", "dir");
  const auto new_content = complete("_hf_sharded", "dir");
  REQUIRE(old_content.at("config.json") == new_content.at("config.json"));
  REQUIRE(old_content.at("model.safetensors") != new_content.at("model.safetensors"));
  const auto prepare = [&](const std::filesystem::path& directory) {
    std::filesystem::create_directory(directory / "m");
    for (const auto& [name, text] : old_content) {
      std::ofstream(directory / "m" / name, std::ios::binary) << text;
    }
  };
  for (const std::string how : {"error", "kill"}) {
    const auto n = inject(
        how, arguments, prepare, [&](const auto& directory, const auto&, const auto& outcome) {
          auto left = content_of(directory / "m");
          if (how == "error") {
            CHECK(temporaries(left) == 0);
            CHECK(lines_in(outcome.err) == 1);
          }
          for (const auto& [name, text] : left) {
            if (name.find(".tmp-") != std::string::npos) continue;
            INFO(name);
            CHECK((text == old_content.at(name) || text == new_content.at(name)));
          }
          for (const auto& [name, unused] : old_content) CHECK(left.contains(name));
          CHECK(run_app("generate", {"-m", "m", "-p", "the", "-n", "1", "--quiet"}, directory)
                    .exit_code == 0);
          // What was killed is cleaned up by whoever writes next.
          CHECK(run_app("convert", arguments, directory).exit_code == 0);
          CHECK((content_of(directory / "m") == new_content));
        });
    CHECK(n >= 12);
    count(how == "kill" ? "kills while a checkpoint was written"
                        : "failed system calls while a checkpoint was written",
          n);
  }
}

TEST_CASE(
    "crash safety: another model's checkpoint is replaced, or none is left, never a mixture") {
  const auto prepare = [&](const std::filesystem::path& directory) {
    CHECK(run_app("convert", {"--out", "m"}, directory).exit_code == 0);
  };
  const auto n =
      inject("kill", convert_arguments("_hf", "dir", "m"), prepare,
             [&](const auto& directory, const auto& before, const auto&) {
               auto left = content_of(directory / "m");
               const bool is_old = left.contains("config.json") &&
                                   left.at("config.json") == before.at("config.json");
               const auto read =
                   run_app("generate", {"-m", "m", "-p", "the", "-n", "1", "--quiet"}, directory);
               INFO(read.err);
               CHECK(read.exit_code == (left.contains("config.json") ? 0 : 3));
               if (is_old) {
                 CHECK(left.at("model.safetensors") == before.at("model.safetensors"));
               }
             });
  count("kills while a checkpoint was written", n);
}

TEST_CASE("crash safety: a file of any other format is there whole or not at all") {
  for (const std::string to : {"gguf", "pt", "llama2c"}) {
    for (const std::string how : {"error", "kill"}) {
      const auto n = inject(
          how, convert_arguments("_hf", to, "m"), [](const auto&) {},
          [&](const auto& directory, const auto&, const auto&) {
            if (!std::filesystem::exists(directory / "m")) return;
            CHECK(run_app("generate",
                          {"-m", "m", "--tokenizer", reference("_f32.gguf"), "-p", "the", "-n", "1",
                           "--quiet"},
                          directory)
                      .exit_code == 0);
          });
      count(how == "kill" ? "kills while a checkpoint was written"
                          : "failed system calls while a checkpoint was written",
            n);
    }
  }
}

TEST_CASE("crash safety: a second trainer on one directory is refused") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.path() / "run");
  directory.file("data.txt", "0 ||| A dull film .\n1 ||| A lovely film .\n");
  const int lock = ::open((directory.path() / "run" / ".lock").c_str(), O_RDWR | O_CREAT, 0600);
  REQUIRE(::flock(lock, LOCK_EX) == 0);
  const std::vector<std::string> arguments = {"--option", "finetune", "--train",   "data.txt",
                                              "--dev",    "data.txt", "--out-dir", "run",
                                              "--epochs", "1"};
  const auto refused = run_app("classify_cfimdb", arguments, directory.path());
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.err, contains("is in use by another program"));
  CHECK(lines_in(refused.err) == 1);
  ::close(lock);
  CHECK(run_app("classify_cfimdb", arguments, directory.path()).exit_code == 0);
}
