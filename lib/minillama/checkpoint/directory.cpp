#include "minillama/checkpoint/directory.h"

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/mapped_file.h"
#include "minillama/io/safetensors.h"

namespace minillama {
namespace {

constexpr std::string_view kModelType = "minillama";
constexpr std::int64_t kVersion = 1;

}  // namespace

ModelConfig read_config_file(const std::filesystem::path& path) {
  const MappedFile file(path);
  const Json json = parse_json(as_text(file.bytes()), path);
  const JsonObject fields(json, path);
  if (const auto type = fields.string("model_type"); type != kModelType) {
    throw FileError(
        path, fmt::format("field \"model_type\" is {}, must be \"{}\"", quote(type), kModelType));
  }
  if (const auto version = fields.integer("version"); version != kVersion) {
    throw FileError(path, fmt::format("field \"version\" is {}, this program reads version {}",
                                      version, kVersion));
  }
  return read_model_config(json, path);
}

StoredModel open_directory(const std::filesystem::path& directory) {
  const auto config = directory / "config.json";
  if (!std::filesystem::exists(config)) {
    throw FileError(directory, "is a directory without config.json, so no checkpoint");
  }
  const auto path = directory / "model.safetensors";
  StoredModel stored{.path = path, .config = read_config_file(config)};
  const auto file = std::make_shared<SafetensorsFile>(path);
  stored.tensors = file->tensors();
  stored.file = file;
  return stored;
}

void write_directory(const std::filesystem::path& directory, const ModelConfig& config,
                     std::span<const TensorRecord> tensors, std::string_view tokenizer) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw IoError(directory, "cannot create", error.value());

  write_safetensors(directory / "model.safetensors", tensors, {{"format", "pt"}});
  write_file(directory / "tokenizer.model", tokenizer);
  Json json;
  json["model_type"] = kModelType;
  json["version"] = kVersion;
  write_model_config(config, json);
  write_file(directory / "config.json", json.dump(2) + "\n");
}

}  // namespace minillama
