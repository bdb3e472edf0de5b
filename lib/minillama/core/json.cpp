#include "minillama/core/json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/rotary_json.h"

namespace minillama {

namespace {

/// Why a text is no JSON, and at which of its bytes that shows, where that is known.
struct JsonProblem {
  std::string problem;
  std::optional<std::size_t> at = {};
};

Json parse(std::string_view text, const Json::parser_callback_t& filter) {
  try {
    return Json::parse(text, filter);
  } catch (const nlohmann::json::parse_error& error) {
    const auto at = error.byte > 0 ? error.byte - 1 : 0;  // of the last byte that was read
    if (at >= text.size()) throw JsonProblem{"not valid JSON: it ends too early"};
    const auto begin = text.substr(0, at).rfind('\n') + 1;  // npos + 1 is 0
    throw JsonProblem{fmt::format("not valid JSON at byte {} of the line: {}", at - begin,
                                  quote(text.substr(at), 20)),
                      at};
  } catch (const nlohmann::json::exception&) {
    throw JsonProblem{"not valid JSON: it holds a number that is too large"};
  }
}

}  // namespace

Json parse_json(std::string_view text, const std::filesystem::path& path,
                const Json::parser_callback_t& filter) {
  try {
    return parse(text, filter);
  } catch (const JsonProblem& found) {
    if (!found.at) throw FileError(path, found.problem);
    const auto before = text.substr(0, *found.at);
    const auto line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
    throw FileError(path, line, found.problem);
  }
}

Json parse_json_line(std::string_view line, const std::filesystem::path& path, std::size_t number) {
  try {
    return parse(line, nullptr);
  } catch (const JsonProblem& found) {
    throw FileError(path, number, found.problem);
  }
}

std::string shown(const Json& value) {
  constexpr std::size_t kMost = 80;
  const auto text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.size() <= kMost ? text : text.substr(0, kMost) + "…";
}

JsonObject::JsonObject(const Json& value, const std::filesystem::path& path)
    : value_(value), path_(path) {
  if (!value.is_object()) throw FileError(path, "a JSON object was expected");
}

bool JsonObject::has(std::string_view key) const {
  const auto found = value_.find(std::string(key));
  return found != value_.end() && !found->is_null();
}

bool JsonObject::is_null(std::string_view key) const {
  const auto found = value_.find(std::string(key));
  return found != value_.end() && found->is_null();
}

const Json& JsonObject::at(std::string_view key, std::string_view type,
                           bool (Json::*is_type)() const noexcept) const {
  if (!has(key)) throw FileError(path_, fmt::format("field {} is missing", quote(key)));
  const Json& field = value_.at(std::string(key));
  if (!(field.*is_type)()) {
    throw FileError(path_,
                    fmt::format("field {} is {}, must be {}", quote(key), shown(field), type));
  }
  return field;
}

std::int64_t JsonObject::integer(std::string_view key) const {
  const Json& field = at(key, "an integer", &Json::is_number_integer);
  if (field.is_number_unsigned() && field.get<std::uint64_t>() > INT64_MAX) {
    throw FileError(path_, fmt::format("field {} is {}: too large", quote(key), shown(field)));
  }
  return field.get<std::int64_t>();
}

double JsonObject::number(std::string_view key) const {
  return at(key, "a number", &Json::is_number).get<double>();
}

double JsonObject::any_number(std::string_view key) const {
  const auto found = value_.find(std::string(key));
  if (found == value_.end() || !found->is_string()) return number(key);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto& text = found->get_ref<const std::string&>();
  if (text == "inf") return kInfinity;
  if (text == "-inf") return -kInfinity;
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  return number(key);
}

bool JsonObject::boolean(std::string_view key) const {
  return at(key, "true or false", &Json::is_boolean).get<bool>();
}

std::string JsonObject::string(std::string_view key) const {
  return at(key, "a string", &Json::is_string).get<std::string>();
}

std::vector<std::string> JsonObject::strings(std::string_view key) const {
  std::vector<std::string> out;
  for (const Json& item : at(key, "a list of strings", &Json::is_array)) {
    if (!item.is_string()) {
      throw FileError(path_, fmt::format("field {} holds {}, must be a list of strings", quote(key),
                                         shown(item)));
    }
    out.push_back(item.get<std::string>());
  }
  return out;
}

std::vector<std::int64_t> JsonObject::integers(std::string_view key) const {
  std::vector<std::int64_t> out;
  for (const Json& item : at(key, "a list of integers", &Json::is_array)) {
    if (!item.is_number_integer()) {
      throw FileError(path_, fmt::format("field {} holds {}, must be a list of integers",
                                         quote(key), shown(item)));
    }
    out.push_back(item.get<std::int64_t>());
  }
  return out;
}

JsonObject JsonObject::object(std::string_view key) const {
  return {at(key, "an object", &Json::is_object), path_};
}

void JsonObject::allow_only(std::initializer_list<std::string_view> known) const {
  for (const auto& [key, unused] : value_.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw FileError(path_, fmt::format("unknown field {}", quote(key)));
    }
  }
}

Json number_to_json(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

void write_model_config(const ModelConfig& config, Json& out) {
  out["dim"] = config.dim;
  out["n_layers"] = config.n_layers;
  out["n_heads"] = config.n_heads;
  out["n_kv_heads"] = config.n_kv_heads;
  out["hidden_dim"] = config.hidden_dim;
  out["vocab_size"] = config.vocab_size;
  out["max_seq_len"] = config.max_seq_len;
  out["norm"] = to_string(config.norm);
  out["norm_eps"] = config.norm_eps;
  out["attention"] = to_string(config.attention);
  out["rope_theta"] = config.rope_theta;
  out["dropout"] = config.dropout;
  out["tie_word_embeddings"] = config.tied_embeddings;
  // What most models are like is not said, so that their files stay as they were.
  if (config.head_dim * config.n_heads != config.dim) out["head_dim"] = config.head_dim;
  if (config.rope_scaling.kind != "default") out["rope_scaling"] = to_json(config.rope_scaling);
  if (config.positions != "rope") out["positions"] = config.positions;
  if (config.rotary_share != 1) out["rotary_share"] = config.rotary_share;
  if (config.qkv_bias) out["qkv_bias"] = true;
  if (config.output_bias) out["output_bias"] = true;
  if (config.qk_norm) out["qk_norm"] = true;
}

std::int64_t read_head_dim(const JsonObject& fields, const std::filesystem::path& path) {
  if (!fields.has("head_dim")) return 0;
  const auto head_dim = fields.integer("head_dim");
  if (head_dim >= 2 && head_dim % 2 == 0) return head_dim;
  throw FileError(path,
                  fmt::format("field \"head_dim\" is {}, must be even and at least 2", head_dim));
}

ModelConfig read_model_config(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  const auto flag = [&](std::string_view key) { return fields.has(key) && fields.boolean(key); };
  try {
    return ModelConfig{
        .dim = fields.integer("dim"),
        .n_layers = fields.integer("n_layers"),
        .n_heads = fields.integer("n_heads"),
        .n_kv_heads = fields.integer("n_kv_heads"),
        .head_dim = read_head_dim(fields, path),
        .hidden_dim = fields.integer("hidden_dim"),
        .vocab_size = fields.integer("vocab_size"),
        .max_seq_len = fields.integer("max_seq_len"),
        .norm_eps = fields.number("norm_eps"),
        .rope_theta = fields.number("rope_theta"),
        .rope_scaling = fields.has("rope_scaling")
                            ? read_rotary_scaling(json.at("rope_scaling"), path, "rope_scaling")
                            : RotaryScaling{},
        .positions = fields.has("positions") ? fields.string("positions") : "rope",
        .rotary_share = fields.has("rotary_share") ? fields.number("rotary_share") : 1,
        .dropout = fields.number("dropout"),
        .norm = norm_kind(fields.string("norm")),
        .attention = attention_kind(fields.string("attention")),
        .tied_embeddings = fields.boolean("tie_word_embeddings"),
        .qkv_bias = flag("qkv_bias"),
        .output_bias = flag("output_bias"),
        .qk_norm = flag("qk_norm")}
        .resolved();
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
}

}  // namespace minillama
