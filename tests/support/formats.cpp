#include "support/formats.h"

#include "support/catch.h"
#include "support/tensors.h"

namespace minillama::test {

std::filesystem::path golden(const std::string& name) {
  return repository_file("tests/reference/formats" + name);
}

Tokenizer golden_tokenizer() {
  return Tokenizer::load(golden("_f32.gguf"));
}

LanguageModel model_to_export(NormKind norm, bool tied) {
  return LanguageModel(ModelConfig{.dim = 24,
                                   .n_layers = 2,
                                   .n_heads = 6,
                                   .n_kv_heads = 3,
                                   .hidden_dim = 20,
                                   .vocab_size = 268,
                                   .max_seq_len = 16,
                                   .norm = norm,
                                   .tied_embeddings = tied},
                       make_generator(4));
}

std::string model_difference(const LanguageModel& a, const LanguageModel& b) {
  if (!(a->config() == b->config())) return "config";
  return first_difference(parameters_of(*a), parameters_of(*b));
}

void copy_golden(const std::string& name, const TemporaryDirectory& directory,
                 const std::string& file, const std::string& part, const std::string& by) {
  std::filesystem::copy(golden(name), directory.path());
  auto content = read_text(golden(name) / file);
  const auto at = content.find(part);
  REQUIRE(at != std::string::npos);
  directory.file(file, content.replace(at, part.size(), by));
}

}  // namespace minillama::test
