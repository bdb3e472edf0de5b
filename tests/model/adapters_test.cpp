#include "minillama/model/adapters.h"

#include <set>

#include "minillama/checkpoint/stored_weights.h"
#include "minillama/core/error.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/stored_module.h"
#include "minillama/weights/bitfit_options.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/filled_adapter.h"
#include "support/scale_adapter.h"
#include "support/small_model.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// Fills every adapter's B, so that it does something.
void fill_b(Llama& llama, const std::string& name) {
  const torch::NoGradGuard no_grad;
  auto generator = make_generator(11);
  for (const auto& [key, parameter] : adapter_parameters(llama, name)) {
    if (key.ends_with("lora_B")) parameter.copy_(torch::randn(parameter.sizes(), generator));
  }
}

}  // namespace

TEST_CASE("model/adapters: adapts the attention's projections unless told otherwise") {
  Llama llama(test::small_config());
  add_adapter(llama, "sst", {.rank = 2}, make_generator(1));
  const auto parameters = adapter_parameters(llama, "sst");
  CHECK(parameters.size() == 2 * 4 * 2);
  CHECK(parameters.front().first == "layers.0.attention.compute_query.lora_A");
  const auto all = llama->named_parameters();
  CHECK(all.contains("layers.1.attention.compute_output.sst.lora_B"));
  CHECK(all.contains("layers.1.attention.compute_output.weight"));
  CHECK(active_adapter(llama) == "sst");
  CHECK((adapters_of(llama) ==
         std::map<std::string, AdapterOptions>{{"sst", LoraOptions{.rank = 2}}}));
}

TEST_CASE("model/adapters: any linear by its name or the end of it") {
  Llama llama(test::small_config());
  add_adapter(llama, "ffn", {.targets = {"w1", "layers.1.feed_forward.w2"}}, make_generator(1));
  std::set<std::string> names;
  for (const auto& [name, unused] : adapter_parameters(llama, "ffn")) names.insert(name);
  CHECK(names == std::set<std::string>{
                     "layers.0.feed_forward.w1.lora_A", "layers.0.feed_forward.w1.lora_B",
                     "layers.1.feed_forward.w1.lora_A", "layers.1.feed_forward.w1.lora_B",
                     "layers.1.feed_forward.w2.lora_A", "layers.1.feed_forward.w2.lora_B"});
  CHECK_THROWS_WITH(add_adapter(llama, "x", {.targets = {"uery"}}, make_generator(1)),
                    contains("\"uery\""));
  CHECK_THROWS_WITH(activate_adapter(llama, "x"), contains("\"x\""));
  CHECK_THROWS_AS(add_adapter(llama, "ffn", {}, make_generator(1)), OptionError);
}

TEST_CASE("model/adapters: merged logits equal unmerged ones, and unmerging restores every bit") {
  for (const auto type : {torch::kFloat, torch::kDouble}) {
    LanguageModel model(test::small_config(), make_generator(3));
    model->to(type);
    auto& llama = model->llama;
    const auto ids = torch::arange(12, torch::kLong).view({2, 6});
    const torch::NoGradGuard no_grad;
    const auto base = model(ids);
    const auto weights = parameters_of(*llama);
    const auto before = test::copy_of_parameters(*llama);

    add_adapter(llama, "a", {.rank = 3, .targets = {"compute_query", "compute_value", "w2"}},
                make_generator(4));
    CHECK(torch::equal(model(ids), base));  // B is 0
    fill_b(llama, "a");
    const auto adapted = model(ids);
    CHECK_FALSE(torch::equal(adapted, base));
    merge_adapter(llama);
    CHECK(is_merged(llama));
    const double tolerance = type == torch::kDouble ? 1e-6 : 1e-4;
    CHECK(test::difference(model(ids), adapted, 0, tolerance) == "");
    unmerge_adapter(llama);
    CHECK_FALSE(is_merged(llama));
    CHECK(test::first_difference(weights, before) == "");
    CHECK(torch::equal(model(ids), adapted));
    activate_adapter(llama, "");
    CHECK(torch::equal(model(ids), base));
  }
}

TEST_CASE("model/adapters: an absorbed adapter is what the next one is trained on top of") {
  Llama llama(test::small_config(), make_generator(3));
  llama->eval();
  const auto ids = torch::arange(12, torch::kLong).view({2, 6});
  const torch::NoGradGuard no_grad;
  add_adapter(llama, "a", {.rank = 3}, make_generator(4));
  add_adapter(llama, "unused", {}, make_generator(5));
  fill_b(llama, "a");
  activate_adapter(llama, "a");
  const auto adapted = llama(ids);
  absorb_adapter(llama);
  CHECK(adapters_of(llama).empty());
  CHECK(active_adapter(llama).empty());
  CHECK_FALSE(is_merged(llama));
  for (const auto& item : llama->named_parameters()) CHECK_FALSE(is_adapter_parameter(item.key()));
  CHECK(test::difference(llama(ids), adapted, 0, 1e-4) == "");
  add_adapter(llama, "a", {.rank = 2}, make_generator(6));
  CHECK(test::difference(llama(ids), adapted, 0, 1e-4) == "");
}

TEST_CASE("model/adapters: only the adapter gets gradients") {
  Llama llama(test::small_config());
  add_adapter(llama, "a", {}, make_generator(1));
  add_adapter(llama, "b", {}, make_generator(2));
  train_only_adapter(llama, "a");
  activate_adapter(llama, "a");
  for (const auto& item : llama->named_parameters()) {
    INFO(item.key());
    CHECK(item.value().requires_grad() == (item.key().find(".a.lora_") != std::string::npos));
  }
}

TEST_CASE("model/adapters: one of a kind that the library does not have") {
  LanguageModel model(test::small_config(), make_generator(3));
  auto& llama = model->llama;
  const test::ScaleOptions options{.targets = {"compute_key"}};
  CHECK_THROWS_WITH(add_adapter(llama, "a", options, make_generator(1)),
                    contains("kind \"scale\""));
  for (const auto& layer : *llama->layers) {
    auto& key = layer->as<DecoderLayerImpl>()->attention->compute_key;
    key->add_adapter("a", test::Scale(key->weight, options).ptr());
  }
  activate_adapter(llama, "a");
  CHECK((adapters_of(llama).at("a") == options));
  train_only_adapter(llama, "a");
  const auto parameters = adapter_parameters(llama, "a");
  REQUIRE(parameters.size() == 2);
  CHECK(parameters[1].first == "layers.1.attention.compute_key.l");
  const auto ids = torch::arange(12, torch::kLong).view({2, 6});
  const auto key_weight = [&] {
    return llama->named_parameters()["layers.0.attention.compute_key.weight"];
  };
  const auto before = key_weight().clone();
  for (int step = 0; step < 3; ++step) {
    model->zero_grad();
    model(ids).square().sum().backward();
    const torch::NoGradGuard no_grad;
    for (const auto& [name, l] : parameters) {
      INFO(name);
      REQUIRE(l.grad().defined());
      CHECK(l.grad().abs().sum().item<double>() > 0);
      l.sub_(0.01 * l.grad().sign());
    }
  }
  const torch::NoGradGuard no_grad;
  const auto adapted = model(ids);
  const auto copy = std::dynamic_pointer_cast<LanguageModelImpl>(model->clone());
  CHECK(torch::equal(copy->forward(ids), adapted));
  merge_adapter(llama);
  CHECK_FALSE(torch::equal(key_weight(), before));
  CHECK(test::difference(model(ids), adapted, 0, 1e-4) == "");
  CHECK(to_stored(model, torch::kFloat).adapters.empty());
  unmerge_adapter(llama);
  CHECK(torch::equal(key_weight(), before));

  // Beside the weights it is refused by its name to be stored; an engine has it merged.
  const test::TemporaryDirectory directory;
  CHECK_THROWS_WITH(write_language_model(directory.path(), model, test::small_tokenizer()),
                    contains("the kind \"scale\" cannot be stored"));
  CHECK(std::filesystem::is_empty(directory.path()));
  auto stored = to_stored(model, torch::kFloat);
  CHECK_THAT(weights_of(stored).remark, contains("2 matrices are made f32 in memory"));
  stored.active_adapter = "";
  CHECK_NOTHROW(weights_of(stored));

  model->reset_parameters(make_generator(3));
  for (const auto& [name, l] : parameters) CHECK((l == 1).all().item<bool>());
  CHECK(torch::equal(key_weight(), before));
}

TEST_CASE("model/adapters: biases that are merged are declared, beside others of 0") {
  using Names = std::vector<std::string>;
  const auto ids = torch::arange(12, torch::kLong).view({2, 6});
  const torch::NoGradGuard no_grad;
  for (const auto& [targets, qkv, output] :
       {std::tuple{Names{"compute_query"}, true, false},
        {Names{"compute_output"}, false, true},
        {Names{"layers.1.attention.compute_key", "compute_output"}, true, true}}) {
    INFO(targets.front());
    LanguageModel model(test::small_config(), make_generator(3));
    auto& llama = model->llama;
    const auto before = test::copy_of_parameters(*llama);
    add_adapter(llama, "a", BitfitOptions{.targets = targets}, make_generator(4));
    test::fill_adapter(llama, "a");
    const auto adapted = model(ids);

    merge_adapter(llama);
    CHECK(test::difference(model(ids), adapted, 1e-6, 1e-6) == "");
    const auto stored = to_stored(model, torch::kFloat);
    CHECK(stored.adapters.empty());
    CHECK(stored.config.qkv_bias == qkv);
    CHECK(stored.config.output_bias == output);
    CHECK_NOTHROW(weights_of(stored));
    unmerge_adapter(llama);
    CHECK(to_stored(model, torch::kFloat).config.qkv_bias == false);
    CHECK(torch::equal(model(ids), adapted));

    absorb_adapter(llama);
    CHECK(test::difference(model(ids), adapted, 1e-6, 1e-6) == "");
    const test::TemporaryDirectory directory;
    write_language_model(directory.path(), model, test::small_tokenizer());
    CHECK(test::difference(read_language_model(directory.path())(ids), model(ids), 1e-6, 1e-6) ==
          "");
    for (const auto& [name, value] : before) {
      CHECK(torch::equal(llama->named_parameters()[name], value));
    }
  }
}

TEST_CASE("model/adapters: biases that no file could declare stay an adapter's") {
  LanguageModel model(test::small_config(), make_generator(3));
  auto& llama = model->llama;
  add_adapter(llama, "a", BitfitOptions{.targets = {"compute_query", "w2"}}, make_generator(4));
  const auto names = llama->named_parameters().keys();
  const auto refused = contains("bias of layers.0.feed_forward.w2 cannot become part");
  CHECK_THROWS_WITH(absorb_adapter(llama), refused);
  CHECK(llama->named_parameters().keys() == names);
  CHECK(active_adapter(llama) == "a");
  merge_adapter(llama);
  CHECK_THROWS_WITH(to_stored(model, torch::kFloat), refused);
  CHECK_THROWS_WITH(absorb_adapter(llama), refused);
}
