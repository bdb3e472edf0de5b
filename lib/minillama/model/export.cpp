#include "minillama/model/export.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/checkpoint/gguf_checkpoint.h"
#include "minillama/checkpoint/hugging_face.h"
#include "minillama/checkpoint/tokenizer_file.h"
#include "minillama/checkpoint/torch_checkpoint.h"
#include "minillama/core/check.h"
#include "minillama/io/llama2c_bin.h"
#include "minillama/io/mapped_file.h"
#include "minillama/model/adapters.h"
#include "minillama/model/classifier_file.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/stored_module.h"
#include "minillama/model/tensors.h"
#include "minillama/text/tokenizer_model.h"

namespace minillama {
namespace {

/// In what a module's weights are taken: blocks are made of float32.
torch::ScalarType module_type(DType type) {
  return block_size(type) > 1 ? torch::kFloat : scalar_type(type);
}

/// Has the active adapter merged into the weights while it lives: the stored tensors may be the
/// model's own.
class Merged {
 public:
  explicit Merged(Llama& llama) : llama_(llama), was_merged_(is_merged(llama)) {
    merge_adapter(llama_);
  }
  ~Merged() {
    if (!was_merged_) unmerge_adapter(llama_);
  }
  Merged(const Merged&) = delete;
  Merged& operator=(const Merged&) = delete;

 private:
  Llama& llama_;
  bool was_merged_;
};

/// Of a language model or a classifier.
StoredModel without_adapters(auto& model, DType type) {
  auto stored = to_stored(model, module_type(type));
  std::erase_if(stored.tensors,
                [](const TensorRecord& tensor) { return is_adapter_parameter(tensor.name); });
  return stored;
}

/// Takes away the rows that no piece of the vocabulary has: formats know as many as pieces.
void trim_vocabulary(StoredModel& stored, std::int64_t n_pieces) {
  if (stored.config.vocab_size == n_pieces) return;
  stored.config.vocab_size = n_pieces;
  for (auto& tensor : stored.tensors) {
    if (tensor.name != "tok_embeddings.weight" && tensor.name != "output.weight") continue;
    tensor.shape[0] = n_pieces;
    tensor.data = tensor.data.first(storage_size(tensor.dtype, element_count(tensor)));
  }
}

/// Throws OptionError if the tokenizer says of special tokens what `format` cannot.
void require_usual_tokens(const Tokenizer& tokenizer, std::string_view format) {
  if (tokenizer.special_tokens() == tokenizer.model().special_tokens()) return;
  throw OptionError(
      fmt::format("{} cannot say that texts of this model begin without BOS or end with "
                  "other tokens than EOS",
                  format));
}

[[noreturn]] void refuse_other_tokenizer(const std::filesystem::path& path) {
  throw FileError(path, "is another tokenizer, and would be taken for this model's");
}

/// Those of a tokenizer's files that are still to be written beside a model. One of other content
/// is never overwritten.
std::vector<TokenizerFile> missing_in(const std::filesystem::path& directory,
                                      std::vector<TokenizerFile> files) {
  std::erase_if(files, [&](const TokenizerFile& file) {
    const auto path = directory / file.name;
    if (!std::filesystem::exists(path)) return false;
    if (as_text(MappedFile(path).bytes()) != file.content) refuse_other_tokenizer(path);
    return true;
  });
  return files;
}

/// Throws OptionError unless weights of `type` can be stored in `format`.
void require_type(DType type, ModelFormat format) {
  if (block_size(type) == 1 || format == ModelFormat::gguf) return;
  throw OptionError(fmt::format("{} is a type of GGUF's only", weight_format(type).name));
}

}  // namespace

void export_language_model(const std::filesystem::path& path, ModelFormat format,
                           LanguageModel& model, const Tokenizer& tokenizer, DType type) {
  const auto& stored_as = weight_format(type);
  require_type(type, format);
  require_module(model, "the language model");
  if (block_size(type) > 1) require_storable(stored_parameters(model), stored_as.beyond);
  if (format == ModelFormat::directory) {
    return write_language_model(path, model, tokenizer, module_type(type));
  }
  const auto directory = path.parent_path();
  const Merged merged(model->llama);
  auto stored = without_adapters(model, type);
  trim_vocabulary(stored, tokenizer.vocab_size());
  switch (format) {
    case ModelFormat::directory:
      return;  // done above
    case ModelFormat::hugging_face:
      return write_hugging_face(path, stored, tokenizer);
    case ModelFormat::llama2c: {
      if (type != DType::float32) throw OptionError("llama2.c's format holds float32 only");
      require_usual_tokens(tokenizer, "llama2.c's format");
      const auto vocabulary = tokenizer.model().llama2c_tokenizer();
      if (!vocabulary) {
        throw OptionError(
            "llama2.c's tokenizer.bin holds Llama's kind of tokenizer only: sentencepiece "
            "BPE with byte fallback; this one is of another kind");
      }
      const auto missing = missing_in(directory, {{"tokenizer.bin", *vocabulary}});
      write_llama2c(path, stored.config, stored.tensors);
      return write_tokenizer(directory, missing);
    }
    case ModelFormat::torch_save: {
      require_usual_tokens(tokenizer, "a .pt");
      const auto& files = tokenizer.files();
      const auto missing = missing_in(directory, files);
      const auto found = tokenizer_file_in(directory);
      const auto is_found = [&](const TokenizerFile& file) {
        return found == directory / file.name;
      };
      if (!found.empty() && std::ranges::none_of(files, is_found)) refuse_other_tokenizer(found);
      write_torch_checkpoint(path, stored);
      return write_tokenizer(directory, missing);
    }
    case ModelFormat::gguf:
      return write_gguf_checkpoint(path, stored, tokenizer, stored_as);
  }
}

void export_classifier(const std::filesystem::path& path, ModelFormat format, Classifier& model,
                       const Tokenizer& tokenizer, DType type) {
  if (format != ModelFormat::directory && format != ModelFormat::hugging_face) {
    throw OptionError("a classifier is stored in minillama's directory or Hugging Face's only");
  }
  require_type(type, format);
  require_module(model, "the classifier");
  if (format == ModelFormat::directory) {
    return write_classifier(path, model, tokenizer, module_type(type));
  }
  const Merged merged(model->llama);
  auto stored = without_adapters(model, type);
  trim_vocabulary(stored, tokenizer.vocab_size());
  write_hugging_face(path, stored, tokenizer);
}

}  // namespace minillama
