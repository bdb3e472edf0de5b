#include "minillama/checkpoint/hugging_face_classifier.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/hugging_face_config.h"
#include "minillama/io/hugging_face_labels.h"
#include "minillama/text/sentence_template.h"

namespace minillama {
namespace {

/// The id of a piece; -1 if there is none.
std::int64_t id_of(const Tokenizer& tokenizer, std::string_view piece) {
  for (std::int64_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (tokenizer.piece(id) == piece) return id;
  }
  return -1;
}

/// What transformers is to pad with, which `tokenizer_config` names from now on; -1 if there is
/// nothing.
std::int64_t choose_padding(const ClassifierConfig& config, const Tokenizer& tokenizer,
                            Json& tokenizer_config) {
  auto named = tokenizer_config.value("pad_token", Json());
  if (named.is_object()) named = named.value("content", Json());
  auto pad = config.pad_id;
  if (pad < 0 && named.is_string()) pad = id_of(tokenizer, named.get<std::string>());
  if (pad < 0) pad = tokenizer.eos_id();
  if (pad < 0) return pad;
  const auto behind = SentenceTemplate(config.sentence_template).ids_behind(tokenizer);
  if (config.pad_id < 0 && !behind.empty() && behind.back() == pad) {
    throw OptionError(
        fmt::format("the classifier's template ends with {}, which transformers would "
                    "pad with: it would pool the token in front of it",
                    quote(tokenizer.piece(pad))));
  }
  if (named.is_null()) tokenizer_config["pad_token"] = tokenizer.piece(pad);
  return pad;
}

}  // namespace

std::optional<ClassifierConfig> read_hugging_face_classifier(const Json& json,
                                                             const std::filesystem::path& path) {
  if (!is_hugging_face_classifier(json)) return {};
  auto [names, pad_id] = read_hugging_face_labels(json, path);
  ClassifierConfig config{.label_names = std::move(names),
                          .pooling = PoolingKind::last,
                          .dropout = 0,
                          .pad_id = pad_id};
  const JsonObject fields(json, path);
  if (fields.has(kOurField)) {
    const auto ours = fields.object(kOurField);
    ours.allow_only({"template", "dropout", "temperature"});
    config.sentence_template = ours.string("template");
    config.dropout = ours.number("dropout");
    if (ours.has("temperature")) config.temperature = ours.number("temperature");
  }
  try {
    config.validate();
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
  return config;
}

void require_hugging_face_classifier(const StoredModel& model) {
  if (model.classifier->pooling != PoolingKind::last) {
    throw OptionError(
        fmt::format("a Hugging Face classifier pools the last token; this one's "
                    "pooling is {}",
                    to_string(model.classifier->pooling)));
  }
  for (const TensorRecord& record : model.head) {
    if (!record.name.ends_with(".bias")) continue;
    std::vector<float> bias(static_cast<std::size_t>(element_count(record)));
    to_floats(record, bias.data());
    for (const float value : bias) {
      if (value == 0) continue;
      throw OptionError(
          fmt::format("a Hugging Face classifier's head has no bias; this one's holds "
                      "{:.6g}",
                      value));
    }
  }
}

void write_hugging_face_classifier(const ClassifierConfig& config, const Tokenizer& tokenizer,
                                   Json& json, Json& tokenizer_config) {
  const auto pad = choose_padding(config, tokenizer, tokenizer_config);
  write_hugging_face_labels({.names = config.label_names, .pad_id = pad}, json);
  json[kOurField] = {{"template", config.sentence_template}, {"dropout", config.dropout}};
  if (config.temperature != 1) json[kOurField]["temperature"] = config.temperature;
}

}  // namespace minillama
