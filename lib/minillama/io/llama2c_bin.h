#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "minillama/core/model_config.h"
#include "minillama/io/mapped_file.h"
#include "minillama/io/tensor_record.h"

namespace minillama {

/// A checkpoint of llama2.c, version 0 of its export: seven int32 and float32 matrices.
/// https://github.com/karpathy/llama2.c
class Llama2cFile {
 public:
  /// The format has no magic number: a file is taken for one if its seven numbers describe a model
  /// and its size is, to the byte, the one that follows from them. Throws FileError otherwise.
  explicit Llama2cFile(std::filesystem::path path);

  /// Whether `bytes` begin with seven numbers that could be a model's, or like a later version of
  /// the format. Of a file that is cut short this is true, too.
  static bool is_llama2c(Bytes bytes);

  const std::filesystem::path& path() const { return file_.path(); }

  /// What the header says; RMSNorm with eps 1e-5, causal, theta 10000 as in llama2.c. Not
  /// `tied_embeddings` if the file has an output matrix of its own.
  const ModelConfig& config() const { return config_; }

  /// All tensors, named as in stories42M.pt: "tok_embeddings.weight",
  /// "layers.0.attention.compute_query.weight", …, "norm.weight", and "output.weight" unless tied.
  /// Valid as long as this file is.
  std::vector<TensorRecord> tensors() const;

 private:
  MappedFile file_;
  ModelConfig config_;
};

/// Writes such a checkpoint, which appears whole or not at all: `tensors` are contiguous float32
/// records of the names and shapes that Llama2cFile gives for `config`, in any order. The tables of
/// cosines and sines, which no reader needs, are written as llama2.c computes them.
///
/// Throws OptionError if the format cannot express `config` (llama2.c knows RMSNorm with eps 1e-5,
/// causal attention and theta 10000 only), FileError if a tensor is missing or another one.
void write_llama2c(const std::filesystem::path& path, const ModelConfig& config,
                   std::span<const TensorRecord> tensors);

}  // namespace minillama
