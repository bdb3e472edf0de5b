#include "minillama/data/json_line.h"

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

Json parse_json_object(std::string_view line, const std::filesystem::path& path,
                       std::size_t number) {
  auto object = parse_json_line(line, path, number);
  if (object.is_object()) return object;
  throw FileError(path, number,
                  fmt::format("{} is no JSON object; each line must be one", shown(object)));
}

const Json& json_field(const Json& object, const std::string& name,
                       const std::filesystem::path& path, std::size_t number) {
  const auto found = object.find(name);
  if (found != object.end()) return *found;
  throw FileError(path, number, fmt::format("field {} is missing", quote(name)));
}

std::string json_string(const Json& object, const std::string& name,
                        const std::filesystem::path& path, std::size_t number) {
  const Json& value = json_field(object, name, path, number);
  if (value.is_string()) return value.get<std::string>();
  throw FileError(path, number,
                  fmt::format("field {} is {}, must be a string", quote(name), shown(value)));
}

}  // namespace minillama
