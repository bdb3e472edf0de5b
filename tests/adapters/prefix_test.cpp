#include "minillama/adapters/prefix.h"

#include "minillama/core/error.h"
#include "minillama/model/adapters.h"
#include "minillama/model/language_model.h"
#include "minillama/nn/linear.h"

#include "support/catch.h"
#include "support/filled_adapter.h"
#include "support/small_model.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

constexpr std::int64_t kTokens = 3;

/// A model with a prefix of which everything matters.
LanguageModel prefixed_model(ModelConfig config = test::small_config(),
                             torch::ScalarType type = torch::kDouble) {
  LanguageModel model(config, make_generator(3));
  model->to(type);
  add_adapter(model->llama, "a", PrefixOptions{.n_virtual_tokens = kTokens}, make_generator(4));
  test::fill_adapter(model->llama, "a");
  model->eval();
  return model;
}

torch::Tensor some_ids() {
  return torch::arange(12, torch::kLong).view({2, 6});
}

}  // namespace

TEST_CASE("prefix: beside linears, whose outputs stay as they are") {
  Linear linear(5, 6);
  linear->reset_parameters(make_generator(1));
  const auto x = torch::randn({4, 5}, make_generator(4));
  const torch::NoGradGuard no_grad;
  const auto y = linear(x);
  CHECK_FALSE(linear->rows_before().defined());
  linear->add_adapter(
      "a", Prefix(linear->weight, PrefixOptions{.n_virtual_tokens = 3}, make_generator(2)).ptr());
  CHECK_FALSE(linear->rows_before().defined());
  linear->activate("a");
  CHECK(torch::equal(linear(x), y));
  const auto& prefix = linear->adapters().at("a")->as<Prefix>()->prefix;
  CHECK(torch::equal(linear->rows_before(), prefix.t()));
  const auto copy = std::dynamic_pointer_cast<LinearImpl>(linear->clone());
  CHECK(torch::equal(copy->rows_before(), prefix.t()));
  CHECK_THROWS_WITH(linear->merge(), contains("cannot become part of the weights"));
  CHECK_FALSE(linear->is_merged());
}

TEST_CASE("prefix: keys and values of the tokens of a text, before another one, continue it") {
  // What a model computes behind a text is what it does with that text's keys and values as prefix.
  LanguageModel model(test::small_config(), make_generator(3));
  model->to(torch::kDouble);
  model->eval();
  const torch::NoGradGuard no_grad;
  const auto ids = torch::arange(9, torch::kLong).view({1, 9});
  const auto whole = model(ids);
  KVCache cache(model->config(), 1, 9, model->llama->options());
  model->llama(ids.slice(1, 0, kTokens), &cache);

  auto& llama = model->llama;
  add_adapter(llama, "a", PrefixOptions{.n_virtual_tokens = kTokens}, make_generator(4));
  const auto parameters = adapter_parameters(llama, "a");
  for (std::size_t i = 0; i < 2; ++i) {
    const auto of = [&](const torch::Tensor& cached) {  // [1, Hkv, capacity, Dh] -> [Hkv * Dh, n]
      return cached[0].slice(1, 0, kTokens).transpose(1, 2).flatten(0, 1);
    };
    for (const auto& [name, parameter] : parameters) {
      const auto layer = fmt::format("layers.{}.attention.", i);
      if (name == layer + "compute_key.prefix") parameter.detach().copy_(of(cache.layer(i).keys));
      if (name == layer + "compute_value.prefix") {
        parameter.detach().copy_(of(cache.layer(i).values));
      }
    }
  }
  const auto continued = model(ids.slice(1, kTokens));
  CHECK(test::difference(continued, whole.slice(1, kTokens), 1e-10, 1e-10) == "");
}

TEST_CASE("prefix: sequences of several lengths see their own prefix, with a cache too") {
  for (const auto attention : {AttentionKind::causal, AttentionKind::full}) {
    auto config = test::small_config();
    config.attention = attention;
    auto model = prefixed_model(config);
    auto& llama = model->llama;
    const torch::NoGradGuard no_grad;
    const auto ids = torch::arange(9, torch::kLong);
    const auto first = llama(ids.slice(0, 0, 2).unsqueeze(0))[0];
    const auto second = llama(ids.slice(0, 2).unsqueeze(0))[0];
    const Sequences sequences({2, 7});
    const auto packed = llama->forward_packed(ids, sequences);
    CHECK(test::difference(packed, torch::cat({first, second}), 1e-10, 1e-10) == "");
    const auto last = llama->forward_last(ids, sequences);
    CHECK(test::difference(last, torch::stack({first[-1], second[-1]}), 1e-10, 1e-10) == "");
    if (attention == AttentionKind::full) continue;
    KVCache cache(config.resolved(), 1, 7, llama->options());
    std::vector<torch::Tensor> parts;
    for (const auto& [begin, end] : {std::pair{2, 3}, {3, 7}, {7, 9}}) {
      parts.push_back(llama(ids.slice(0, begin, end).unsqueeze(0), &cache)[0]);
    }
    CHECK(test::difference(torch::cat(parts), second, 1e-10, 1e-10) == "");
    CHECK(cache.lengths().front() == 7);  // of tokens that there are
  }
}

TEST_CASE("prefix: gradients of a whole model, and those of the kernels") {
  auto model = prefixed_model();
  train_only_adapter(model->llama, "a");
  const auto before = test::copy_of_parameters(*model);
  const auto ids = some_ids();
  std::vector<torch::Tensor> prefixes;
  for (auto& [unused, parameter] : adapter_parameters(model->llama, "a")) {
    prefixes.push_back(parameter);
  }
  CHECK(prefixes.size() == 4);
  const auto loss = [&](LanguageModel& of) { return of(ids).square().mean(); };
  const auto gradients = torch::autograd::grad({loss(model)}, prefixes);
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    const torch::NoGradGuard no_grad;
    auto flat = prefixes[i].view({-1});
    for (std::int64_t k = 0; k < flat.size(0); ++k) {
      constexpr double kStep = 1e-5;
      const auto value = flat[k].clone();
      flat[k] = value + kStep;
      const auto above = loss(model).item<double>();
      flat[k] = value - kStep;
      const auto below = loss(model).item<double>();
      flat[k] = value;
      CHECK(gradients[i].reshape({-1})[k].item<double>() ==
            Approx((above - below) / (2 * kStep)).epsilon(1e-5).margin(1e-9));
    }
  }

  auto floats = prefixed_model(test::small_config(), torch::kFloat);
  const torch::NoGradGuard no_grad;
  for (const auto& [name, value] : before) {
    floats->named_parameters()[name].copy_(value);
  }
  const torch::AutoGradMode with_gradients(true);
  for (const bool recompute : {false, true}) {
    floats->zero_grad();
    floats->llama->set_recompute(recompute);
    loss(floats).backward();
    const auto parameters = adapter_parameters(floats->llama, "a");
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
      CHECK(test::difference(parameters[i].second.grad().to(torch::kDouble), gradients[i], 1e-5,
                             1e-3) == "");
    }
  }
}

TEST_CASE("prefix: options that cannot be used are refused by name") {
  const auto refused = [](const PrefixOptions& options, const std::string& message) {
    CHECK_THROWS_WITH(options.validate(), contains(message));
  };
  refused({.n_virtual_tokens = 0}, "virtual tokens is 0");
  refused({.n_virtual_tokens = 65537}, "virtual tokens is 65537");
  refused({.targets = {}}, "names no linear");
  refused({.targets = {"w1"}}, "\"w1\" makes neither keys nor values");
  refused({.targets = {"compute_key"}}, "\"compute_key\" needs \"compute_value\"");
  refused({.targets = {"layers.0.attention.compute_value", "layers.1.attention.compute_key"}},
          "needs \"layers.0.attention.compute_key\"");
  CHECK_NOTHROW((PrefixOptions{
      .targets = {"layers.0.attention.compute_value", "layers.0.attention.compute_key"}}
                     .validate()));
  CHECK_THROWS_AS(Prefix(torch::zeros({3}), PrefixOptions(), make_generator(1)), OptionError);
  CHECK_FALSE(AdapterOptions(PrefixOptions()).is_affine());
}
