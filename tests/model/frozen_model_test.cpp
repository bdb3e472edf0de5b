// Models with frozen matrices compute, and train beside them, what those with numbers do.

#include "minillama/model/frozen_model.h"

#include "minillama/core/error.h"
#include "minillama/model/adapters.h"
#include "minillama/model/classifier.h"
#include "minillama/model/export.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/module_weights.h"
#include "minillama/model/stored_module.h"

#include "support/catch.h"
#include "support/engine_models.h"
#include "support/small_model.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// A model whose rows are multiples of blocks; tied it has biases, else norms of queries and keys.
ModelConfig wide_config(bool tied) {
  return {.dim = 64,
          .n_layers = 2,
          .n_heads = 4,
          .n_kv_heads = 2,
          .hidden_dim = 96,
          .vocab_size = test::small_tokenizer().vocab_size(),
          .max_seq_len = 20,
          .norm = NormKind::rmsnorm,
          .tied_embeddings = tied,
          .qkv_bias = tied,
          .qk_norm = !tied};
}

std::filesystem::path write(const test::TemporaryDirectory& directory, bool tied, DType type) {
  auto model = test::random_model(wide_config(tied));
  const auto path = directory.path() / "model.gguf";
  std::filesystem::remove(path);
  export_language_model(path, ModelFormat::gguf, model, test::small_tokenizer(), type);
  return path;
}

LoadOptions frozen(const WeightFormat* format = nullptr) {
  LoadOptions options;
  options.frozen.emplace(LoadOptions::Frozen{format});
  return options;
}

/// The gradients of the adapters of a model that gets some.
std::vector<torch::Tensor> adapter_gradients(LanguageModel& model) {
  add_adapter(model->llama, "a", LoraOptions{.rank = 2, .targets = {"compute_query", "w2"}},
              make_generator(4));
  train_only_adapter(model->llama, "a");
  const auto parameters = adapter_parameters(model->llama, "a");
  {
    const torch::NoGradGuard no_grad;
    for (const auto& [name, parameter] : parameters) parameter.normal_(0, 0.3, make_generator(5));
  }
  const auto ids = torch::tensor(test::random_ids(model->config(), 9, 2));
  model->logits(model->llama->forward_packed(ids, Sequences({4, 5}))).square().sum().backward();
  std::vector<torch::Tensor> gradients;
  for (const auto& [name, parameter] : parameters) gradients.push_back(parameter.grad());
  return gradients;
}

}  // namespace

TEST_CASE("frozen_model: logits and gradients of adapters are those of the numbers, bit for bit") {
  const test::TemporaryDirectory directory;
  for (const bool tied : {true, false}) {
    for (const auto type : {DType::q8_0, DType::q4_1, DType::float16, DType::float32}) {
      INFO(tied << weight_format(type).name);
      const auto path = write(directory, tied, type);
      auto expected = read_language_model(path);
      auto model = read_language_model(path, frozen());
      const auto ids = test::random_ids(model->config(), 12, 1);
      CHECK(test::module_logits(model, ids).equal(test::module_logits(expected, ids)));
      const auto expected_gradients = adapter_gradients(expected);
      const auto gradients = adapter_gradients(model);
      REQUIRE(gradients.size() == 8);
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        CHECK(gradients[i].abs().max().item<float>() > 0);
        CHECK(gradients[i].equal(expected_gradients[i]));
      }
    }
  }
}

TEST_CASE("frozen_model: norms and biases alone are parameters, and a clone computes the same") {
  const test::TemporaryDirectory directory;
  auto model = read_language_model(write(directory, false, DType::q8_0), frozen());
  for (const auto& item : model->named_parameters()) CHECK(item.value().dim() == 1);
  CHECK(frozen_bytes(*model).size() == 2 * 7 + 2);
  CHECK(frozen_bytes(*model).front().first == "llama.tok_embeddings.weight");
  const auto ids = test::random_ids(model->config(), 12, 1);
  auto copy = std::dynamic_pointer_cast<LanguageModelImpl>(model->clone());
  LanguageModel cloned(copy);
  CHECK(test::module_logits(cloned, ids).equal(test::module_logits(model, ids)));
}

TEST_CASE("frozen_model: in another format it is what that format makes of the numbers") {
  const test::TemporaryDirectory directory;
  const auto path = write(directory, true, DType::float32);
  auto model = read_language_model(path, frozen(&weight_format("q8_0")));
  auto exported = read_language_model(path);
  const auto q8_0 = directory.path() / "q8_0.gguf";
  export_language_model(q8_0, ModelFormat::gguf, exported, test::small_tokenizer(), DType::q8_0);
  auto expected = read_language_model(q8_0);
  const auto ids = test::random_ids(model->config(), 12, 1);
  CHECK(test::module_logits(model, ids).equal(test::module_logits(expected, ids)));
}

TEST_CASE("frozen_model: what would need the numbers is refused") {
  const test::TemporaryDirectory directory;
  auto model = read_language_model(write(directory, true, DType::q8_0), frozen());
  CHECK_FALSE(suits_engine(model));
  CHECK_THROWS_WITH(to_stored(model, torch::kFloat), contains("frozen weights are not stored"));
  CHECK_THROWS_WITH(model->reset_parameters(make_generator(0)), contains("not drawn anew"));
  add_adapter(model->llama, "a", LoraOptions{.rank = 2}, make_generator(4));
  CHECK_THROWS_WITH(merge_adapter(model->llama), contains("not merged"));
  auto& query = *model->llama->layers[0]->as<DecoderLayer>()->attention->compute_query;
  CHECK_THROWS_WITH(query.freeze(query.frozen()), contains("before they get adapters"));
  CHECK_THROWS_WITH(model->llama->tok_embeddings->freeze(query.frozen()), contains("[64, 64]"));
  CHECK_THROWS_WITH(model->llama->tok_embeddings->freeze({}), contains("undefined"));

  auto adapted = test::random_model(wide_config(true));
  add_adapter(adapted->llama, "a", LoraOptions{.rank = 2}, make_generator(4));
  write_language_model(directory.path() / "adapted", adapted, test::small_tokenizer());
  CHECK_THROWS_WITH(read_language_model(directory.path() / "adapted", frozen()),
                    contains("has adapters"));
}
