#include "minillama/checkpoint/model_json.h"

#include "minillama/core/error.h"

namespace minillama {

Json to_json(const ClassifierConfig& config) {
  return {{"labels", config.label_names},
          {"pooling", to_string(config.pooling)},
          {"template", config.sentence_template},
          {"dropout", config.dropout}};
}

ClassifierConfig read_classifier_config(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  fields.allow_only({"labels", "pooling", "template", "dropout"});
  try {
    ClassifierConfig config{.label_names = fields.strings("labels"),
                            .pooling = pooling_kind(fields.string("pooling")),
                            .sentence_template = fields.string("template"),
                            .dropout = fields.number("dropout")};
    config.validate();
    return config;
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
}

Json to_json(const LoraOptions& options) {
  return {{"rank", options.rank},
          {"alpha", options.alpha},
          {"dropout", options.dropout},
          {"targets", options.targets}};
}

LoraOptions read_lora_options(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  fields.allow_only({"rank", "alpha", "dropout", "targets"});
  LoraOptions options{.rank = fields.integer("rank"),
                      .alpha = fields.number("alpha"),
                      .dropout = fields.number("dropout"),
                      .targets = fields.strings("targets")};
  try {
    options.validate();
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
  return options;
}

}  // namespace minillama
