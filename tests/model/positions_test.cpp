// A Llama with each scheme of positions (core/position_schemes.h).

#include <fmt/format.h>

#include "minillama/core/alibi.h"
#include "minillama/core/error.h"
#include "minillama/core/position_schemes.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/llama.h"
#include "minillama/optim/parameter_groups.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/formats.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// The shape of tests/reference/positions.py, and what it calls the model.
struct Named {
  std::string name;
  ModelConfig config;
};

std::vector<Named> models() {
  const ModelConfig base{.dim = 8,
                         .n_layers = 2,
                         .n_heads = 6,
                         .n_kv_heads = 3,
                         .head_dim = 4,
                         .hidden_dim = 12,
                         .vocab_size = 13,
                         .max_seq_len = 9,
                         .rope_theta = 100};
  std::vector<Named> all{{"half", base}, {"alibi", base}, {"learned", base}, {"none", base}};
  all[0].config.rotary_share = 0.5;
  for (std::size_t i = 1; i < all.size(); ++i) all[i].config.positions = all[i].name;
  return all;
}

test::Fixture expected_values() {
  return test::load_fixture(test::repository_file("tests/reference/positions.pt"));
}

Llama reference_model(const Named& named, const test::Fixture& expected) {
  Llama llama(named.config, make_generator(1));
  llama->to(torch::kDouble);
  for (auto& item : llama->named_parameters()) {
    item.value().set_data(expected.at(named.name + "." + item.key()).clone());
  }
  return llama;
}

torch::Tensor random_ids(std::int64_t count) {
  return torch::randint(13, {count}, make_generator(4), torch::kLong);
}

}  // namespace

TEST_CASE("positions: ALiBi's slopes are transformers' for every number of heads") {
  const auto expected = expected_values();
  for (std::int64_t n_heads = 1; n_heads < 34; ++n_heads) {
    // transformers computes them in float32.
    CHECK(test::difference(torch::tensor(alibi_slopes(n_heads), torch::kDouble),
                           expected.at(fmt::format("slopes.{}", n_heads)), 1e-6, 0) == "");
  }
}

TEST_CASE("positions: states and gradients are PyTorch's, by the kernels too") {
  const auto expected = expected_values();
  const auto& ids = expected.at("ids");
  for (const auto& named : models()) {
    auto llama = reference_model(named, expected);
    // alibi's slopes are float32 there.
    for (const auto& [type, tolerance] :
         {std::pair{torch::kDouble, 1e-6}, std::pair{torch::kFloat, 1e-4}}) {
      INFO(named.name << ", " << torch::toString(type));
      llama->to(type);
      llama->zero_grad();
      const auto hidden = llama(ids);
      CHECK(test::difference(hidden.to(torch::kDouble), expected.at(named.name + ".hidden"),
                             tolerance, tolerance) == "");
      (hidden * expected.at("weights").to(type)).sum().backward();
      for (const auto& item : llama->named_parameters()) {
        INFO(item.key());
        CHECK(test::difference(item.value().grad().to(torch::kDouble),
                               expected.at(named.name + ".grad." + item.key()), 10 * tolerance,
                               10 * tolerance) == "");
      }
    }
  }
}

TEST_CASE("positions: gradients agree with finite differences") {
  const auto expected = expected_values();
  for (const auto& named : models()) {
    INFO(named.name);
    auto config = named.config;
    config.n_layers = 1;
    Llama llama(config, make_generator(2));
    llama->to(torch::kDouble);
    for (auto& item : llama->named_parameters()) {
      item.value().set_data(expected.at(named.name + "." + item.key()).clone());
    }
    const auto ids = random_ids(7);
    CHECK(test::parameter_gradient_difference(*llama, [&] {
            return llama->forward_packed(ids, Sequences({5, 2}));
          }) == "");
  }
}

TEST_CASE("positions: packed, of the last tokens alone and with a cache, all is the same") {
  const auto expected = expected_values();
  const torch::NoGradGuard no_grad;
  for (const auto& named : models()) {
    INFO(named.name);
    auto llama = reference_model(named, expected);
    const auto ids = random_ids(16);
    const Sequences sequences({6, 1, 9});
    const auto together = llama->forward_packed(ids, sequences);
    std::int64_t start = 0;
    for (const auto length : sequences.lengths()) {
      const auto its = ids.narrow(0, start, length).unsqueeze(0);
      const auto alone = llama(its);
      CHECK(test::difference(together.narrow(0, start, length).unsqueeze(0), alone, 0, 1e-12) ==
            "");
      KVCache cache(llama->config(), 1, 9, torch::kDouble);
      for (std::int64_t t = 0; t < length; t += 3) {
        const auto count = std::min<std::int64_t>(3, length - t);
        CHECK(test::difference(llama(its.narrow(1, t, count), &cache), alone.narrow(1, t, count), 0,
                               1e-12) == "");
      }
      start += length;
    }
    CHECK(test::difference(llama->forward_last(ids, sequences),
                           together.index_select(0, sequences.last_tokens()), 0, 1e-12) == "");

    KVCache cache(llama->config(), 3, 9, torch::kDouble);
    const std::vector<std::int64_t> all{0, 1, 2}, some{0, 2};
    llama->forward_packed(ids.narrow(0, 0, 6), Sequences({1, 3, 2}), cache, all);
    const auto more = llama->forward_packed(ids.narrow(0, 6, 6), Sequences({4, 2}), cache, some);
    const auto first = torch::cat({ids.narrow(0, 0, 1), ids.narrow(0, 6, 4)});
    const auto last = torch::cat({ids.narrow(0, 4, 2), ids.narrow(0, 10, 2)});
    CHECK(test::difference(more.narrow(0, 0, 4),
                           llama(first.unsqueeze(0)).squeeze(0).narrow(0, 1, 4), 0, 1e-12) == "");
    CHECK(test::difference(more.narrow(0, 4, 2),
                           llama(last.unsqueeze(0)).squeeze(0).narrow(0, 2, 2), 0, 1e-12) == "");
  }
}

TEST_CASE("positions: what the order of tokens changes, with each scheme") {
  const auto expected = expected_values();
  const torch::NoGradGuard no_grad;
  const auto ids = torch::tensor({3, 3, 3, 3, 3}).unsqueeze(0);
  for (const auto& named : models()) {
    INFO(named.name);
    auto llama = reference_model(named, expected);
    // Equal values are equal whatever their weights: only embeddings tell equal tokens apart.
    const auto hidden = llama(ids).squeeze(0);
    const auto spread = (hidden - hidden[0]).abs().max().item<double>();
    CHECK((spread > 1e-3) == (named.name == "learned"));
    const auto swapped = torch::tensor({{1, 2, 5}, {2, 1, 5}});
    const auto last = llama(swapped).select(1, 2);
    // The last token of one layer without positions sees a set; deeper ones know what saw what.
    CHECK((last[0] - last[1]).abs().max().item<double>() > 1e-4);
  }
}

TEST_CASE("positions: a model survives its directory, a copy and being drawn anew") {
  const auto tokenizer = test::golden_tokenizer();
  for (const auto& named : models()) {
    INFO(named.name);
    const test::TemporaryDirectory directory;
    auto config = named.config;
    config.vocab_size = test::model_to_export()->config().vocab_size;
    LanguageModel model(config, make_generator(3));
    write_language_model(directory.path() / "m", model, tokenizer);
    auto read = read_language_model(directory.path() / "m");
    CHECK(test::model_difference(read, model) == "");
    CHECK(read->config().positions == config.positions);
    const auto ids = random_ids(6).unsqueeze(0);
    LoadOptions as_it_lies;
    as_it_lies.frozen.emplace();
    auto frozen = read_language_model(directory.path() / "m", as_it_lies);
    CHECK(test::difference(frozen->llama(ids), model->llama(ids), 1e-5, 1e-6) == "");
    const auto copy = std::dynamic_pointer_cast<LlamaImpl>(model->llama->clone());
    CHECK(copy->forward(ids).equal(model->llama(ids)));
    const auto before = test::copy_of_parameters(*model->llama);
    copy->reset_parameters(make_generator(3));
    CHECK(test::first_difference(test::copy_of_parameters(*copy), before) == "");
    copy->reset_parameters(make_generator(4));
    CHECK(test::first_difference(test::copy_of_parameters(*copy), before) != "");
    CHECK(test::first_difference(test::copy_of_parameters(*model->llama), before) == "");
    CHECK(model->llama->position_embeddings.is_empty() == (named.name != "learned"));
  }
}

TEST_CASE("positions: embeddings of positions lie as deep as those of tokens") {
  const auto config = models()[2].config;
  REQUIRE(config.positions == "learned");
  const Llama llama(config, make_generator(1));
  const auto groups = parameter_groups(*llama, {.lr = 1}, {.layer_decay = 0.5});
  bool found = false;
  for (const auto& group : groups) {
    for (const auto& parameter : group.parameters) {
      if (!parameter.is_same(llama->position_embeddings->weight)) continue;
      found = true;
      CHECK(group.options.lr == 0.125);
    }
  }
  CHECK(found);
}

TEST_CASE("positions: what a scheme cannot do is refused") {
  const auto expected = expected_values();
  for (const auto& named : models()) {
    INFO(named.name);
    auto llama = reference_model(named, expected);
    const auto long_ids = random_ids(10).unsqueeze(0);
    KVCache cache(llama->config(), 1, 12, torch::kDouble);
    if (named.name == "learned") {
      CHECK_THROWS_WITH(llama(long_ids), contains("10 positions of a model with learned"));
      llama(random_ids(9).unsqueeze(0), &cache);
      CHECK_THROWS_AS(llama(random_ids(1).unsqueeze(0), &cache), OptionError);
      CHECK(cache.lengths()[0] == 9);
    } else {
      CHECK_NOTHROW(llama(long_ids));
    }
    if (named.name == "alibi") {
      CHECK_THROWS_WITH(llama->set_attention(AttentionKind::full), contains("causal"));
      CHECK(llama->config().attention == AttentionKind::causal);
    } else {
      CHECK_NOTHROW(llama->set_attention(AttentionKind::full));
    }
  }
}

TEST_CASE("positions: tensors that are not the scheme's, and a mask that is not, are refused") {
  const auto tokenizer = test::golden_tokenizer();
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "m";
  auto config = models()[1].config;
  config.vocab_size = test::model_to_export()->config().vocab_size;
  LanguageModel model(config, make_generator(3));
  write_language_model(path, model, tokenizer);
  CHECK_THROWS_WITH(read_language_model(path, {.attention = AttentionKind::full}),
                    contains("causal"));
  const auto json = test::read_text(path / "config.json");
  const auto with = [&](std::string_view by) {
    auto changed = json;
    const std::string_view positions = "\"alibi\"";
    changed.replace(changed.find(positions), positions.size(), by);
    directory.file("m/config.json", changed);
  };
  with("\"learned\"");
  CHECK_THROWS_WITH(read_language_model(path), contains("position_embeddings.weight"));
  CHECK_THROWS_WITH(Checkpoint::open(path).weights(), contains("position_embeddings.weight"));
  with("\"alibis\"");
  CHECK_THROWS_WITH(read_language_model(path), contains("positions is \"alibis\""));
  with("7");
  CHECK_THROWS_WITH(read_language_model(path), contains("\"positions\""));
  config.positions = "learned";
  LanguageModel learned(config, make_generator(3));
  write_language_model(directory.path() / "l", learned, tokenizer);
  directory.file("l/config.json", json);
  CHECK_THROWS_WITH(read_language_model(directory.path() / "l"),
                    contains("position_embeddings.weight"));
}
