#pragma once

#include <filesystem>
#include <optional>

#include <torch/types.h>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/checkpoint/tokenizer_file.h"
#include "minillama/core/random.h"
#include "minillama/model/language_model.h"
#include "minillama/weights/weight_format.h"

namespace minillama {

/// What a caller may decide about a model that is read from a file.
struct LoadOptions {
  /// Which positions are attended to; as the file says if empty. `.pt` and `.bin` files say nothing
  /// and count as causal.
  std::optional<AttentionKind> attention;
  /// A config.json with the model's shape, for `.pt` files that hold none.
  std::filesystem::path config;
  /// Where the model goes.
  torch::Device device = torch::kCPU;
  /// If given, matrices are no parameters and never trained: each stays as it lies in the file or
  /// is converted to `format`, and float32 is computed with, on the CPU. For adapters beside
  /// weights that need little memory (Dettmers et al. 2023, arXiv:2305.14314). Of language models
  /// without adapters of their own.
  struct Frozen {
    const WeightFormat* format = nullptr;  ///< null: as it lies
  };
  std::optional<Frozen> frozen;
  /// Draws the dropout masks, if the model is trained.
  torch::Generator generator = make_generator(0);
};

/// Reads a language model of any format that Checkpoint::open() opens, with its adapters. The
/// weights become float32 whatever they are stored in; the model is in evaluation mode. Throws
/// FileError if the file is damaged, none of these, or its tensors are not those of its config.
LanguageModel read_language_model(const std::filesystem::path& path,
                                  const LoadOptions& options = {});

/// The same of what was opened, whose memory becomes the module's: it is the last that is made of
/// it. Of the options, the device, `frozen` and the generator count.
LanguageModel read_language_model(Checkpoint&& checkpoint, const LoadOptions& options = {});

/// Writes a directory that read_language_model() reads: model.safetensors with the weights as
/// `type`, the tokenizer's files, config.json; a model with a merged adapter as what it computes,
/// without adapters. Every file appears whole or not at all. Throws OptionError, before anything is
/// written, if the model is empty or `type` is none of real numbers; IoError.
void write_language_model(const std::filesystem::path& directory, LanguageModel& model,
                          const Tokenizer& tokenizer, torch::ScalarType type = torch::kFloat);

}  // namespace minillama
