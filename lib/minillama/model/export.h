#pragma once

#include <filesystem>

#include "minillama/model/classifier.h"
#include "minillama/model/language_model.h"
#include "minillama/text/tokenizer.h"
#include "minillama/weights/weight_format.h"

namespace minillama {

/// The formats that language models are written in. docs/formats.md describes them.
enum class ModelFormat {
  directory,     ///< minillama's own: a directory
  hugging_face,  ///< transformers' Llama: a directory
  llama2c,       ///< llama2.c's .bin, version 0, and its tokenizer.bin beside it
  torch_save,  ///< Python's torch.save of {model, model_args}, and its tokenizer's files beside it
  gguf,        ///< one file of llama.cpp's, with the tokenizer in it
};

/// Writes `model` and its tokenizer in any format; read_language_model() reads all of them. A model
/// with an active adapter is stored as what it computes (its directory keeps adapters: see
/// write_language_model()).
///
/// `type` is that of the weights, one of weight_formats(): llama2c stores float32 only, blocks
/// (q8_0, …) are gguf's only. Each file appears whole or not at all. Throws OptionError, before
/// anything is written, if the format cannot express the model, its tokenizer or the type of the
/// weights; FileError if another tokenizer is beside a .bin or .pt; IoError.
void export_language_model(const std::filesystem::path& path, ModelFormat format,
                           LanguageModel& model, const Tokenizer& tokenizer, DType type);

/// The same of a classifier. minillama's directory keeps its adapters; Hugging Face's
/// (LlamaForSequenceClassification and its like) is written of what it computes, if it pools the
/// last token and its head's bias is 0 (checkpoint/hugging_face.h). There are no others.
void export_classifier(const std::filesystem::path& path, ModelFormat format, Classifier& model,
                       const Tokenizer& tokenizer, DType type);

}  // namespace minillama
