#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "minillama/checkpoint/adapter_base.h"
#include "minillama/io/tensor_record.h"
#include "minillama/weights/adapter_options.h"
#include "minillama/weights/classifier_config.h"

namespace minillama {

/// An adapter as Hugging Face's PEFT stores it: a directory with, of a low-rank one,
///
///     adapter_config.json        {"peft_type": "LORA", "r": 8, "lora_alpha": 16.0, …}
///     adapter_model.safetensors (or .bin, of torch.save)
///                                 "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
///                                … and, of a classifier, the head among modules_to_save as
///                                "base_model.model.score.weight"
///
/// The rows of lora_B of queries and keys are in Hugging Face's order (checkpoint/rotary_rows.h).
/// What PEFT cannot say of a classifier (its labels, pooling and template) and of a base that is a
/// file stands among the safetensors metadata, and the head's bias, which transformers' Llama
/// classifier lacks, as "base_model.model.score.bias".
struct PeftAdapter {
  std::filesystem::path path = {};  ///< of the tensors, for error messages
  AdapterBase base = {};            ///< find_base() finds it
  AdapterOptions options;           ///< the targets are the linears that have tensors, by full name
  std::vector<TensorRecord> tensors = {};  ///< "layers.0.attention.compute_query.lora_A", …
  /// Of a classifier. Where the file does not say: last pooling, "LABEL_0", … as in transformers.
  std::optional<ClassifierConfig> classifier = {};
  bool has_labels = false;                      ///< whether the file does say
  std::optional<AttentionKind> attention = {};  ///< what it was trained with; else as in the base
  std::vector<TensorRecord> head = {};          ///< "classifier_head.weight" and perhaps the bias
  std::shared_ptr<const void> file = {};        ///< keeps the bytes alive
};

/// Whether `path` is such a directory.
bool is_peft_adapter(const std::filesystem::path& path);

/// Opens such a directory. Throws FileError if it is damaged, of a kind that there is not here, or
/// does what its kind here does not: rank-stabilised scales, ranks of their own for some modules,
/// trained biases.
PeftAdapter open_peft_adapter(const std::filesystem::path& directory);

/// The base of the adapter in `directory`, as find_base(). Throws FileError also if there is no
/// adapter, or it is damaged.
std::filesystem::path base_of_peft_adapter(const std::filesystem::path& directory);

/// The least that names all of `linears` and no other of `n_layers` layers: the end of a name
/// ("compute_query") where every layer has it, else whole names.
std::vector<std::string> shortest_targets(const std::vector<std::string>& linears,
                                          std::int64_t n_layers);

}  // namespace minillama
