#include "common/settings_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/atomic_file.h"
#include "minillama/text/text_file.h"

namespace minillama::app {
namespace {

/// A value as it stands on a command line; nothing if it says that the option is not given.
std::vector<std::string> words_of(const std::string& name, const Json& value,
                                  const std::filesystem::path& path) {
  if (value.is_null() || value == false) return {};
  if (value == true) return {"--" + name};
  if (value.is_string()) return {fmt::format("--{}={}", name, value.get<std::string>())};
  if (value.is_number()) return {fmt::format("--{}={}", name, value.dump())};
  throw FileError(path, fmt::format("{} is {}, must be a text, a number, true, false or a list of "
                                    "texts and numbers",
                                    quote(name), shown(value)));
}

/// Its text or, if that is a number as JSON writes it, the number, which is easier to edit.
Json value_of(const std::string& text) {
  const auto number = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return number.is_number() && number.dump() == text ? number : Json(text);
}

}  // namespace

std::vector<std::string> read_settings(const std::filesystem::path& path) {
  const TextFile file(path);
  std::vector<std::string> names;  // as they stand there: an object has each but once
  const auto note_name = [&](int depth, Json::parse_event_t event, Json& name) {
    if (depth == 1 && event == Json::parse_event_t::key) names.push_back(name);
    return true;
  };
  const auto settings = parse_json(file.text(), file.path(), note_name);
  if (!settings.is_object()) {
    throw FileError(path, fmt::format("is {}, must be an object of options", shown(settings)));
  }
  std::vector<std::string> words;
  for (const auto& [name, value] : settings.items()) {
    if (!is_setting(name)) throw FileError(path, fmt::format("{} is no setting", quote(name)));
    if (std::ranges::count(names, name) > 1) {
      throw FileError(path, fmt::format("{} is there twice", quote(name)));
    }
    for (const auto& one : value.is_array() ? value : Json::array({value})) {
      const auto more = words_of(name, one, path);
      words.insert(words.end(), more.begin(), more.end());
    }
  }
  return words;
}

void write_settings(const std::filesystem::path& directory, const Arguments& arguments) {
  const std::vector<std::string> left_out{"out-dir", "resume", "force", "quiet"};
  Json settings = Json::object();
  for (const auto& name : arguments.all_given()) {
    if (!is_setting(name) || std::ranges::find(left_out, name) != left_out.end()) continue;
    const auto values = arguments.texts(name);
    if (!arguments.takes_value(name)) {
      settings[name] = true;
    } else if (values.size() == 1) {
      settings[name] = value_of(values.front());
    } else {
      settings[name] = values;
    }
  }
  write_file(directory / "settings.json", settings.dump(2) + '\n');
}

bool is_setting(const std::string& name) {
  const std::vector<std::string> others{"settings", "help", "version", "man", "completion"};
  const bool is_name = !name.empty() && name.find('=') == std::string::npos;
  return is_name && std::ranges::find(others, name) == others.end();
}

}  // namespace minillama::app
