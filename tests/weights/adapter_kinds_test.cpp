#include "minillama/weights/adapter_kinds.h"

#include "minillama/core/error.h"
#include "minillama/io/mapped_file.h"
#include "minillama/weights/bottleneck_options.h"
#include "minillama/weights/dora_options.h"
#include "minillama/weights/ia3_options.h"
#include "minillama/weights/lora_options.h"
#include "minillama/weights/prefix_options.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

AdapterOptions read_config(const std::filesystem::path& path) {
  const MappedFile file(path);
  return read_peft_config(parse_json(as_text(file.bytes()), path), path);
}

std::filesystem::path golden() {
  return test::repository_file("tests/reference/formats_peft/adapter_config.json");
}

const std::vector<PeftLinear> kLinears{
    {"layers.0.feed_forward.w2", "model.layers.0.mlp.down_proj"},
    {"layers.1.feed_forward.w2", "model.layers.1.mlp.down_proj"},
    {"layers.0.attention.compute_key", "model.layers.0.self_attn.k_proj"},
    {"layers.1.attention.compute_key", "model.layers.1.self_attn.k_proj"}};

AdapterOptions read_lora(const Json& fields) {
  Json json{{"peft_type", "LORA"}, {"r", 4}, {"lora_alpha", 8}};
  json.update(fields);
  return read_peft_config(json, "a", kLinears);
}

}  // namespace

TEST_CASE("adapter kinds: each is found by its name and reads what it writes") {
  CHECK_FALSE(adapter_kinds().empty());
  for (const auto* kind : adapter_kinds()) {
    INFO(kind->name);
    CHECK(find_adapter_kind(kind->name) == kind);
    const bool is_prefix = kind->name == PrefixOptions::kKind;  // whose targets PEFT does not name
    using Names = std::vector<std::string>;
    const auto options =
        kind->defaults().with_targets(is_prefix ? Names{"compute_key", "compute_value"}
                                                : Names{"w2", "layers.0.attention.compute_output"});
    CHECK(options.kind() == kind->name);
    CHECK(&kind_of(options) == kind);
    CHECK(kind->read(kind->to_json(options), "a") == options);
    Json peft{{"peft_type", kind->peft_type}};
    peft.update(kind->to_peft(options, kLinears));
    if (!is_prefix) CHECK(peft.at("target_modules") == options.targets());
    CHECK(read_peft_config(peft, "a", kLinears).with_targets(options.targets()) == options);
  }
  CHECK(find_adapter_kind("vera") == nullptr);
  CHECK(find_adapter_kind("") == nullptr);
}

TEST_CASE("adapter kinds: LoRA's PEFT config") {
  CHECK((read_config(golden()) == LoraOptions{.rank = 2, .alpha = 3}));
  const Json least{{"peft_type", "LORA"}, {"r", 4}, {"lora_alpha", 8}};
  CHECK((read_peft_config(least, "a") == LoraOptions{.rank = 4, .alpha = 8, .dropout = 0}));
  const Json other{{"peft_type", "VERA"}};
  CHECK(test::file_error([&] { read_peft_config(other, "a"); }) ==
        "a: field \"peft_type\" is \"VERA\", must be \"BITFIT\" or \"BOTTLENECK\" or \"IA3\" or "
        "\"LORA\" or \"PREFIX_TUNING\"");
}

TEST_CASE("adapter kinds: every truncation and every wrong byte of a PEFT config is survived") {
  std::string content = test::read_text(golden());
  if (content.ends_with("\n")) content.pop_back();  // which JSON does not need
  test::check_every_truncation(content, read_config);
  CHECK(test::check_every_flip(content, read_config) > 0);
}

TEST_CASE("adapter kinds: PEFT's patterns are those of the linears that they match, first come") {
  const Json both{{"rank_pattern", {{"k_proj", 3}, {"down_proj", 2}}},
                  {"alpha_pattern", {{"model\\.layers\\.1\\..*", 5}, {"down_proj", 6.5}}}};
  const auto options = read_lora(both);
  CHECK((options == LoraOptions{.rank = 4,
                                .alpha = 8,
                                .ranks = {{"compute_key", 3}, {"w2", 2}},
                                .alphas = {{"layers.0.feed_forward.w2", 6.5},
                                           {"layers.1.feed_forward.w2", 5},
                                           {"layers.1.attention.compute_key", 5}}}));
  const Json written = kind_of(options).to_peft(options, kLinears);
  CHECK(written.at("rank_pattern") == Json{{"down_proj", 2}, {"k_proj", 3}});
  CHECK(written.at("alpha_pattern").size() == 3);
  Json again{{"peft_type", "LORA"}};
  again.update(written);
  CHECK(read_peft_config(again, "a", kLinears).with_targets(options.targets()) == options);

  // Whole parts of a name, of linears that there are; one that has the usual rank is none.
  CHECK((read_lora({{"rank_pattern", {{"proj", 3}, {"lm_head", 2}, {"k_proj", 4}}}}) ==
         LoraOptions{.rank = 4, .alpha = 8}));
  CHECK((read_lora({{"use_rslora", true}, {"rank_pattern", nullptr}}) ==
         LoraOptions{.rank = 4, .alpha = 8, .rank_stabilized = true}));
  const auto error = [](const Json& json) { return test::file_error([&] { read_lora(json); }); };
  CHECK_THAT(error({{"rank_pattern", {{"(", 3}}}}), contains("is broken"));
  CHECK_THAT(error({{"rank_pattern", {{"k_proj", 1.5}}}}), contains("\"k_proj\" is 1.5"));
  CHECK_THAT(error({{"alpha_pattern", {1, 2}}}), contains("\"alpha_pattern\""));
  CHECK_THAT(error({{"use_rslora", 1}}), contains("\"use_rslora\" is 1"));
}

TEST_CASE("adapter kinds: variants of LoRA are kinds, and IA3's inputs go by names or a pattern") {
  CHECK(read_lora({{"use_dora", true}}).kind() == "dora");
  CHECK((read_lora({{"use_dora", true}, {"use_rslora", true}}) ==
         DoraOptions{{.rank = 4, .alpha = 8, .rank_stabilized = true}}));
  const auto ia3 = [](const Json& modules) {
    const Json json{{"peft_type", "IA3"}, {"feedforward_modules", modules}};
    return read_peft_config(json, "a", kLinears).as<Ia3Options>()->inputs;
  };
  using Names = std::vector<std::string>;
  CHECK(ia3({"down_proj"}) == Names{"w2"});
  CHECK(ia3(nullptr) == Names{"w2"});
  CHECK(ia3(Json::array()).empty());
  CHECK(ia3({"1.mlp.down_proj"}) == Names{"layers.1.feed_forward.w2"});
  CHECK(ia3(".*mlp.*") == Names{"w2"});
  CHECK(ia3("mlp.*").empty());
  CHECK_THAT(test::file_error([&] { ia3(3); }), contains("\"feedforward_modules\" is 3"));
  const Json other{{"peft_type", "IA3"}, {"fan_in_fan_out", true}};
  CHECK_THAT(test::file_error([&] { read_peft_config(other, "a"); }),
             contains("\"fan_in_fan_out\""));
}

TEST_CASE("adapter kinds: fields of our own of before there were all of them are read") {
  const auto* lora = find_adapter_kind("lora");
  const Json old{{"rank", 2}, {"alpha", 3.0}, {"dropout", 0.0}, {"targets", {"w1"}}};
  CHECK((lora->read(old, "a") == LoraOptions{.rank = 2, .alpha = 3, .targets = {"w1"}}));
  Json pissa = old;
  pissa["init"] = "pissa";
  CHECK_THAT(test::file_error([&] { lora->read(pissa, "a"); }), contains("\"init\" is \"pissa\""));
}

TEST_CASE("adapter kinds: fields of kinds of our own, in PEFT's manner") {
  const auto error = [](const Json& json) {
    return test::file_error([&] { read_peft_config(json, "a"); });
  };
  CHECK((read_peft_config({{"peft_type", "BOTTLENECK"}, {"bottleneck_width", 5}}, "a") ==
         BottleneckOptions{.width = 5}));
  CHECK_THAT(error({{"peft_type", "BOTTLENECK"}}), contains("\"bottleneck_width\""));
  CHECK_THAT(error({{"peft_type", "BOTTLENECK"}, {"bottleneck_width", "5"}}),
             contains("\"bottleneck_width\" is \"5\""));
  CHECK_THAT(
      error({{"peft_type", "BOTTLENECK"}, {"bottleneck_width", 5}, {"non_linearity", "gelu"}}),
      contains("\"non_linearity\""));
  CHECK_THAT(error({{"peft_type", "BITFIT"}, {"scale", 2}}), contains("\"scale\""));
}
