#include "common/sentences.h"

#include <unistd.h>

#include <iostream>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"
#include "minillama/io/mapped_file.h"

namespace minillama::app {
namespace {

void classify_sentence(SentenceClassifier& classifier, const std::string& sentence, bool json) {
  const auto [label, name, probability] = classifier.classify(sentence);
  if (json) {
    const nlohmann::ordered_json line{
        {"label", label}, {"name", name}, {"probability", probability}, {"text", sentence}};
    std::cout << line.dump() << std::endl;
  } else {
    fmt::print("{}  {:.2f}\n", name, probability);
    std::fflush(stdout);
  }
}

/// Classifies line by line, blank ones left out.
void classify_lines(SentenceClassifier& classifier, std::istream& in,
                    const std::filesystem::path& name, bool json) {
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (utf8_valid_prefix(line) != line.size()) throw FileError(name, number, "invalid UTF-8");
    if (line.find_first_not_of(" \t") != std::string::npos) {
      classify_sentence(classifier, line, json);
    }
  }
}

}  // namespace

void classify_sentences(SentenceClassifier& classifier, const Arguments& arguments, bool quiet) {
  const bool json = arguments.is_set("json");
  if (!arguments.positional().empty()) {
    for (const auto& sentence : arguments.positional()) {
      classify_sentence(classifier, sentence, json);
    }
  } else if (arguments.given("file")) {
    const MappedFile file(arguments.text("file"));
    std::istringstream in{std::string(as_text(file.bytes()))};
    classify_lines(classifier, in, file.path(), json);
  } else {
    if (::isatty(STDIN_FILENO) != 0 && !quiet) {
      fmt::print(stderr, "Type sentences, one a line; Ctrl-D ends.\n");
    }
    classify_lines(classifier, std::cin, "standard input", json);
  }
}

}  // namespace minillama::app
