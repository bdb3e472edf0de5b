#include "minillama/checkpoint/adapter_base.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/checkpoint/peft_names.h"
#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/mapped_file.h"
#include "minillama/io/sha256.h"

namespace minillama {
namespace fs = std::filesystem;
namespace {

/// The files that a command brings, by their SHA-256.
constexpr std::array<std::pair<std::string_view, std::string_view>, 1> kFetched{{
    {"b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
     "scripts/fetch_assets.sh smollm2"},
}};

/// By which a base is told from others.
fs::path file_of(const fs::path& base) {
  std::error_code error;
  return fs::is_directory(base, error) ? base / "model.safetensors" : base;
}

bool has_size(const fs::path& base, std::uint64_t bytes) {
  std::error_code error;
  const auto path = file_of(base);
  return fs::is_regular_file(path, error) && fs::file_size(path, error) == bytes && !error;
}

/// Directories that are there, in which a base may lie that is not where its adapter says.
std::vector<fs::path> places_of(const fs::path& directory) {
  std::vector<fs::path> places;
  const auto add = [&](const fs::path& place) {
    std::error_code error;
    const auto normal = place.lexically_normal();
    if (!fs::is_directory(normal, error)) return;
    if (std::ranges::find(places, normal) != places.end()) return;
    places.push_back(normal);
  };
  std::error_code error;
  const auto adapter = (fs::absolute(directory, error) / "").lexically_normal().parent_path();
  add(adapter.parent_path());
  const char* data = std::getenv("MINILLAMA_DATA");
  if (data != nullptr && *data != '\0') add(fs::absolute(data, error));
  const auto add_above = [&](fs::path above, std::initializer_list<const char*> names) {
    for (; !above.empty(); above = above.parent_path()) {
      for (const auto* name : names) add(above / name);
      if (above == above.root_path()) break;
    }
  };
  add_above(adapter.parent_path(), {"checkpoints", "data"});
  for (const auto* name : {"checkpoints", "data"}) add(fs::current_path(error) / name);
  add_above(fs::read_symlink("/proc/self/exe", error).parent_path(),
            {"checkpoints", "share/minillama/checkpoints"});
  return places;
}

/// `name` in a directory and in those in it.
std::vector<fs::path> files_named(const std::string& name, const fs::path& place) {
  std::vector<fs::path> files{place / name};
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(place, error)) {
    if (entry.is_directory(error)) files.push_back(entry.path() / name);
  }
  std::ranges::sort(files.begin() + 1, files.end());
  return files;
}

std::string quoted(const fs::path& path) {
  return quote(path.native(), 400);
}

}  // namespace

AdapterBase read_adapter_base(std::string path, const std::map<std::string, std::string>& metadata,
                              const fs::path& tensors) {
  AdapterBase base{.path = std::move(path)};
  const auto found = metadata.find(kPeftBase);
  if (found == metadata.end()) return base;
  const Json json = parse_json(found->second, tensors);
  const JsonObject fields(json, tensors);
  fields.allow_only({"name", "bytes", "sha256"});
  const auto name = fields.string("name");
  const auto bytes = fields.integer("bytes");
  const auto digits = fields.string("sha256");
  if (name.empty() || fs::path(name).filename() != name || name == "." || name == "..") {
    throw FileError(tensors,
                    fmt::format("{}: name is {}, which is no file's", kPeftBase, quote(name)));
  }
  if (bytes < 1) {
    throw FileError(tensors, fmt::format("{}: bytes is {}, must be positive", kPeftBase, bytes));
  }
  if (digits.size() != 64 || digits.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw FileError(tensors, fmt::format("{}: sha256 is {}, must be 64 hexadecimal digits",
                                         kPeftBase, quote(digits)));
  }
  base.file = BaseFile{.name = name, .bytes = static_cast<std::uint64_t>(bytes), .sha256 = digits};
  return base;
}

void describe_base(const fs::path& directory, const std::string& path,
                   std::map<std::string, std::string>& metadata) {
  std::error_code error;
  auto base = (directory / path).lexically_normal();  // the directory may be absent yet
  if (!base.has_filename()) base = base.parent_path();
  const bool has_name = base.filename() != "." && base.filename() != "..";
  if (path.empty() || !has_name || !fs::is_regular_file(file_of(base), error)) return;
  const MappedFile file(file_of(base));
  const Json json{{"name", base.filename().native()},
                  {"bytes", file.bytes().size()},
                  {"sha256", sha256(file.bytes())}};
  metadata.emplace(kPeftBase, json.dump());
}

fs::path find_base(const fs::path& directory, const AdapterBase& base) {
  const auto config = directory / kPeftConfig;
  if (base.path.empty()) {
    throw FileError(config, "field \"base_model_name_or_path\" names no model");
  }
  const auto recorded = (directory / base.path).lexically_normal();
  std::error_code error;
  if (!base.file) {
    if (fs::exists(recorded, error)) return recorded;
    throw FileError(config,
                    fmt::format("its base {} is not at {}: put it there, or add the "
                                "adapter to it with convert -m BASE --adapter {}",
                                quote(base.path, 400), quoted(recorded), quoted(directory)));
  }
  const auto& [name, bytes, digits] = *base.file;
  if (has_size(recorded, bytes)) return recorded;
  std::string others;
  if (fs::exists(recorded, error)) others += fmt::format("; {} is another file", quoted(recorded));
  std::vector<std::string> looked_in;
  for (const auto& place : places_of(directory)) {
    looked_in.push_back(quoted(place));
    for (const auto& file : files_named(name, place)) {
      if (!fs::exists(file, error)) continue;
      if (has_size(file, bytes) && sha256(MappedFile(file_of(file)).bytes()) == digits) return file;
      others += fmt::format("; {} is another file", quoted(file));
    }
  }
  const auto* fetched = std::ranges::find(kFetched, digits, &decltype(kFetched)::value_type::first);
  throw FileError(
      config,
      fmt::format("its base {} ({} bytes, SHA-256 {}) is neither at {} nor in {}{}; {}",
                  quote(name), bytes, digits, quoted(recorded), fmt::join(looked_in, ", "), others,
                  fetched == kFetched.end() ? "MINILLAMA_DATA names a directory that holds it"
                                            : fmt::format("{} brings it", fetched->second)));
}

}  // namespace minillama
