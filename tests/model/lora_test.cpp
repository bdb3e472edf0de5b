#include "minillama/model/lora.h"

#include <set>

#include "minillama/core/error.h"
#include "minillama/model/language_model.h"

#include "support/catch.h"
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

TEST_CASE("model/lora: adapts the attention's projections unless told otherwise") {
  Llama llama(test::small_config());
  add_adapter(llama, "sst", {.rank = 2}, make_generator(1));
  const auto parameters = adapter_parameters(llama, "sst");
  CHECK(parameters.size() == 2 * 4 * 2);
  CHECK(parameters.front().first == "layers.0.attention.compute_query.lora_A");
  const auto all = llama->named_parameters();
  CHECK(all.contains("layers.1.attention.compute_output.sst.lora_B"));
  CHECK(all.contains("layers.1.attention.compute_output.weight"));
  CHECK(active_adapter(llama) == "sst");
  CHECK((adapters_of(llama) == std::map<std::string, LoraOptions>{{"sst", {.rank = 2}}}));
}

TEST_CASE("model/lora: any linear by its name or the end of it") {
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

TEST_CASE("model/lora: merged logits equal unmerged ones, and unmerging restores every bit") {
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

TEST_CASE("model/lora: an absorbed adapter is what the next one is trained on top of") {
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

TEST_CASE("model/lora: only the adapter gets gradients") {
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
