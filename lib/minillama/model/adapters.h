#pragma once

#include <concepts>
#include <map>
#include <string>
#include <string_view>

#include "minillama/core/named_tensors.h"
#include "minillama/model/llama.h"
#include "minillama/weights/adapter_options.h"
#include "minillama/weights/lora_options.h"

namespace minillama {

// Adapters of any kind (nn/adapter.h) on the linears of a whole Llama. There may be several under
// different names; at most one is active. Their parameters lie in the linear that they adapt:
// layers.0.attention.compute_query.<adapter>.lora_A. All throw OptionError on an empty Llama.

/// Adds the adapter `name` to every linear that options.targets() names, and makes it the active
/// one.
///
/// @param options   those of the kind that is wanted, such as LoraOptions
/// @param generator draws the parameters now and the dropout masks later
/// Throws OptionError if the options cannot be used, a target is the name of no linear or an
/// exception that of none that is adapted, or there is an adapter of that name.
void add_adapter(Llama& llama, const std::string& name, const AdapterOptions& options,
                 const torch::Generator& generator);

/// The same, for options that are given in braces: {.rank = 8} is LoRA's. Those of kinds that
/// derive from them, as DoRA's, stay what they are.
template <std::same_as<LoraOptions> Options = LoraOptions>
void add_adapter(Llama& llama, const std::string& name, const Options& options,
                 const torch::Generator& generator) {
  add_adapter(llama, name, AdapterOptions(options), generator);
}

/// The adapters there are, and how they were made.
std::map<std::string, AdapterOptions> adapters_of(Llama& llama);

/// Makes the adapter `name` the active one, or none if `name` is empty. Throws OptionError if there
/// is no such adapter.
void activate_adapter(Llama& llama, const std::string& name);

/// Name of the active adapter, "" if there is none.
std::string active_adapter(Llama& llama);

/// Makes the active adapter part of the weights; unmerge_adapter() gives them back bit for bit.
void merge_adapter(Llama& llama);
void unmerge_adapter(Llama& llama);
bool is_merged(Llama& llama);

/// Makes the active adapter, if there is one, part of the weights for good, and removes all
/// adapters: the model computes what it did, and further training starts from there. Throws
/// OptionError, before anything is changed, if it cannot be: no weight computes what it does, or it
/// has a bias for a linear that can have none in a file (MatrixPart::has_bias).
void absorb_adapter(Llama& llama);

/// The parameters of one adapter, as "layers.0.attention.compute_query.lora_A": without the
/// adapter's name, so that it may be stored and read again under another. Throws OptionError if
/// there is no such adapter.
NamedTensors adapter_parameters(Llama& llama, const std::string& name);

/// The same as what it is stored as (Adapter::stored()), with the options of that.
Adapter::Stored stored_adapter(Llama& llama, const std::string& name);

/// Lets gradients reach the adapter `name` and nothing else. Throws OptionError if there is none.
void train_only_adapter(Llama& llama, const std::string& name);

}  // namespace minillama
