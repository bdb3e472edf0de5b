#include "minillama/checkpoint/model_json.h"

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/weights/adapter_kinds.h"
#include "minillama/weights/lora_options.h"

namespace minillama {

Json to_json(const ClassifierConfig& config) {
  Json json{{"labels", config.label_names},
            {"pooling", to_string(config.pooling)},
            {"template", config.sentence_template},
            {"dropout", config.dropout}};
  if (config.pad_id >= 0) json["pad_id"] = config.pad_id;
  if (config.temperature != 1) json["temperature"] = config.temperature;
  return json;
}

ClassifierConfig read_classifier_config(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  fields.allow_only({"labels", "pooling", "template", "dropout", "pad_id", "temperature"});
  try {
    ClassifierConfig config{
        .label_names = fields.strings("labels"),
        .pooling = pooling_kind(fields.string("pooling")),
        .sentence_template = fields.string("template"),
        .dropout = fields.number("dropout"),
        .pad_id = fields.has("pad_id") ? fields.integer("pad_id") : -1,
        .temperature = fields.has("temperature") ? fields.number("temperature") : 1};
    config.validate();
    return config;
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
}

Json to_json(const AdapterOptions& options) {
  const Json fields = kind_of(options).to_json(options);
  if (options.kind() == LoraOptions::kKind) return fields;
  Json json{{"kind", options.kind()}};
  json.update(fields);
  return json;
}

AdapterOptions read_adapter_options(const Json& json, const std::filesystem::path& path) {
  const JsonObject object(json, path);
  const auto name = object.has("kind") ? object.string("kind") : std::string(LoraOptions::kKind);
  const auto* kind = find_adapter_kind(name);
  if (kind == nullptr)
    throw FileError(path, fmt::format("adapter kind {} is not known", quote(name)));
  Json fields = json;
  fields.erase("kind");
  auto options = kind->read(fields, path);
  try {
    options.validate();
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
  return options;
}

}  // namespace minillama
