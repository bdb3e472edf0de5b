#include "minillama/text/labelled_sentences.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"

namespace minillama {
namespace {

constexpr std::string_view kSeparator = " ||| ";

}  // namespace

std::string_view strip(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r\x1C\x1D\x1E\x1F";
  const std::size_t first = std::min(text.find_first_not_of(kSpaces), text.size());
  const std::size_t end = text.find_last_not_of(kSpaces) + 1;  // npos + 1 is 0
  return text.substr(first, std::max(first, end) - first);
}

LabelledLine split_labelled_line(std::string_view line, const std::filesystem::path& path,
                                 std::size_t number) {
  const auto refuse = [&](std::string_view problem) { throw FileError(path, number, problem); };
  if (const auto problem = problem_of_line(line); !problem.empty()) refuse(problem);
  if (strip(line).empty()) refuse("is blank");
  const std::size_t separator = line.find(kSeparator);
  if (separator == std::string_view::npos) {
    refuse(fmt::format("no \" ||| \" between label and sentence: {}", quote(line)));
  }
  const std::string_view sentence = line.substr(separator + kSeparator.size());
  // Python's `label, sentence = line.split(" ||| ")` fails here too.
  if (sentence.find(kSeparator) != std::string_view::npos) {
    refuse(fmt::format("more than one \" ||| \": {}", quote(line)));
  }
  return {line.substr(0, separator), sentence};
}

std::int64_t parse_label(std::string_view text, std::int64_t n_labels,
                         const std::filesystem::path& path, std::size_t number) {
  text = strip(text);
  std::int64_t label = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), label);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) {
    throw FileError(path, number, fmt::format("label {} is not an integer", quote(text)));
  }
  if (error != std::errc() || label < 0 || label >= n_labels) {
    throw FileError(path, number,
                    fmt::format("label {} lies outside 0 to {}", quote(text), n_labels - 1));
  }
  return label;
}

std::vector<LabelledSentence> read_labelled_sentences(const std::filesystem::path& path,
                                                      std::int64_t n_labels) {
  return parse_labelled_sentences(TextFile(path), n_labels);
}

std::vector<LabelledSentence> parse_labelled_sentences(const TextFile& file,
                                                       std::int64_t n_labels) {
  std::string_view rest = file.text();
  std::vector<LabelledSentence> sentences;
  for (std::size_t line = 1; !strip(rest).empty(); ++line) {
    const auto parts = split_labelled_line(take_line(rest), file.path(), line);
    const auto label = parse_label(parts.label, n_labels, file.path(), line);
    const auto sentence = strip(parts.sentence);
    if (sentence.empty()) throw FileError(file.path(), line, "the sentence is empty");
    sentences.push_back({std::string(sentence), label});
  }
  if (sentences.empty()) throw FileError(file.path(), "holds no sentence");
  return sentences;
}

std::vector<std::string> read_label_names(const std::filesystem::path& path) {
  const TextFile file(path);
  const auto& name_of_file = file.path();
  const Json json = parse_json(file.text(), name_of_file);
  if (!json.is_array()) throw FileError(name_of_file, "must be a JSON list of label names");
  std::vector<std::string> names;
  for (const Json& item : json) {
    if (!item.is_string() || strip(item.get_ref<const std::string&>()).empty()) {
      throw FileError(name_of_file,
                      fmt::format("label name {} is not a string with text in it", shown(item)));
    }
    const auto& name = item.get_ref<const std::string&>();
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      throw FileError(name_of_file, fmt::format("label name {} is there twice", quote(name)));
    }
    names.push_back(name);
  }
  if (names.size() < 2) {
    throw FileError(name_of_file,
                    fmt::format("names {} labels, at least 2 are needed", names.size()));
  }
  return names;
}

}  // namespace minillama
