#include "minillama/text/labelled_sentences.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/core/utf8.h"
#include "minillama/io/mapped_file.h"

namespace minillama {
namespace {

constexpr std::string_view kSeparator = " ||| ";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view strip(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r\x1C\x1D\x1E\x1F";
  const std::size_t first = std::min(text.find_first_not_of(kSpaces), text.size());
  const std::size_t end = text.find_last_not_of(kSpaces) + 1;  // npos + 1 is 0
  return text.substr(first, std::max(first, end) - first);
}

/// What is wrong with a line, for the caller to say where.
struct LineError {
  std::string problem;
};

std::int64_t parse_label(std::string_view text, std::int64_t n_labels) {
  text = strip(text);
  std::int64_t label = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), label);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) {
    throw LineError{fmt::format("label {} is not an integer", quote(text))};
  }
  if (error != std::errc() || label < 0 || label >= n_labels) {
    throw LineError{fmt::format("label {} lies outside 0 to {}", quote(text), n_labels - 1)};
  }
  return label;
}

LabelledSentence parse_line(std::string_view line, std::int64_t n_labels) {
  const std::size_t valid = utf8_valid_prefix(line);
  if (valid != line.size()) {
    throw LineError{fmt::format("not UTF-8 at byte {} of the line", valid)};
  }
  if (line.find('\0') != std::string_view::npos) throw LineError{"holds a NUL byte"};
  if (strip(line).empty()) throw LineError{"is blank"};
  const std::size_t separator = line.find(kSeparator);
  if (separator == std::string_view::npos) {
    throw LineError{fmt::format("no \" ||| \" between label and sentence: {}", quote(line))};
  }
  const std::string_view sentence = line.substr(separator + kSeparator.size());
  // Python's `label, sentence = line.split(" ||| ")` fails here too.
  if (sentence.find(kSeparator) != std::string_view::npos) {
    throw LineError{fmt::format("more than one \" ||| \": {}", quote(line))};
  }
  const std::int64_t label = parse_label(line.substr(0, separator), n_labels);
  if (strip(sentence).empty()) throw LineError{"the sentence is empty"};
  return {std::string(strip(sentence)), label};
}

/// The content of a text file without its byte order mark.
std::string_view text_of(const MappedFile& file) {
  std::string_view text = as_text(file.bytes());
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

}  // namespace

std::vector<LabelledSentence> read_labelled_sentences(const std::filesystem::path& path,
                                                      std::int64_t n_labels) {
  const MappedFile file(path);
  std::string_view rest = text_of(file);
  std::vector<LabelledSentence> sentences;
  for (std::size_t line = 1; !strip(rest).empty(); ++line) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    try {
      sentences.push_back(parse_line(rest.substr(0, end), n_labels));
    } catch (const LineError& error) {
      throw FileError(path, line, error.problem);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (sentences.empty()) throw FileError(path, "holds no sentence");
  return sentences;
}

std::vector<std::string> read_label_names(const std::filesystem::path& path) {
  const MappedFile file(path);
  const Json json = parse_json(text_of(file), path);
  if (!json.is_array()) throw FileError(path, "must be a JSON list of label names");
  std::vector<std::string> names;
  for (const Json& item : json) {
    if (!item.is_string() || strip(item.get_ref<const std::string&>()).empty()) {
      throw FileError(
          path, fmt::format("label name {} is not a string with text in it", quote(item.dump())));
    }
    const auto& name = item.get_ref<const std::string&>();
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      throw FileError(path, fmt::format("label name {} is there twice", quote(name)));
    }
    names.push_back(name);
  }
  if (names.size() < 2) {
    throw FileError(path, fmt::format("names {} labels, at least 2 are needed", names.size()));
  }
  return names;
}

}  // namespace minillama
