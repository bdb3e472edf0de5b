#include "minillama/checkpoint/tokenizer_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/checkpoint/directory.h"
#include "minillama/checkpoint/meta_checkpoint.h"
#include "minillama/checkpoint/peft_adapter.h"
#include "minillama/core/error.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/gguf.h"
#include "minillama/io/mapped_file.h"
#include "minillama/text/tokenizer_kind.h"

namespace minillama {
namespace {

constexpr const char* kLlama2c = "tokenizer.bin";

bool is_gguf_file(const std::filesystem::path& path) {
  return std::filesystem::is_regular_file(path) && GgufFile::is_gguf(MappedFile(path).bytes());
}

/// Whether a model of `rows` rows can be for `pieces` pieces: as many, or padded to a multiple of a
/// power of two, as is done for graphics cards; of a larger one such as 128, which nobody chooses
/// by chance, perhaps with room for more pieces. Of fewer rows, or many more, the tokenizer is
/// another model's.
bool is_padded(std::int64_t pieces, std::int64_t rows) {
  constexpr std::int64_t kMostPadding = 1024;
  for (std::int64_t step = 1; step <= kMostPadding; step *= 2) {
    if ((pieces + step - 1) / step * step == rows) return true;
  }
  return rows % 128 == 0 && rows > pieces && rows - pieces < kMostPadding;
}

/// What is looked for beside a model, for a message.
std::string file_names() {
  std::string names;
  for (const auto& kind : tokenizer_kinds()) names += fmt::format("{} or ", kind.file);
  return names + kLlama2c;
}

}  // namespace

std::filesystem::path tokenizer_file_in(const std::filesystem::path& directory) {
  for (const auto& kind : tokenizer_kinds()) {
    auto path = directory / kind.file;
    if (std::filesystem::exists(path)) return path;
  }
  return {};
}

void write_tokenizer(const std::filesystem::path& directory, std::span<const TokenizerFile> files) {
  for (const auto& file : files) write_file(directory / file.name, file.content);
}

void remove_other_tokenizers(const std::filesystem::path& directory,
                             std::span<const TokenizerFile> files) {
  for (const auto& kind : tokenizer_kinds()) {
    const bool is_among = std::ranges::find(files, kind.file, &TokenizerFile::name) != files.end();
    if (!is_among) remove_file(directory / kind.file);
  }
}

Tokenizer read_tokenizer_for(const std::filesystem::path& model, const ModelConfig& config,
                             const std::filesystem::path& tokenizer,
                             const std::filesystem::path& base) {
  auto path = tokenizer;
  if (path.empty()) {
    const auto directory = std::filesystem::is_directory(model) ? model : model.parent_path();
    path = is_gguf_file(model) ? model : tokenizer_file_in(directory);
    if (path.empty() && std::filesystem::exists(directory / kLlama2c)) path = directory / kLlama2c;
    // Meta's models of several sizes share one.
    if (path.empty() && is_meta_checkpoint(directory)) path = tokenizer_file_in(directory / "..");
    if (path.empty()) {
      if (is_peft_adapter(model)) {
        return read_tokenizer_for(base.empty() ? base_of_peft_adapter(model) : base, config);
      }
      throw FileError(model, fmt::format("no {} beside it: name the tokenizer", file_names()));
    }
  }
  Tokenizer read = Tokenizer::load(path);
  if (tokenizer.empty() && std::filesystem::is_directory(model)) read_special_tokens(model, read);
  if (!is_padded(read.vocab_size(), config.vocab_size)) {
    throw FileError(
        path, fmt::format("holds {} tokens, but the model {} was made for {}", read.vocab_size(),
                          quote(model.native(), 400), config.vocab_size));
  }
  return read;
}

}  // namespace minillama
