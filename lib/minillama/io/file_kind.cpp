#include "minillama/io/file_kind.h"

#include <algorithm>
#include <string>

#include "minillama/core/error.h"

namespace minillama {

void refuse_failed_download(Bytes bytes, const std::filesystem::path& path) {
  std::string_view text = as_text(bytes.first(std::min<std::size_t>(bytes.size(), 256)));
  if (text.starts_with("version https://git-lfs")) {
    throw FileError(path, "is a git-lfs pointer, not the file itself (try: git lfs pull)");
  }
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  std::string start(text.substr(0, 14));
  std::transform(start.begin(), start.end(), start.begin(),
                 [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (start.starts_with("<!doctype html") || start.starts_with("<html")) {
    throw FileError(path, "is a web page: the download went wrong");
  }
}

void refuse_other_kind(Bytes bytes, const std::filesystem::path& path) {
  const std::string_view text = as_text(bytes);
  const auto first = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if (text.size() > 8 && text[8] == '{') {
    throw FileError(path, "is a safetensors file: give the directory with its config.json");
  }
  if (text.substr(first).starts_with('{') || text.substr(first).starts_with('[')) {
    throw FileError(path, "is JSON, and no model");
  }
  // As Tokenizer::load() tells them apart.
  const bool is_sentencepiece = byte(0) == 0x0A && byte(1) != 0 && byte(2) == 0x0A;
  const bool is_llama2c_tokenizer = text.size() > 12 && byte(0) != 0 && byte(2) == 0 &&
                                    byte(3) == 0 && byte(10) == 0 && byte(11) == 0;
  if (is_sentencepiece || (is_llama2c_tokenizer && path.filename().native().starts_with("tok"))) {
    throw FileError(path, "is a tokenizer; a model is needed here");
  }
  throw FileError(path,
                  "is of no format that is read: those are directories with config.json, Python's "
                  "torch.save, llama2.c's .bin and GGUF");
}

}  // namespace minillama
