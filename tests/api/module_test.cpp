// "A torch::nn module like any other": what LibTorch does with modules, it does with these.

#include <cmath>
#include <sstream>

#include <torch/torch.h>

#include "minillama/minillama.h"

#include "support/catch.h"
#include "support/option_error.h"
#include "support/small_model.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

torch::Tensor some_ids() {
  return torch::randint(37, {2, 5}, make_generator(5), torch::kLong);
}

/// A model with an adapter that changes something.
LanguageModel adapted_model(bool tied, NormKind norm) {
  auto config = test::small_config();
  config.tied_embeddings = tied;
  config.norm = norm;
  LanguageModel model(config, make_generator(1));
  add_adapter(model->llama, "a", {.rank = 2}, make_generator(2));
  for (const auto& [name, tensor] : adapter_parameters(model->llama, "a")) {
    draw_normal(tensor, 0.1, make_generator(3));
  }
  return model;
}

/// Whether a parameter of one lies in the memory of a parameter of the other.
bool share_memory(const torch::nn::Module& a, const torch::nn::Module& b) {
  for (const auto& x : a.parameters()) {
    for (const auto& y : b.parameters()) {
      if (x.data_ptr() == y.data_ptr()) return true;
    }
  }
  return false;
}

template <typename Holder>
Holder clone(const Holder& module) {
  return Holder(std::dynamic_pointer_cast<typename Holder::ContainedType>(module->clone()));
}

template <typename Holder>
std::string printed(const Holder& module) {
  std::ostringstream out;
  out << module;
  return out.str();
}

}  // namespace

TEST_CASE("module: a clone computes the same, and shares nothing") {
  const torch::NoGradGuard no_grad;
  for (const bool tied : {true, false}) {
    for (const auto norm : {NormKind::layernorm, NormKind::rmsnorm}) {
      auto model = adapted_model(tied, norm);
      train_only_adapter(model->llama, "a");
      model->eval();
      const auto expected = model(some_ids());
      auto copy = clone(model);
      REQUIRE(copy.ptr() != nullptr);
      CHECK(test::first_difference(parameters_of(*model), parameters_of(*copy)) == "");
      CHECK_FALSE(share_memory(*model, *copy));
      CHECK_FALSE(copy->is_training());
      CHECK(copy->config() == model->config());
      CHECK(active_adapter(copy->llama) == "a");
      const auto frozen = copy->named_parameters();
      for (const auto& item : model->named_parameters()) {
        INFO(item.key());
        CHECK(frozen[item.key()].requires_grad() == item.value().requires_grad());
      }
      CHECK(copy(some_ids()).equal(expected));
      // What happens to one does not happen to the other.
      for (auto& parameter : copy->parameters()) parameter.zero_();
      CHECK(model(some_ids()).equal(expected));
    }
  }
}

TEST_CASE("module: a clone of a merged adapter can be unmerged, and alone") {
  const torch::NoGradGuard no_grad;
  auto model = adapted_model(true, NormKind::rmsnorm);
  model->eval();
  const auto before = test::copy_of_parameters(*model);
  merge_adapter(model->llama);
  const auto merged = model(some_ids());
  auto copy = clone(model);
  CHECK(is_merged(copy->llama));
  CHECK(copy(some_ids()).equal(merged));
  unmerge_adapter(copy->llama);
  CHECK(test::first_difference(parameters_of(*copy), before) == "");
  CHECK(is_merged(model->llama));
  CHECK(model(some_ids()).equal(merged));
}

TEST_CASE("module: weights that are mapped from a file are copied by clone") {
  const test::TemporaryDirectory directory;
  LanguageModel model(test::small_config(), make_generator(1));
  const auto path = directory.path() / "model";
  write_language_model(path, model, test::small_tokenizer());
  auto read = read_language_model(path);
  auto copy = clone(read);
  CHECK_FALSE(share_memory(*read, *copy));
  CHECK(test::first_difference(parameters_of(*model), parameters_of(*copy)) == "");
}

TEST_CASE("module: classifiers and single layers are cloned, to another type and device too") {
  const torch::NoGradGuard no_grad;
  Llama llama(test::small_config(), make_generator(1));
  Classifier model(llama, ClassifierConfig{.label_names = {"a", "b", "c"}}, make_generator(2));
  model->eval();
  const std::vector<TokenIds> sequences{{1, 2, 3}, {4}};
  const auto input = classifier_input(sequences, PoolingKind::mean, 0);
  auto copy = clone(model);
  CHECK(copy(input).equal(model(input)));
  CHECK_FALSE(share_memory(*model, *copy));
  copy->to(torch::kDouble);
  CHECK(copy(input).scalar_type() == torch::kDouble);
  CHECK(clone(copy)->classifier_head->weight.scalar_type() == torch::kDouble);

  const auto x = torch::randn({3, 16}, make_generator(4));
  Linear linear(16, 8, true);
  linear->reset_parameters(make_generator(1));
  CHECK(clone(linear)(x).equal(linear(x)));
  Norm layer_norm = LayerNorm(16, 1e-5);
  CHECK(clone(layer_norm)(x).equal(layer_norm(x)));
  Norm rms_norm = RMSNorm(16, 1e-5);
  CHECK(clone(rms_norm)(x).equal(rms_norm(x)));
  auto feed_forward = llama->layers[0]->as<DecoderLayer>()->feed_forward;
  CHECK(clone(feed_forward)(x).equal(feed_forward(x)));
  Embedding embedding(5, 3);
  embedding->reset_parameters(make_generator(1));
  const auto ids = torch::tensor({4, 0}, torch::kLong);
  CHECK(clone(embedding)(ids).equal(embedding(ids)));
}

TEST_CASE("module: reset_parameters draws what the constructor drew") {
  for (const bool tied : {true, false}) {
    auto config = test::small_config();
    config.tied_embeddings = tied;
    LanguageModel model(config, make_generator(1));
    const auto drawn = test::copy_of_parameters(*model);
    {
      const torch::NoGradGuard no_grad;
      for (auto& parameter : model->parameters()) parameter.fill_(7);
    }
    model->reset_parameters(make_generator(1));
    CHECK(test::first_difference(parameters_of(*model), drawn) == "");
    // In another type the same numbers, rounded.
    model->to(torch::kDouble);
    model->reset_parameters(make_generator(1));
    model->to(torch::kFloat);
    CHECK(test::first_difference(parameters_of(*model), drawn) == "");
  }
  auto adapted = adapted_model(true, NormKind::layernorm);
  merge_adapter(adapted->llama);
  adapted->reset_parameters(make_generator(1));
  CHECK_FALSE(is_merged(adapted->llama));
  for (const auto& [name, tensor] : adapter_parameters(adapted->llama, "a")) {
    INFO(name);
    CHECK((tensor == 0).all().item<bool>() == name.ends_with("lora_B"));
  }
  Linear linear(100, 50, true);
  linear->reset_parameters(make_generator(1));
  CHECK(linear->weight.abs().max().item<float>() <= 0.1F);
  CHECK(linear->weight.std().item<double>() == Approx(0.1 / std::sqrt(3)).epsilon(0.05));
  CHECK(linear->bias.abs().max().item<float>() <= 0.1F);
}

TEST_CASE("module: prints its sizes") {
  CHECK(printed(Linear(4, 3, true)) ==
        "minillama::Linear(in_features=4, out_features=3, bias=true)");
  CHECK(printed(Embedding(5, 2)) == "minillama::Embedding(count=5, dim=2)");
  CHECK(printed(LayerNorm(8, 0.5)) == "minillama::LayerNorm(dim=8, eps=0.5)");
  CHECK(printed(RMSNorm(8, 0.5)) == "minillama::RMSNorm(dim=8, eps=0.5)");
  CHECK(printed(Dropout(0.25, make_generator(0))) == "minillama::Dropout(p=0.25)");
  const auto text = printed(adapted_model(false, NormKind::rmsnorm));
  CHECK_THAT(text, contains("minillama::LanguageModel(tied_embeddings=false)("));
  CHECK_THAT(text,
             contains("(llama): minillama::Llama(dim=16, n_layers=2, n_heads=4, n_kv_heads=2, "
                      "hidden_dim=24, vocab_size=37)("));
  CHECK_THAT(text,
             contains("(attention): minillama::Attention(n_heads=4, n_kv_heads=2, head_dim=4)"));
  CHECK_THAT(text,
             contains("(a): minillama::Lora(rank=2, scale=8, in_features=16, out_features=8)"));
}

TEST_CASE("module: Sequential takes layers and whole models") {
  const torch::NoGradGuard no_grad;
  LanguageModel model(test::small_config(), make_generator(1));
  torch::nn::Sequential whole(model);
  CHECK(whole->forward(some_ids()).equal(model(some_ids())));
  Linear head(16, 3);
  head->reset_parameters(make_generator(2));
  torch::nn::Sequential parts(model->llama, LayerNorm(16, 1e-5), Dropout(0.0, make_generator(0)),
                              head, torch::nn::ReLU());
  const auto y = parts->forward(some_ids());
  CHECK(y.sizes().vec() == std::vector<std::int64_t>{2, 5, 3});
  auto copy = std::dynamic_pointer_cast<torch::nn::SequentialImpl>(parts->clone());
  CHECK(copy->forward(some_ids()).equal(y));
  CHECK_FALSE(share_memory(*parts, *copy));
  torch::nn::Sequential adapted{
      torch::nn::AnyModule(model->llama->layers[0]->as<DecoderLayer>()->feed_forward)};
  CHECK(adapted->forward(torch::zeros({2, 16})).equal(torch::zeros({2, 16})));
}

TEST_CASE("module: torch::save and torch::load, to, zero_grad and the modes do what they do") {
  auto model = adapted_model(false, NormKind::layernorm);
  std::stringstream archive;
  torch::save(model, archive);
  auto other = adapted_model(false, NormKind::layernorm);
  other->reset_parameters(make_generator(9));
  torch::load(other, archive);
  CHECK(test::first_difference(parameters_of(*model), parameters_of(*other)) == "");

  model(some_ids()).sum().backward();
  CHECK(model->llama->norm->weight.grad().defined());
  model->zero_grad();
  const auto grad = model->llama->norm->weight.grad();
  CHECK((!grad.defined() || grad.abs().sum().item<float>() == 0));
  model->eval();
  for (const auto& module : model->modules()) CHECK_FALSE(module->is_training());
  model->to(torch::kDouble);
  for (const auto& parameter : model->parameters()) {
    CHECK(parameter.scalar_type() == torch::kDouble);
  }
  CHECK(model(some_ids()).scalar_type() == torch::kDouble);
}
