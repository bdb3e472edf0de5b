#include "minillama/checkpoint/adapter_base.h"

#include <stdlib.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "minillama/core/json.h"
#include "minillama/io/sha256.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;
namespace fs = std::filesystem;

namespace {

const std::string kContent = "weights";

AdapterBase known_base(const std::string& path) {
  return {.path = path,
          .file = BaseFile{
              .name = "base.gguf", .bytes = kContent.size(), .sha256 = sha256(as_bytes(kContent))}};
}

/// Sets MINILLAMA_DATA, or takes it away, while it lives.
class Data {
 public:
  explicit Data(const fs::path& path) {
    if (const char* before = std::getenv("MINILLAMA_DATA")) before_ = before;
    set(path.empty() ? std::nullopt : std::optional(path.native()));
  }
  ~Data() { set(before_); }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

 private:
  static void set(const std::optional<std::string>& value) {
    if (value) {
      ::setenv("MINILLAMA_DATA", value->c_str(), 1);
    } else {
      ::unsetenv("MINILLAMA_DATA");
    }
  }
  std::optional<std::string> before_;
};

/// Directories with an adapter's among them: work/runs/adapter.
struct Place {
  Place() { fs::create_directories(adapter()); }

  fs::path adapter() const { return root.path() / "work" / "runs" / "adapter"; }
  fs::path file(const std::string& name, const std::string& content = kContent) const {
    fs::create_directories((root.path() / name).parent_path());
    return root.file(name, content);
  }
  std::string error(const AdapterBase& base) const {
    return test::file_error([&] { find_base(adapter(), base); });
  }

  test::TemporaryDirectory root;
};

}  // namespace

TEST_CASE("adapter base: what lies where the adapter says is taken") {
  const Data data("");
  const Place place;
  const auto there = place.file("work/runs/base.gguf");
  CHECK(find_base(place.adapter(), {.path = "../base.gguf"}) == there);
  CHECK(find_base(place.adapter(), known_base("../base.gguf")) == there);
  CHECK(find_base(place.adapter(), {.path = there}) == there);
  CHECK(find_base(place.adapter(), {.path = ".."}) == place.adapter().parent_path() / "");
  // Its bytes are not read: only the size tells that it is another file.
  CHECK(find_base(place.adapter(), known_base("../base.gguf")) ==
        place.file("work/runs/base.gguf", std::string(kContent.size(), 'x')));
}

TEST_CASE("adapter base: a known file is found in each place by its checksum") {
  for (const std::string name :
       {"work/runs/base.gguf", "work/runs/other/base.gguf", "work/checkpoints/base.gguf",
        "work/data/base.gguf", "work/data/smollm2/base.gguf", "data/base.gguf",
        "elsewhere/base.gguf", "elsewhere/smollm2/base.gguf", "here/checkpoints/base.gguf",
        "here/data/x/base.gguf"}) {
    INFO(name);
    const Place place;
    const auto there = place.file(name);
    fs::create_directory(place.root.path() / "here");
    const auto before = fs::current_path();
    fs::current_path(place.root.path() / "here");
    const Data data(place.root.path() / "elsewhere");
    CHECK(test::file_error([&] {
            CHECK(find_base(place.adapter(), known_base("../absent/base.gguf")) == there);
          }) == "accepted");
    fs::current_path(before);
  }
}

TEST_CASE("adapter base: a directory is known by its model.safetensors") {
  const Data data("");
  const Place place;
  place.file("work/base/model.safetensors");
  std::map<std::string, std::string> metadata;
  describe_base(place.adapter(), "../../base/", metadata);
  const auto base = read_adapter_base("../../base", metadata, "t");
  REQUIRE(base.file);
  CHECK(base.file->name == "base");
  CHECK(base.file->sha256 == sha256(as_bytes(kContent)));
  CHECK(find_base(place.adapter(), base) == place.root.path() / "work/base");
  fs::create_directory(place.root.path() / "work/data");
  fs::rename(place.root.path() / "work/base", place.root.path() / "work/data/base");
  CHECK(find_base(place.adapter(), base) == place.root.path() / "work/data/base");
  place.file("work/data/base/model.safetensors", "other");
  CHECK_THAT(place.error(base), contains("/work/data/base\" is another file"));
  // What has no name, or no such file, is known by its path alone.
  for (const std::string path : {"../..", ".", "../../data"}) {
    metadata.clear();
    describe_base(place.adapter(), path, metadata);
    CHECK(metadata.empty());
  }
}

TEST_CASE("adapter base: another file of that name is passed over, and named if there is none") {
  const Data data("");
  const Place place;
  const auto same_size = place.file("work/runs/base.gguf", std::string(kContent.size(), 'x'));
  const auto shorter = place.file("work/data/base.gguf", "x");
  const auto recorded = place.file("work/here.gguf", "y");
  const auto error = place.error(known_base("../../here.gguf"));
  CHECK_THAT(error, contains("adapter_config.json: its base \"base.gguf\" (7 bytes, SHA-256 " +
                             sha256(as_bytes(kContent)) + ")"));
  for (const auto& file : {same_size, shorter, recorded}) {
    CHECK_THAT(error, contains("\"" + file.native() + "\" is another file"));
  }
  CHECK_THAT(error, contains("\"" + (place.root.path() / "work" / "data").native() + "\""));
  CHECK_THAT(error, contains("MINILLAMA_DATA names a directory that holds it"));
  const auto right = place.file("work/data/smollm2/base.gguf");
  CHECK(find_base(place.adapter(), known_base("../../here.gguf")) == right);
}

TEST_CASE("adapter base: an absent one is named, with the command that brings it") {
  const Data data("");
  const Place place;
  CHECK_THAT(place.error({}), contains("\"base_model_name_or_path\" names no model"));
  CHECK_THAT(place.error({.path = "../reviews"}), contains("its base \"../reviews\" is not at"));
  CHECK_THAT(place.error({.path = std::string(5000, 'x')}), contains("its base"));
  const AdapterBase smollm2{
      .path = "../../data/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
      .file =
          BaseFile{.name = "not-there.gguf",
                   .bytes = 98362432,
                   .sha256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"}};
  CHECK_THAT(place.error(smollm2), contains("scripts/fetch_assets.sh smollm2 brings it"));
}

TEST_CASE("adapter base: what is written of a file is read, and lies are refused") {
  const Place place;
  const auto base = place.file("work/runs/base.gguf");
  std::map<std::string, std::string> metadata;
  describe_base(place.adapter(), "../absent.gguf", metadata);
  describe_base(place.adapter(), "..", metadata);
  CHECK(metadata.empty());
  describe_base(place.adapter().parent_path() / "to be made", "../base.gguf", metadata);
  const auto read = read_adapter_base("../base.gguf", metadata, "adapter.safetensors");
  CHECK(read.path == "../base.gguf");
  CHECK(read.file == known_base("").file);
  CHECK_FALSE(read_adapter_base("x", {}, "adapter.safetensors").file);

  const auto good = Json::parse(metadata.at("minillama.base"));
  const auto complaint = [&](const std::string& field, const Json& value) {
    Json changed = good;
    changed[field] = value;
    return test::file_error([&] {
      read_adapter_base("x", {{"minillama.base", changed.dump()}}, "a.safetensors");
    });
  };
  CHECK(complaint("bytes", 5) == "accepted");
  for (const auto* name : {"", "..", ".", "../base.gguf", "/etc/passwd", "a/b"}) {
    CHECK_THAT(complaint("name", name), contains("which is no file's"));
  }
  CHECK_THAT(complaint("name", 5), contains("\"name\""));
  CHECK_THAT(complaint("bytes", 0), contains("bytes is 0"));
  CHECK_THAT(complaint("bytes", 1.5), contains("\"bytes\""));
  CHECK_THAT(complaint("sha256", std::string(64, 'G')), contains("must be 64 hexadecimal digits"));
  CHECK_THAT(complaint("sha256", "abc"), contains("must be 64 hexadecimal digits"));
  CHECK_THAT(complaint("url", "https://x"), contains("\"url\""));
  CHECK_THAT(test::file_error([&] {
               read_adapter_base("x", {{"minillama.base", "{"}}, "a.safetensors");
             }),
             contains("a.safetensors"));
}
