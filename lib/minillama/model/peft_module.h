#pragma once

#include <filesystem>
#include <string>

#include "minillama/checkpoint/peft_adapter.h"
#include "minillama/model/classifier.h"
#include "minillama/model/llama.h"

namespace minillama {

/// Gives `llama` the adapter under `name`, active. Throws FileError if it is none for this model,
/// OptionError if the name is taken.
void add_peft_adapter(Llama& llama, const std::string& name, const PeftAdapter& adapter,
                      const torch::Generator& generator);

/// The classifier of `llama`, which has the adapter, with the adapter's head; in evaluation mode.
/// Throws FileError if it has none.
Classifier make_peft_classifier(Llama llama, const PeftAdapter& adapter,
                                const torch::Generator& generator);

/// Writes the active adapter of a Llama, or of a classifier with its head, as `type`. `base_model`
/// is what PEFT is to load the base from; if it is a file, seen from `directory`, its size and
/// checksum are written, too, so that find_base() knows it elsewhere. Throws OptionError if there
/// is no active adapter, the model has LayerNorm, which transformers' Llama does not, or `type` is
/// none of real numbers or cannot hold the values; IoError.
void write_peft_adapter(const std::filesystem::path& directory, Llama& llama,
                        const std::string& base_model, torch::ScalarType type = torch::kFloat);
void write_peft_adapter(const std::filesystem::path& directory, Classifier& model,
                        const std::string& base_model, torch::ScalarType type = torch::kFloat);

}  // namespace minillama
