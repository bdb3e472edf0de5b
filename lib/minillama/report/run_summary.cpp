#include "minillama/report/run_summary.h"

#include <cstddef>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"

namespace minillama {
namespace {

Json facts_to_json(const std::vector<RunFact>& facts) {
  auto json = Json::array();
  for (const auto& [name, value] : facts) json.push_back({{"name", name}, {"value", value}});
  return json;
}

Json curve_to_json(const RunCurve& curve) {
  auto points = Json::array();
  for (const auto& [x, y] : curve.points) {
    points.push_back({{"x", number_to_json(x)}, {"y", number_to_json(y)}});
  }
  return {{"figure", curve.figure},
          {"name", curve.name},
          {"x_name", curve.x_name},
          {"points", std::move(points)}};
}

const Json& list(const Json& json, const char* key, const std::filesystem::path& path) {
  if (json.contains(key) && json.at(key).is_array()) return json.at(key);
  throw FileError(path, fmt::format("has no list {}: it is no run's summary", quote(key)));
}

std::vector<RunFact> facts_of(const Json& json, const char* key,
                              const std::filesystem::path& path) {
  std::vector<RunFact> facts;
  for (const auto& fact : list(json, key, path)) {
    const JsonObject fields(fact, path);
    facts.push_back({fields.string("name"), fields.string("value")});
  }
  return facts;
}

RunCurve curve_of(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  RunCurve curve{.figure = fields.string("figure"),
                 .name = fields.string("name"),
                 .x_name = fields.string("x_name")};
  for (const auto& point : list(json, "points", path)) {
    const JsonObject place(point, path);
    curve.points.push_back({place.any_number("x"), place.any_number("y")});
  }
  return curve;
}

}  // namespace

std::string to_json(const RunSummary& summary) {
  Json json{{"name", summary.name}, {"title", summary.title}};
  auto& figures = json["figures"] = Json::array();
  for (const auto& [name, value] : summary.figures) {
    figures.push_back({{"name", name}, {"value", number_to_json(value)}});
  }
  auto& curves = json["curves"] = Json::array();
  for (const auto& curve : summary.curves) curves.push_back(curve_to_json(curve));
  json["settings"] = facts_to_json(summary.settings);
  json["machine"] = facts_to_json(summary.machine);
  // What is no UTF-8, as a path's name may be, is replaced.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

RunSummary run_summary_from_json(std::string_view text, const std::filesystem::path& path) {
  const Json json = parse_json(text, path);
  const JsonObject fields(json, path);
  RunSummary summary{.name = fields.string("name"), .title = fields.string("title")};
  for (const auto& figure : list(json, "figures", path)) {
    const JsonObject number(figure, path);
    summary.figures.push_back({number.string("name"), number.any_number("value")});
  }
  for (const auto& curve : list(json, "curves", path)) {
    summary.curves.push_back(curve_of(curve, path));
  }
  summary.settings = facts_of(json, "settings", path);
  summary.machine = facts_of(json, "machine", path);
  return summary;
}

}  // namespace minillama
