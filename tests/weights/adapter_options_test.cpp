#include "minillama/weights/adapter_options.h"

#include <map>

#include "minillama/core/error.h"
#include "minillama/weights/lora_options.h"

#include "support/catch.h"

using namespace minillama;

namespace {

struct OtherOptions {
  static constexpr std::string_view kKind = "other";
  std::vector<std::string> targets = {"w1"};
  void validate() const { throw OptionError("other: cannot be used"); }
  std::vector<AdapterTensor> tensors() const {
    return {{.name = "both", .peft_name = "theirs", .shape = {kMatrixCols, 3, kMatrixRows}}};
  }
  std::optional<LowRank> low_rank(const AdapterFloats& /*floats*/) const { return {}; }
  bool operator==(const OtherOptions&) const = default;
};

}  // namespace

TEST_CASE("adapter options: hold those of one kind") {
  const AdapterOptions lora = LoraOptions{.rank = 3, .targets = {"w2", "compute_key"}};
  const AdapterOptions other = OtherOptions();
  CHECK(lora.kind() == "lora");
  CHECK(other.kind() == "other");
  REQUIRE(lora.as<LoraOptions>() != nullptr);
  CHECK(lora.as<LoraOptions>()->rank == 3);
  CHECK(lora.as<OtherOptions>() == nullptr);
  CHECK(lora == AdapterOptions(lora));
  CHECK_FALSE(lora == other);
  CHECK_FALSE(lora == AdapterOptions(LoraOptions{.rank = 3}));
  CHECK_NOTHROW(lora.validate());
  CHECK_THROWS_AS(other.validate(), OptionError);
  const auto elsewhere = lora.with_targets({"w3"});
  CHECK((elsewhere == LoraOptions{.rank = 3, .targets = {"w3"}}));
  CHECK(lora.targets() == std::vector<std::string>{"w2", "compute_key"});
}

TEST_CASE("adapter options: tensors have the shape of their matrix") {
  const auto tensors = AdapterOptions(LoraOptions{.rank = 3}).tensors();
  REQUIRE(tensors.size() == 2);
  CHECK(tensors[0].name == "lora_A");
  CHECK(tensors[0].shape_beside(5, 7) == std::vector<std::int64_t>{3, 7});
  CHECK(tensors[1].peft_name == "lora_B.weight");
  CHECK(tensors[1].shape_beside(5, 7) == std::vector<std::int64_t>{5, 3});
  CHECK(OtherOptions().tensors()[0].shape_beside(5, 7) == std::vector<std::int64_t>{7, 3, 5});
}

TEST_CASE("adapter options: the term of an adapter is made of its tensors") {
  const std::map<std::string_view, float> floats{{"lora_A", 1}, {"lora_B", 2}};
  const AdapterFloats get = [&](std::string_view name) { return &floats.at(name); };
  const auto term = AdapterOptions(LoraOptions{.rank = 4, .alpha = 6}).low_rank(get);
  REQUIRE(term);
  CHECK(*term->a == 1);
  CHECK(*term->b == 2);
  CHECK(term->rank == 4);
  CHECK(term->scale == 1.5F);
  CHECK_FALSE(AdapterOptions(OtherOptions()).low_rank(get));
}

TEST_CASE("adapter options: linears are named in full or by what follows a dot") {
  const std::string name = "layers.1.attention.compute_query";
  for (const auto* target : {"compute_query", "attention.compute_query", name.c_str()}) {
    INFO(target);
    CHECK(names_linear(target, name));
    CHECK(adapts(LoraOptions{.targets = {"w1", target}}, name));
  }
  for (const auto* target : {"query", "attention", "layers.1", "1.compute_query", "compute_key"}) {
    INFO(target);
    CHECK_FALSE(names_linear(target, name));
    CHECK_FALSE(adapts(LoraOptions{.targets = {"w1", target}}, name));
  }
}

TEST_CASE("adapter options: parameters of adapters lie within those of linears") {
  for (const auto* name : {"layers.0.attention.compute_query.sst.lora_A",
                           "llama.layers.10.feed_forward.w2.a.weight"}) {
    INFO(name);
    CHECK(is_adapter_parameter(name));
  }
  for (const auto* name :
       {"layers.0.attention.compute_query.weight", "llama.layers.10.feed_forward.w2.weight",
        "layers.0.attention_norm.weight", "tok_embeddings.weight", "classifier_head.bias", ""}) {
    INFO(name);
    CHECK_FALSE(is_adapter_parameter(name));
  }
}
