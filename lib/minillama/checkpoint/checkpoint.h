#pragma once

#include <filesystem>
#include <optional>

#include "minillama/checkpoint/stored_model.h"
#include "minillama/text/tokenizer.h"
#include "minillama/weights/weights.h"

namespace minillama {

/// What a caller may decide about a checkpoint that is opened.
struct OpenOptions {
  /// Which positions are attended to; as the file says if empty. `.pt` and `.bin` files say nothing
  /// and count as causal.
  std::optional<AttentionKind> attention = {};
  /// A config.json with the model's shape, for files that hold none.
  std::filesystem::path config = {};
  /// The tokenizer, if it is not the one that lies with the model (checkpoint/tokenizer_file.h).
  std::filesystem::path tokenizer = {};
};

/// A model in a file or directory of any readable format, opened once:
///
///   - a directory with config.json ("model_type": "minillama") and model.safetensors
///   - a directory of Hugging Face's (a Llama, Mistral, Qwen2 or Qwen3, or a classifier of one), in
///     one or several files
///   - an adapter of PEFT's, with the model that it names as its base (checkpoint/adapter_base.h)
///   - Meta's params.json and consolidated.00.pth
///   - Python's torch.save of {model, model_args} as in stories42M.pt or llama2.c
///   - llama2.c's .bin, version 0
///   - GGUF of the architectures "llama", "qwen2" and "qwen3"
///
/// The format is detected from the content. Nothing is read before it is needed.
class Checkpoint {
 public:
  /// Throws FileError if the file is damaged, none of these, or its model computes something else
  /// than a Llama does here.
  static Checkpoint open(const std::filesystem::path& path, const OpenOptions& options = {});

  const std::filesystem::path& path() const { return path_; }
  const ModelConfig& config() const { return stored_.config; }

  /// What lies there, under minillama's names.
  const StoredModel& stored() const { return stored_; }
  /// The same; throw FileError unless it is a language model, or a classifier.
  const StoredModel& stored_language_model() const;
  const StoredModel& stored_classifier() const;

  /// Of a classifier.
  const std::optional<ClassifierConfig>& classifier() const { return stored_.classifier; }

  /// Whether engines compute the model, with its active adapter (AdapterOptions::is_affine()). If
  /// not, a module does, and what gives Weights throws FileError.
  bool suits_engine() const;

  /// As they lie in the file, with the active adapter beside them. Throws FileError if the tensors
  /// are not those of the config.
  Weights weights() const;

  /// The weights of a language model; throws FileError if this is a classifier, too.
  Weights language_model() const;

  /// The head of a classifier. Throws FileError if this is none, or the head's tensors are not
  /// those of its config.
  ClassifierHead head() const;

  /// Throws FileError if there is none, or it is for a vocabulary of another size.
  Tokenizer tokenizer() const;

 private:
  Checkpoint(std::filesystem::path path, OpenOptions options, StoredModel stored);

  std::filesystem::path path_;
  OpenOptions options_;
  StoredModel stored_;
};

}  // namespace minillama
