#pragma once

#include <filesystem>

#include "minillama/model/classifier.h"
#include "minillama/model/language_model_file.h"

namespace minillama {

/// Whether `path` is a directory that read_classifier() reads. Throws FileError if it is damaged.
bool is_classifier(const std::filesystem::path& path);

/// Reads a classifier with its labels and adapters: one that write_classifier() wrote, one of
/// transformers (LlamaForSequenceClassification and its like), or an adapter with a head and what
/// it names as its base (checkpoint/peft_adapter.h). Float32, in evaluation mode. Throws FileError
/// if the file is damaged or holds another kind of model.
Classifier read_classifier(const std::filesystem::path& path, const LoadOptions& options = {});

/// The same of what was opened, whose memory becomes the module's: it is the last that is made of
/// it. Of the options, the device and the generator count.
Classifier read_classifier(Checkpoint&& checkpoint, const LoadOptions& options = {});

/// Writes a directory that read_classifier() reads: model.safetensors with all weights and adapters
/// as `type`, the tokenizer's files, config.json with the labels, the pooling and the template, so
/// that nothing need be said to use it; one with a merged adapter as what it computes, without
/// adapters. Every file appears whole or not at all. Throws OptionError, before anything is
/// written, if the model is empty or `type` is none of real numbers; IoError.
void write_classifier(const std::filesystem::path& directory, Classifier& model,
                      const Tokenizer& tokenizer, torch::ScalarType type = torch::kFloat);

}  // namespace minillama
