#include "minillama/text/tokenized_text.h"

#include <limits>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/crc32.h"
#include "minillama/text/labelled_sentences.h"
#include "minillama/text/text_file.h"

namespace minillama {
namespace {

/// Ids that are gathered before they are written.
constexpr std::size_t kBufferedIds = std::size_t{1} << 20;

class Writer {
 public:
  Writer(const std::filesystem::path& text, const std::filesystem::path& cache,
         const TokenSource& source, const Tokenizer& tokenizer)
      : text_(text), tokenizer_(tokenizer), file_(cache, source) {}

  void add_document(std::string_view document, std::size_t line) {
    if (const auto problem = problem_of_line(document); !problem.empty()) {
      throw FileError(text_, line, problem);
    }
    const auto ids = tokenizer_.encode(document);
    if (ids.empty()) return;
    if (tokenizer_.special_tokens().add_bos && tokenizer_.bos_id() >= 0)
      ids_.push_back(tokenizer_.bos_id());
    ids_.insert(ids_.end(), ids.begin(), ids.end());
    if (ids_.size() >= kBufferedIds) flush();
  }

  void commit() {
    flush();
    file_.commit();
  }

 private:
  void flush() {
    file_.write(ids_);
    ids_.clear();
  }

  const std::filesystem::path& text_;
  const Tokenizer& tokenizer_;
  TokenFileWriter file_;
  std::vector<std::int64_t> ids_;
};

void write_lines(std::string_view text, Writer& writer) {
  for (std::size_t line = 1; !text.empty(); ++line) {
    writer.add_document(take_line(text), line);
  }
}

std::vector<LabelledSentence> sentences_of(const TextFile& file) {
  constexpr auto kAnyLabel = std::numeric_limits<std::int64_t>::max();
  return parse_labelled_sentences(file, kAnyLabel);
}

void write_sentences(const TextFile& file, Writer& writer) {
  std::size_t line = 1;
  for (const auto& example : sentences_of(file)) writer.add_document(example.sentence, line++);
}

std::uint32_t checksum_of(const Tokenizer& tokenizer) {
  std::uint32_t checksum = 0;
  for (const auto& file : tokenizer.files()) checksum = crc32(as_bytes(file.content), checksum);
  return checksum;
}

/// Bytes of the documents, each with a line end.
std::uint64_t text_size(const TextFile& file, Documents documents) {
  if (documents != Documents::sentences) return file.text().size();
  std::uint64_t size = 0;
  for (const auto& example : sentences_of(file)) size += example.sentence.size() + 1;
  return size;
}

}  // namespace

TokenFile tokenize_file(const std::filesystem::path& path, const Tokenizer& tokenizer,
                        const std::filesystem::path& cache, Documents documents) {
  const auto tokenizer_checksum = checksum_of(tokenizer);
  const TextFile text(path);
  if (is_token_file(text.bytes())) {
    TokenFile ids(path);
    if (ids.source().tokenizer_checksum != tokenizer_checksum) {
      throw FileError(path, "holds the ids of another tokenizer");
    }
    return ids;
  }

  TokenSource source{.tokenizer_checksum = tokenizer_checksum,
                     .text_checksum = crc32(as_bytes(text.text())),
                     .text_size = text_size(text, documents),
                     .vocab_size = static_cast<std::uint64_t>(tokenizer.vocab_size())};
  // The same text gives other ids where other parts of it are documents.
  source.text_checksum -= static_cast<std::uint32_t>(documents);
  if (std::filesystem::exists(cache)) {
    TokenFile ids(cache);
    if (ids.source() == source) return ids;
  }
  Writer writer(text.path(), cache, source, tokenizer);
  switch (documents) {
    case Documents::lines:
      write_lines(text.text(), writer);
      break;
    case Documents::file:
      writer.add_document(text.normalized(), 1);
      break;
    case Documents::sentences:
      write_sentences(text, writer);
      break;
  }
  writer.commit();
  return TokenFile(cache);
}

}  // namespace minillama
