#pragma once

// Not part of the public interface: the only place that knows libsentencepiece.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/text/text_file.h"

namespace minillama {

/// An encoder of libsentencepiece, which is opened when the first one is made.
///
/// It is not linked because it carries a protobuf of its own under the usual names: in one program
/// with another protobuf (Debian's LibTorch brings one) either takes the other's functions and
/// crashes. Opened with RTLD_DEEPBIND the library keeps to its own.
class SentencePieceEncoder {
 public:
  /// `model` is a serialized ModelProto that passed check_sentencepiece_model(), `path` the file it
  /// came from. Throws FileError if the library refuses it, InputError if there is no library.
  SentencePieceEncoder(std::string_view model, const std::filesystem::path& path);
  ~SentencePieceEncoder();
  SentencePieceEncoder(const SentencePieceEncoder&) = delete;
  SentencePieceEncoder& operator=(const SentencePieceEncoder&) = delete;

  /// The ids of valid UTF-8. Throws InputError if the library fails.
  std::vector<std::int64_t> encode(std::string_view text) const;

 private:
  struct Processor;
  std::unique_ptr<Processor> processor_;
};

/// Makes a model of `vocab_size` pieces from the lines of `text`, by byte pairs (Sennrich et al.
/// 2016, arXiv:1508.07909), with pieces for all bytes, so that nothing is unknown, and digits on
/// their own. Long texts are represented by a million of their lines. Returns a serialized
/// ModelProto. Throws OptionError if the library refuses the size, FileError if there is a line
/// that is no text, IoError if a copy cannot be kept in memory, InputError if there is no library.
std::string train_sentencepiece(const TextFile& text, std::int64_t vocab_size);

}  // namespace minillama
