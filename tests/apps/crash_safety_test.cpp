// Checkpoints under failures of the system: every call that changes a file fails once, or the
// program is killed there. tests/support/fail_injection.cpp is what makes them fail.

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <map>
#include <set>

#include "support/catch.h"
#include "support/counts.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

using Content = std::map<std::string, std::string>;

/// The files of a directory.
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
          "--threads",   "1",
          "--force"};
}

/// Runs convert over `before`, the files of the directory m, once for every call that can fail, and
/// has `check` look at the directory and at what is left in m. Returns how often.
template <typename Check>
std::size_t inject(const std::string& how, const std::vector<std::string>& arguments,
                   const Content& before, const Check& check) {
  for (std::size_t at = 1;; ++at) {
    const TemporaryDirectory directory;
    if (!before.empty()) std::filesystem::create_directory(directory.path() / "m");
    for (const auto& [name, text] : before) directory.file("m/" + name, text);
    const auto outcome =
        run_app("convert", arguments, directory.path(), "", {},
                {"LD_PRELOAD=" MINILLAMA_FAIL_INJECTION,
                 // A program with AddressSanitizer wants to be the first library.
                 "ASAN_OPTIONS=verify_asan_link_order=0:alloc_dealloc_mismatch=0",
                 "MINILLAMA_FAIL_UNDER=" + std::filesystem::canonical(directory.path()).string(),
                 "MINILLAMA_FAIL_AT=" + std::to_string(at), "MINILLAMA_FAIL_HOW=" + how});
    if (outcome.exit_code == 0) {
      count(how == "kill" ? "kills while a checkpoint was written"
                          : "failed system calls while a checkpoint was written",
            at - 1);
      return at - 1;
    }
    INFO("call " << at << ": " << outcome.err);
    CHECK(outcome.exit_code == (how == "kill" ? 128 + 9 : 4));
    CHECK(lines_in(outcome.err) == (how == "kill" ? 0 : 1));
    check(directory.path(), content_of(directory.path() / "m"));
    REQUIRE(at < 100);
  }
}

/// What a complete run writes into m.
Content complete(const std::vector<std::string>& arguments) {
  const TemporaryDirectory directory;
  CHECK(run_app("convert", arguments, directory.path()).exit_code == 0);
  return content_of(directory.path() / "m");
}

bool is_temporary(const std::string& name) {
  return name.find(".tmp-") != std::string::npos;
}

/// Whether `files` without temporary ones are those of `expected`.
bool is_content(Content files, const Content& expected) {
  std::erase_if(files, [](const auto& file) { return is_temporary(file.first); });
  return files == expected;
}

}  // namespace

TEST_CASE("crash safety: a checkpoint over one of the same model is the old or the new one") {
  // Same config and tokenizer, other weights, as a training run writes them.
  const auto arguments = convert_arguments("_hf_sharded", "dir", "m");
  const auto before = complete(convert_arguments("_hf", "dir", "m"));
  const auto after = complete(arguments);
  REQUIRE(before.at("config.json") == after.at("config.json"));
  REQUIRE(before.at("model.safetensors") != after.at("model.safetensors"));
  for (const std::string how : {"error", "kill"}) {
    std::set<std::string> cleaned;
    const auto n = inject(how, arguments, before, [&](const auto& directory, const auto& left) {
      CHECK((is_content(left, before) || is_content(left, after)));
      for (const auto& [name, unused] : left) {
        if (!is_temporary(name)) continue;
        CHECK(how == "kill");
        // Whoever writes next cleans up; looked at once for each file.
        if (!cleaned.insert(name.substr(0, name.find(".tmp-"))).second) continue;
        CHECK(run_app("convert", arguments, directory).exit_code == 0);
        CHECK((content_of(directory / "m") == after));
      }
    });
    CHECK(n >= 15);
    CHECK(cleaned.size() == (how == "kill" ? 3 : 0));
  }
}

TEST_CASE("crash safety: of another model's checkpoint and the new one there is never a mixture") {
  const auto arguments = convert_arguments("_hf", "dir", "m");
  const auto before = complete({"--out", "m"});
  const auto after = complete(arguments);
  inject("kill", arguments, before, [&](const auto& directory, const auto& left) {
    if (left.contains("config.json")) {
      CHECK((is_content(left, before) || is_content(left, after)));
    } else {
      CHECK(run_app("generate", {"-m", "m", "-p", "the", "-n", "1"}, directory).exit_code == 3);
    }
  });
}

TEST_CASE("crash safety: a new checkpoint is complete or says that it is not") {
  for (const std::string to : {"dir", "hf"}) {
    const auto arguments = convert_arguments("_hf", to, "m");
    const auto after = complete(arguments);
    inject("kill", arguments, {}, [&](const auto&, const auto& left) {
      CHECK((!left.contains("config.json") || is_content(left, after)));
    });
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
