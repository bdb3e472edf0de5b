#include "minillama/weights/adapter_options.h"

#include <cmath>
#include <map>

#include "minillama/core/error.h"
#include "minillama/weights/bitfit_options.h"
#include "minillama/weights/lora_options.h"

#include "support/catch.h"

using namespace minillama;

namespace {

struct OtherOptions {
  static constexpr std::string_view kKind = "other";
  std::vector<std::string> targets = {"w1"};
  void validate() const { throw OptionError("other: cannot be used"); }
  std::vector<AdapterTensor> tensors(std::string_view /*linear*/) const {
    return {{.name = "both", .peft_name = "theirs", .shape = {kMatrixCols, 3, kMatrixRows}}};
  }
  void merge(std::string_view /*linear*/, const AdapterFloats& floats,
             const DenseMatrix& matrix) const {
    matrix.weight[0] = *floats("both");
  }
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
  const auto tensors = AdapterOptions(LoraOptions{.rank = 3}).tensors("w1");
  REQUIRE(tensors.size() == 2);
  CHECK(tensors[0].name == "lora_A");
  CHECK(tensors[0].shape_beside(5, 7) == std::vector<std::int64_t>{3, 7});
  CHECK(tensors[1].peft_name == "lora_B.weight");
  CHECK(tensors[1].shape_beside(5, 7) == std::vector<std::int64_t>{5, 3});
  CHECK(OtherOptions().tensors("w1")[0].shape_beside(5, 7) == std::vector<std::int64_t>{7, 3, 5});
}

TEST_CASE("adapter options: the term of an adapter is made of its tensors") {
  const std::map<std::string_view, float> floats{{"lora_A", 1}, {"lora_B", 2}};
  const AdapterFloats get = [&](std::string_view name) { return &floats.at(name); };
  const auto term = AdapterOptions(LoraOptions{.rank = 4, .alpha = 6}).low_rank("w1", get);
  REQUIRE(term);
  CHECK(*term->a == 1);
  CHECK(*term->b == 2);
  CHECK(term->rank == 4);
  CHECK(term->scale == 1.5F);
}

TEST_CASE("adapter options: a bias that is added is no term of the matrix, nor merged") {
  const float bias = 2;
  const AdapterFloats get = [&](std::string_view name) {
    REQUIRE(name == "bitfit_bias");
    return &bias;
  };
  const AdapterOptions bitfit = BitfitOptions();
  CHECK(bitfit.is_affine());
  CHECK(bitfit.added_bias("w1", get) == &bias);
  CHECK_FALSE(bitfit.low_rank("w1", get));
  CHECK(AdapterOptions(LoraOptions()).is_affine());
  CHECK(AdapterOptions(OtherOptions()).is_affine());
  CHECK(AdapterOptions(OtherOptions()).added_bias("w1", get) == nullptr);
}

TEST_CASE("adapter options: one without a term is merged into the numbers of its matrix") {
  const std::map<std::string_view, float> floats{{"both", 3}};
  const AdapterFloats get = [&](std::string_view name) { return &floats.at(name); };
  const AdapterOptions other = OtherOptions();
  CHECK_FALSE(other.low_rank("w1", get));
  float weight = 1;
  other.merge("w1", get, {.rows = 1, .cols = 1, .weight = &weight});
  CHECK(weight == 3);
}

TEST_CASE("adapter options: ranks, alphas and scales of linears of their own") {
  const LoraOptions options{.rank = 4,
                            .alpha = 8,
                            .targets = {"w1", "w2"},
                            .ranks = {{"w1", 2}, {"layers.1.feed_forward.w1", 16}},
                            .alphas = {{"feed_forward.w1", 1}, {"w1", 5}}};
  const auto first = "layers.0.feed_forward.w1";
  const auto second = "layers.1.feed_forward.w1";
  CHECK(options.rank_of(first) == 2);
  CHECK(options.rank_of(second) == 16);
  CHECK(options.rank_of("layers.1.feed_forward.w2") == 4);
  CHECK(options.alpha_of(first) == 1);  // the longer name counts
  CHECK(options.scale_of(first) == 0.5);
  CHECK(options.scale_of("w2") == 2);
  auto stabilized = options;
  stabilized.rank_stabilized = true;
  CHECK(stabilized.scale_of("w2") == 4);
  CHECK(stabilized.scale_of(second) == 0.25);

  const AdapterOptions any = options;
  CHECK(any.tensors(second)[0].shape_beside(5, 7) == std::vector<std::int64_t>{16, 7});
  CHECK(any.tensors(first)[1].shape_beside(5, 7) == std::vector<std::int64_t>{5, 2});
  CHECK_NOTHROW(require_exceptions(any, {first, second}));
  CHECK_THROWS_WITH(require_exceptions(any, {first, "layers.1.feed_forward.w2"}),
                    contains("\"layers.1.feed_forward.w1\" is the name of no linear that gets"));
  CHECK_THROWS_WITH((LoraOptions{.ranks = {{"w1", 0}}}.validate()),
                    contains("rank of \"w1\" is 0"));
  CHECK_THROWS_WITH((LoraOptions{.alphas = {{"w1", INFINITY}}}.validate()),
                    contains("alpha of \"w1\" is inf"));
}

TEST_CASE("adapter options: pissa is stored as twice the rank with the same scale") {
  for (const bool stabilized : {false, true}) {
    const LoraOptions options{.rank = 3,
                              .alpha = 5,
                              .rank_stabilized = stabilized,
                              .ranks = {{"w1", 2}},
                              .alphas = {{"w2", 7}},
                              .init = LoraInit::pissa};
    const auto stored = options.as_stored();
    CHECK(stored.init == LoraInit::normal);
    for (const auto* linear : {"w1", "w2", "w3"}) {
      CHECK(stored.rank_of(linear) == 2 * options.rank_of(linear));
      CHECK(stored.scale_of(linear) == Approx(options.scale_of(linear)).epsilon(1e-14));
    }
  }
  CHECK(LoraOptions().as_stored() == LoraOptions());
  CHECK(lora_init("pissa") == LoraInit::pissa);
  CHECK_THROWS_WITH(lora_init("eva"), contains("init is \"eva\""));
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
