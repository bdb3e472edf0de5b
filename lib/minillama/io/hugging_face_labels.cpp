#include "minillama/io/hugging_face_labels.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/hugging_face_architectures.h"

namespace minillama {
namespace {

constexpr const char* kNames = "id2label";
constexpr const char* kNumbers = "label2id";

/// transformers' names of labels that have none.
std::vector<std::string> numbered_names(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back(fmt::format("LABEL_{}", i));
  return names;
}

std::vector<std::string> read_names(const Json& json, const std::filesystem::path& path) {
  JsonObject(json, path).object(kNames);  // is one
  const Json& labels = json.at(kNames);
  std::vector<std::string> names;
  while (names.size() < labels.size()) {
    const auto key = std::to_string(names.size());
    const auto found = labels.find(key);
    if (found == labels.end()) {
      throw FileError(path, fmt::format("field \"{}\" names {} labels, but none with the number {}",
                                        kNames, labels.size(), key));
    }
    if (!found->is_string()) {
      throw FileError(path, fmt::format("field \"{}\": label {} is {}, must be a text", kNames, key,
                                        shown(*found)));
    }
    names.push_back(found->get<std::string>());
  }
  return names;
}

/// Refuses numbers that "label2id" gives to other labels than "id2label" does. Names of its own,
/// which transformers leaves there when labels are renamed, say nothing.
void check_numbers(const Json& json, const std::vector<std::string>& names,
                   const std::filesystem::path& path) {
  if (!JsonObject(json, path).has(kNumbers)) return;
  JsonObject(json, path).object(kNumbers);  // is one
  for (const auto& [name, number] : json.at(kNumbers).items()) {
    const auto label = std::ranges::find(names, name);
    if (label == names.end() || number == label - names.begin()) continue;
    throw FileError(
        path, fmt::format("field \"{}\" gives {} the number {}, \"{}\" the number {}", kNumbers,
                          quote(name), shown(number), kNames, label - names.begin()));
  }
}

}  // namespace

bool is_hugging_face_classifier(const Json& json) {
  const auto names = json.find("architectures");
  if (names == json.end() || !names->is_array()) return false;
  return std::ranges::any_of(*names, [](const Json& name) {
    return std::ranges::any_of(architectures(), [&](const Architecture& architecture) {
      return name == architecture.classifier_name;
    });
  });
}

HuggingFaceLabels read_hugging_face_labels(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  if (fields.has("problem_type")) {
    const auto problem = fields.string("problem_type");
    if (problem != "single_label_classification") {
      throw FileError(path, fmt::format("field \"problem_type\" is {}; a classifier of one label, "
                                        "\"single_label_classification\", is what is read",
                                        quote(problem)));
    }
  }
  // As transformers: the names say how many labels there are, else the number does, else two.
  constexpr std::int64_t kMostLabels = 1 << 20;
  const auto count = fields.has("num_labels") ? fields.integer("num_labels") : 2;
  if (!fields.has(kNames) && (count < 0 || count > kMostLabels)) {
    throw FileError(path, fmt::format("field \"num_labels\" is {}", count));
  }
  HuggingFaceLabels labels{.names =
                               fields.has(kNames) ? read_names(json, path) : numbered_names(count)};
  if (labels.names.size() < 2) {
    throw FileError(path,
                    fmt::format("has {} labels, at least 2 are needed: with one, transformers "
                                "means a number and no class",
                                labels.names.size()));
  }
  check_numbers(json, labels.names, path);
  if (fields.has("pad_token_id")) {
    labels.pad_id = std::max<std::int64_t>(fields.integer("pad_token_id"), -1);
  }
  return labels;
}

void write_hugging_face_labels(const HuggingFaceLabels& labels, Json& json) {
  Json names = Json::object();
  Json numbers = Json::object();
  for (std::size_t i = 0; i < labels.names.size(); ++i) {
    names[std::to_string(i)] = labels.names[i];
    numbers[labels.names[i]] = i;
  }
  json[kNames] = std::move(names);
  json[kNumbers] = std::move(numbers);
  json["problem_type"] = "single_label_classification";
  json["pad_token_id"] = labels.pad_id < 0 ? Json() : Json(labels.pad_id);
}

}  // namespace minillama
