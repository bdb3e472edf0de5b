#include "minillama/io/file_kind.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/safetensors.h"

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

void refuse_quantized_tensor(std::string_view name, const std::filesystem::path& path) {
  for (const std::string_view end : {".qweight", ".qzeros", ".scales", ".g_idx", ".absmax",
                                     ".quant_map", ".SCB", ".weight_packed", ".weight_scale"}) {
    if (!name.ends_with(end)) continue;
    throw FileError(path, fmt::format("tensor {} is of quantized weights, which are not supported: "
                                      "take the model that they were made from",
                                      quote(name)));
  }
}

namespace {

/// Whether bytes are the pieces of llama2.c's tokenizer.bin: after the length of the longest, each
/// with its score and length, to the end.
bool is_llama2c_tokenizer(std::string_view text) {
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      value |= std::uint32_t{static_cast<unsigned char>(text[at + i])} << (8 * i);
    }
    return value;
  };
  if (text.size() < 13) return false;
  const auto longest = number(0);
  std::size_t at = 4;
  while (text.size() - at >= 8) {
    const auto length = number(at + 4);
    if (length > longest || length > text.size() - at - 8) return false;
    at += 8 + length;
  }
  return longest > 0 && at == text.size();
}

}  // namespace

void refuse_other_kind(Bytes bytes, const std::filesystem::path& path) {
  const std::string_view text = as_text(bytes);
  const auto first = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if (SafetensorsFile::is_safetensors(bytes)) {
    throw FileError(
        path,
        "is a safetensors file: give the directory with its config.json, or name the latter, "
        "too");
  }
  if (text.substr(first).starts_with('{') || text.substr(first).starts_with('[')) {
    throw FileError(path, "is JSON, and no model");
  }
  // As Tokenizer::load() tells them apart.
  const bool is_sentencepiece = byte(0) == 0x0A && byte(1) != 0 && byte(2) == 0x0A;
  if (is_sentencepiece || is_llama2c_tokenizer(text)) {
    throw FileError(path, "is a tokenizer; a model is needed here");
  }
  throw FileError(path,
                  "is of no format that is read: those are directories with config.json, Python's "
                  "torch.save, llama2.c's .bin and GGUF");
}

}  // namespace minillama
