#include "minillama/text/tokenizer_kind.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

/// What `text_of` says of each kind, with `separator` in between.
template <typename TextOf>
std::string each_kind(std::string_view separator, const TextOf& text_of) {
  std::vector<std::string> texts;
  for (const auto& kind : tokenizer_kinds()) texts.push_back(text_of(kind));
  return fmt::format("{}", fmt::join(texts, separator));
}

}  // namespace

const TokenizerKind& kind_of_file(std::string_view content, const std::filesystem::path& path) {
  // What a failed download leaves behind.
  const std::size_t first = content.find_first_not_of(" \t\r\n");
  const std::string_view text = content.substr(std::min(first, content.size()));
  if (text.starts_with("version https://git-lfs")) {
    throw FileError(path, "is a git-lfs pointer: the tokenizer itself was not fetched");
  }
  if (text.starts_with("<")) {
    throw FileError(path, "is an HTML or XML page: was the download refused?");
  }
  for (const auto& kind : tokenizer_kinds()) {
    if (kind.recognises(content)) return kind;
  }
  if (text.starts_with("{")) {
    const auto needed = [](const auto& kind) {
      return fmt::format("a {} {}", kind.name, kind.file);
    };
    throw FileError(path, fmt::format("is JSON; {} is needed", each_kind(" or ", needed)));
  }
  const auto formats = [](const auto& kind) { return std::string(kind.formats); };
  throw FileError(path, fmt::format("is neither {} nor a GGUF file", each_kind(" nor ", formats)));
}

const TokenizerKind& kind_of_gguf(const GgufMetadata& file) {
  constexpr const char* kModel = "tokenizer.ggml.model";
  if (!file.has(kModel)) throw FileError(file.path(), "holds no tokenizer: name one");
  const auto model = file.text(kModel);
  for (const auto& kind : tokenizer_kinds()) {
    if (kind.gguf_model == model) return kind;
  }
  const auto name = [](const auto& known) {
    return fmt::format("{} ({})", quote(known.gguf_model), known.name);
  };
  throw FileError(file.path(), fmt::format("its tokenizer is of the kind {}; only {} is read",
                                           quote(model), each_kind(" or ", name)));
}

const TokenizerKind& trained_kind(std::string_view name) {
  std::vector<std::string_view> known;
  for (const auto& kind : tokenizer_kinds()) {
    if (kind.train == nullptr) continue;
    if (kind.name == name) return kind;
    known.push_back(kind.name);
  }
  throw OptionError(fmt::format("no tokenizer of the kind {} can be made, only {}", quote(name),
                                fmt::join(known, " or ")));
}

}  // namespace minillama
