#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace minillama {

/// What tells a file from others of its name; of a directory, its model.safetensors.
struct BaseFile {
  std::string name = {};    ///< "SmolLM2-135M-Instruct.Q4_1.gguf"
  std::uint64_t bytes = 0;  ///< its size
  std::string sha256 = {};  ///< 64 hexadecimal digits in lower case

  bool operator==(const BaseFile&) const = default;
};

/// The model that an adapter changes, as the adapter's directory names it.
struct AdapterBase {
  std::string path = {};              ///< seen from that directory: "../reviews"; "" if unknown
  std::optional<BaseFile> file = {};  ///< of a base that is one file, or a directory with one
};

/// Reads both: "base_model_name_or_path" of adapter_config.json, and "minillama.base" among the
/// metadata of the file of tensors, which PEFT passes over:
///
///     {"name": "SmolLM2-135M-Instruct.Q4_1.gguf", "bytes": 98362432, "sha256": "b179…"}
///
/// Throws FileError naming the file and the field.
///
/// @param path          "base_model_name_or_path"
/// @param tensors       the file that `metadata` is of
AdapterBase read_adapter_base(std::string path, const std::map<std::string, std::string>& metadata,
                              const std::filesystem::path& tensors);

/// Adds what read_adapter_base() reads of the base `path`, seen from `directory`, if that is a
/// file or a directory with model.safetensors. Its bytes are read. Throws IoError.
void describe_base(const std::filesystem::path& directory, const std::string& path,
                   std::map<std::string, std::string>& metadata);

/// Where the base of the adapter in `directory` is. At the path that the adapter names it is taken
/// as it is or, of a known file, if it has the size of that file. A known file that is not there is
/// looked for by its name beside the directory, in $MINILLAMA_DATA, in checkpoints/ and data/ of
/// every directory above the adapter and of the working directory, and where the models that ship
/// lie: in checkpoints/ and share/minillama/checkpoints/ of every directory above the program; in
/// each of them also one directory down. It is taken if its SHA-256 is the adapter's. Throws
/// FileError naming the base and where it was looked for.
std::filesystem::path find_base(const std::filesystem::path& directory, const AdapterBase& base);

}  // namespace minillama
