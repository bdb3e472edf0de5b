#pragma once

// Not part of the public interface: the only header that shows nlohmann-json.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "minillama/core/model_config.h"

namespace minillama {

using Json = nlohmann::ordered_json;

/// Parses JSON text that came from `path`. Throws FileError on anything but one well-formed value.
/// `filter`, if given, sees every part and says whether it is kept.
Json parse_json(std::string_view text, const std::filesystem::path& path,
                const Json::parser_callback_t& filter = nullptr);

/// The same of one line of a file, whose number errors name.
Json parse_json_line(std::string_view line, const std::filesystem::path& path, std::size_t number);

/// A value as messages show it: its JSON text, in ASCII and no longer than a line has room for.
std::string shown(const Json& value);

/// The fields of a JSON object from `path`, read with checks: every getter throws FileError naming
/// the file, the field and its value if the field is absent (and no default is given) or of another
/// type. Numbers are never silently converted: 1.5 is no integer.
class JsonObject {
 public:
  JsonObject(const Json& value, const std::filesystem::path& path);

  bool has(std::string_view key) const;      ///< present and not null
  bool is_null(std::string_view key) const;  ///< present and null
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  /// A number that may be infinite or undefined, as number_to_json() writes it.
  double any_number(std::string_view key) const;
  bool boolean(std::string_view key) const;
  std::string string(std::string_view key) const;
  std::vector<std::string> strings(std::string_view key) const;
  std::vector<std::int64_t> integers(std::string_view key) const;
  JsonObject object(std::string_view key) const;

  /// Throws FileError if there is a field whose name is not among `known`.
  void allow_only(std::initializer_list<std::string_view> known) const;

 private:
  const Json& at(std::string_view key, std::string_view type,
                 bool (Json::*is_type)() const noexcept) const;

  const Json& value_;
  const std::filesystem::path& path_;
};

/// A number as JSON; "inf", "-inf" and "nan", for which JSON has no number, as text.
Json number_to_json(double value);

/// The field "head_dim", 0 if it is absent. Throws FileError if no head can have that width.
std::int64_t read_head_dim(const JsonObject& fields, const std::filesystem::path& path);

/// The fields of a config.json that describe the model itself.
void write_model_config(const ModelConfig& config, Json& out);

/// Reads the fields that write_model_config() writes; resolved. Throws FileError.
ModelConfig read_model_config(const Json& json, const std::filesystem::path& path);

}  // namespace minillama
