#include "minillama/model/llama.h"

#include <cmath>

#include <torch/autograd.h>

#include "minillama/core/error.h"
#include "minillama/model/language_model.h"
#include "minillama/model/language_model_file.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/small_model.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

torch::Tensor random_ids(std::vector<std::int64_t> shape, std::uint64_t seed) {
  auto generator = make_generator(seed);
  return torch::randint(37, shape, generator, torch::kLong);
}

}  // namespace

TEST_CASE("llama: computes what PyTorch computes, for both norms and masks") {
  const auto expected =
      test::load_fixture(test::repository_file("tests/reference/tiny_expected.pt"));
  const torch::NoGradGuard no_grad;
  for (const std::string norm : {"layernorm", "rmsnorm"}) {
    for (const std::string attention : {"causal", "full"}) {
      INFO(norm << ", " << attention);
      auto model =
          read_language_model(test::repository_file("tests/reference/tiny_" + norm + ".pt"),
                              {.attention = attention_kind(attention)});
      const auto hidden = model->llama(expected.at("ids"));
      CHECK(test::difference(hidden, expected.at(norm + ".hidden_" + attention), 1e-4, 1e-5) == "");
      CHECK(test::difference(model->logits(hidden), expected.at(norm + ".logits_" + attention),
                             1e-4, 1e-5) == "");
    }
  }
}

TEST_CASE("llama: matches the pretrained model's golden tensors") {
  const auto model_path = test::data_file("reviews/reviews5M.pt");
  const auto golden_path = test::data_file("reviews/golden.pt");
  SKIP_WITHOUT(model_path, "reviews/reviews5M.pt");
  SKIP_WITHOUT(golden_path, "reviews/golden.pt");
  const auto golden = test::load_fixture(*golden_path);
  const torch::NoGradGuard no_grad;
  for (const std::string attention : {"causal", "full"}) {
    auto model = read_language_model(*model_path, {.attention = attention_kind(attention)});
    const auto hidden = model->llama(golden.at("ids"));
    CHECK(test::difference(hidden, golden.at("hidden_" + attention), 0, 1e-4) == "");
    CHECK(test::difference(model->logits(hidden.select(1, -1)),
                           golden.at("last_logits_" + attention), 0, 1e-4) == "");
  }
}

// The assignment's own check, with its tolerances. scripts/fetch_assets.sh gets the model.
TEST_CASE("llama: passes the assignment's sanity_check") {
  auto model_path = std::optional(test::repository_file("checkpoints/stories42M.pt"));
  if (!std::filesystem::exists(*model_path)) model_path.reset();
  const auto data_path = test::data_file("reference/sanity_check.data");
  SKIP_WITHOUT(model_path, "checkpoints/stories42M.pt");
  SKIP_WITHOUT(data_path, "reference/sanity_check.data");
  const auto expected = test::load_fixture(*data_path);
  const auto ids = torch::tensor({101, 7592, 2088, 102, 0, 0, 0, 0,  //
                                  101, 7592, 15756, 2897, 2005, 17953, 2361, 102})
                       .view({2, 8});
  const torch::NoGradGuard no_grad;
  auto model = read_language_model(*model_path, {.attention = AttentionKind::full});
  const auto hidden = model->llama(ids);
  CHECK(test::difference(hidden, expected.at("hidden_states"), 1e-3, 1e-5) == "");
  CHECK(test::difference(model->logits(hidden.narrow(1, -1, 1)), expected.at("logits"), 1e-3,
                         1e-5) == "");
}

TEST_CASE("llama: gradients agree with finite differences, through the tied head too") {
  std::vector<ModelConfig> configs(2, test::small_config());
  configs[1].head_dim = 4;
  configs[1].qkv_bias = configs[1].output_bias = configs[1].qk_norm = true;
  configs[1].rope_scaling = {.kind = "yarn", .factor = 4, .original_context = 4};
  for (ModelConfig& config : configs) {
    config.dim = 8;
    config.n_layers = 1;
    config.hidden_dim = 6;
    config.vocab_size = 7;
    LanguageModel model(config, make_generator(3));
    model->to(torch::kDouble);
    {
      const torch::NoGradGuard no_grad;
      for (auto& item : model->named_parameters()) {
        // Gains of queries and keys would make the softmax too steep for differences.
        const bool is_of_heads = item.key().find("attention.") != std::string::npos &&
                                 item.key().find("norm") != std::string::npos;
        if (!is_of_heads) item.value().mul_(10);
      }
    }
    const auto ids = torch::tensor({1, 5, 5, 2, 0, 6});
    CHECK(test::parameter_gradient_difference(*model, [&] {
            return model->logits(model->llama->forward_packed(ids, Sequences({4, 2})));
          }) == "");
  }
}

TEST_CASE("llama: its last layers are drawn anew, and no others") {
  auto config = test::small_config();
  config.n_layers = 3;
  Llama llama(config, make_generator(1));
  const auto before = test::copy_of_parameters(*llama);
  for (const std::int64_t n : {0, 2, 3}) {
    llama->reset_last_layers(n, make_generator(static_cast<std::uint64_t>(n) + 5));
    for (const auto& [name, weight] : before) {
      INFO(name << ", " << n);
      const auto is_reset = name.starts_with("layers.") && name[7] - '0' >= 3 - n;
      const auto& now = llama->named_parameters()[name];
      const bool is_gain = weight.dim() == 1;  // which begin at 1
      CHECK(torch::equal(now, weight) == (!is_reset || is_gain));
    }
  }
  for (const std::int64_t n : {-1, 4}) {
    CHECK_THROWS_WITH(llama->reset_last_layers(n, make_generator(1)),
                      contains("the number of layers to be drawn anew is"));
  }
}

TEST_CASE("llama: packed sequences get what each gets alone") {
  const torch::NoGradGuard no_grad;
  for (const auto kind : {AttentionKind::causal, AttentionKind::full}) {
    auto config = test::small_config();
    config.attention = kind;
    Llama llama(config, make_generator(1));
    const Sequences sequences({4, 1, 9});
    const auto ids = random_ids({14}, 2);
    const auto together = llama->forward_packed(ids, sequences);
    std::int64_t start = 0;
    for (const auto length : sequences.lengths()) {
      const auto alone = llama(ids.narrow(0, start, length).unsqueeze(0)).squeeze(0);
      CHECK(test::difference(together.narrow(0, start, length), alone, 1e-5, 1e-6) == "");
      start += length;
    }
  }
}

TEST_CASE("llama: embeddings give what their ids give, and receive gradients") {
  Llama llama(test::small_config(), make_generator(1));
  const Sequences sequences({4, 1, 9});
  const auto ids = random_ids({14}, 2);
  const auto embeddings = llama->tok_embeddings(ids).detach().requires_grad_();
  const auto states = llama->forward_embedded(embeddings, sequences);
  CHECK(states.equal(llama->forward_packed(ids, sequences)));
  states.square().sum().backward();
  CHECK(embeddings.grad().isfinite().all().item<bool>());
  CHECK(embeddings.grad().abs().sum(-1).min().item<double>() > 0);  // each token's matters
}

TEST_CASE("llama: of the last tokens alone it computes what it computes of all") {
  for (const auto kind : {AttentionKind::causal, AttentionKind::full}) {
    auto config = test::small_config();
    config.attention = kind;
    Llama llama(config, make_generator(1));
    const auto ids = random_ids({14}, 2);
    for (const auto& sequences : {Sequences({4, 1, 9}), Sequences::rectangle(7, 2)}) {
      const auto gradients_of = [&](const torch::Tensor& hidden) {
        return torch::autograd::grad({hidden.square().sum()}, llama->parameters());
      };
      const auto last = llama->forward_last(ids, sequences);
      const auto of_all =
          llama->forward_packed(ids, sequences).index_select(0, sequences.last_tokens());
      CHECK(test::difference(last, of_all, 1e-5, 1e-6) == "");
      const auto expected = gradients_of(of_all);
      const auto gradients = gradients_of(last);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(test::difference(gradients[i], expected[i], 1e-4, 1e-5) == "");
      }
    }
  }
}

TEST_CASE("llama: decoding with a cache gives what the whole sequence gives") {
  const torch::NoGradGuard no_grad;
  Llama llama(test::small_config(), make_generator(1));
  llama->to(torch::kDouble);
  const auto ids = random_ids({2, 12}, 3);
  const auto whole = llama(ids);
  KVCache cache(llama->config(), 2, 12, torch::kDouble);
  std::int64_t past = 0;
  for (const std::int64_t length : {5, 1, 1, 3, 2}) {
    const auto hidden = llama(ids.narrow(1, past, length), &cache);
    CHECK(test::difference(hidden, whole.narrow(1, past, length), 0, 1e-12) == "");
    past += length;
  }
  CHECK(cache.lengths() == std::vector<std::int64_t>{12, 12});
}

TEST_CASE("llama: a cache under full attention is refused") {
  auto config = test::small_config();
  config.attention = AttentionKind::full;
  Llama llama(config);
  KVCache cache(llama->config(), 1, 4, torch::kFloat);
  CHECK_THROWS(llama(random_ids({1, 2}, 1), &cache));
}

TEST_CASE("llama: new weights have the documented spread and depend on the generator alone") {
  ModelConfig config{.dim = 128, .n_layers = 2, .n_heads = 4, .vocab_size = 1000};
  torch::manual_seed(1);
  Llama llama(config, make_generator(5));
  const auto deviation = [&](const std::string& name) {
    const auto parameter = llama->named_parameters()[name];
    CHECK(std::abs(parameter.mean().item<double>()) < 1e-3);
    return parameter.std().item<double>();
  };
  CHECK(deviation("tok_embeddings.weight") == Approx(0.02).epsilon(0.03));
  CHECK(deviation("layers.1.attention.compute_query.weight") == Approx(0.02).epsilon(0.03));
  CHECK(deviation("layers.1.feed_forward.w3.weight") == Approx(0.02).epsilon(0.03));
  CHECK(deviation("layers.0.attention.compute_output.weight") == Approx(0.01).epsilon(0.03));
  CHECK(deviation("layers.0.feed_forward.w2.weight") == Approx(0.01).epsilon(0.03));
  CHECK(llama->named_parameters()["norm.weight"].equal(torch::ones({128})));

  torch::manual_seed(2);
  const Llama same(config, make_generator(5));
  CHECK(test::first_difference(parameters_of(*same), parameters_of(*llama)) == "");
}

TEST_CASE("llama: parameters have the names of stories42M.pt") {
  const Llama llama(ModelConfig{.dim = 8, .n_layers = 1, .n_heads = 2, .vocab_size = 5});
  CHECK(llama->named_parameters().keys() ==
        std::vector<std::string>{
            "tok_embeddings.weight", "layers.0.attention.compute_query.weight",
            "layers.0.attention.compute_key.weight", "layers.0.attention.compute_value.weight",
            "layers.0.attention.compute_output.weight", "layers.0.feed_forward.w1.weight",
            "layers.0.feed_forward.w2.weight", "layers.0.feed_forward.w3.weight",
            "layers.0.attention_norm.weight", "layers.0.attention_norm.bias",
            "layers.0.ffn_norm.weight", "layers.0.ffn_norm.bias", "norm.weight", "norm.bias"});
}

TEST_CASE("llama: biases and norms of queries and keys, where the config says so, and in a clone") {
  auto config = test::small_config();
  config.n_layers = 1;
  config.head_dim = 6;
  config.qkv_bias = config.output_bias = config.qk_norm = true;
  Llama llama(config, make_generator(1));
  const auto parameters = llama->named_parameters();
  for (const auto& [name, size] : {std::pair{"compute_query.bias", 24},
                                   {"compute_key.bias", 12},
                                   {"compute_value.bias", 12},
                                   {"compute_output.bias", 16}}) {
    CHECK(parameters[std::string("layers.0.attention.") + name].equal(torch::zeros({size})));
  }
  for (const auto* name : {"query_norm.weight", "key_norm.weight"}) {
    CHECK(parameters[std::string("layers.0.attention.") + name].equal(torch::ones({6})));
  }
  {
    const torch::NoGradGuard no_grad;
    float next = 0;  // parameters of their own
    for (auto& parameter : llama->parameters()) parameter.add_(next += 0.01F);
    next = 0;
    for (const auto& item : llama->named_parameters()) {
      next += 0.01F;
      if (item.key().ends_with("bias"))
        CHECK(item.value().equal(torch::full_like(item.value(), next)));
      if (item.key().find("norm") != std::string::npos && item.key().ends_with("weight")) {
        CHECK(item.value().equal(torch::ones_like(item.value()) + next));
      }
    }
  }
  const auto clone = std::dynamic_pointer_cast<LlamaImpl>(llama->clone());
  const auto ids = random_ids({1, 6}, 4);
  CHECK(clone->named_parameters().size() == parameters.size());
  CHECK(clone->forward(ids).equal(llama(ids)));

  config.rope_scaling = {.kind = "dynamic", .factor = 2};
  Llama ends(config, make_generator(1));
  CHECK_THROWS_WITH(ends(random_ids({1, 21}, 4)), contains("21 positions of a model of 20"));
}

TEST_CASE("llama: dropout changes training, not evaluation") {
  auto config = test::small_config();
  config.dropout = 0.2;
  Llama llama(config, make_generator(1));
  const auto ids = random_ids({1, 6}, 4);
  const torch::NoGradGuard no_grad;
  CHECK_FALSE(llama(ids).equal(llama(ids)));
  llama->eval();
  CHECK(llama(ids).equal(llama(ids)));
}

TEST_CASE("llama: a language model's head is tied or its own") {
  auto config = test::small_config();
  LanguageModel tied(config);
  CHECK(tied->output.is_empty());
  const auto hidden = torch::ones({1, 16});
  CHECK(test::difference(tied->logits(hidden), hidden.mm(tied->llama->tok_embeddings->weight.t()),
                         1e-5, 1e-6) == "");
  config.tied_embeddings = false;
  LanguageModel untied(config);
  CHECK(untied->named_parameters().contains("output.weight"));
  CHECK(test::difference(untied->logits(hidden), hidden.mm(untied->output->weight.t()), 1e-5,
                         1e-6) == "");
}
