// What the keys of a GGUF file say about a model, in files that hold nothing else.

#include "minillama/checkpoint/gguf_config.h"

#include <cmath>
#include <map>

#include "minillama/checkpoint/gguf_checkpoint.h"
#include "minillama/io/gguf.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

using Entries = std::map<std::string, GgufValue>;

/// The keys of a small model with others besides or in their place; "@" stands for the
/// architecture.
std::vector<std::pair<std::string, GgufValue>> with(const std::string& architecture,
                                                    const Entries& others) {
  const auto number = [](std::uint32_t value) { return GgufValue(value); };
  Entries entries{
      {"general.architecture", architecture}, {"@.vocab_size", number(32)},
      {"@.context_length", number(64)},       {"@.embedding_length", number(16)},
      {"@.block_count", number(1)},           {"@.feed_forward_length", number(16)},
      {"@.attention.head_count", number(2)},  {"@.attention.layer_norm_rms_epsilon", 1e-5F}};
  for (const auto& [key, value] : others) entries[key] = value;
  std::vector<std::pair<std::string, GgufValue>> named;
  for (const auto& [key, value] : entries) {
    named.emplace_back(key.starts_with("@") ? architecture + key.substr(1) : key, value);
  }
  return named;
}

ModelConfig read(const std::string& architecture, const Entries& others,
                 std::span<const TensorRecord> tensors = {}) {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "model.gguf";
  write_gguf(path, with(architecture, others), tensors);
  return open_gguf_checkpoint(path).config;
}

std::string error_of(const std::string& architecture, const Entries& others,
                     std::span<const TensorRecord> tensors = {}) {
  return test::file_error([&] { read(architecture, others, tensors); });
}

TensorRecord divisors(const std::vector<float>& values) {
  return {.name = "rope_freqs.weight",
          .dtype = DType::float32,
          .shape = {std::ssize(values)},
          .strides = {1},
          .data = std::as_bytes(std::span(values))};
}

const std::string kType = "@.rope.scaling.type", kFactor = "@.rope.scaling.factor";

}  // namespace

TEST_CASE("gguf config: architectures and the widths of their heads") {
  for (const std::string name : {"llama", "qwen2", "qwen3"}) {
    INFO(name);
    CHECK(read(name, {}).head_dim == 8);
    CHECK(read(name, {}).qk_norm == (name == "qwen3"));
    const auto wide = read(name, {{"@.attention.key_length", std::uint32_t{20}},
                                  {"@.attention.value_length", std::uint32_t{20}}});
    CHECK(wide.query_dim() == 40);
    CHECK_THAT(error_of(name, {{"@.attention.key_length", std::uint32_t{0}}}),
               contains(name + ".attention.key_length is 0"));
    CHECK_THAT(error_of(name, {{"@.attention.key_length", std::uint32_t{7}}}),
               contains("head_dim is 7"));
    CHECK_THAT(error_of(name, {{"@.attention.value_length", std::uint32_t{20}}}),
               contains(name + ".attention.value_length is 20, must be the width 8 of a head"));
    CHECK_THAT(error_of(name, {{"@.rope.dimension_count", std::uint32_t{4}}}),
               contains(name + ".rope.dimension_count is 4"));
    CHECK_THAT(error_of(name, {{"@.new_key", std::uint32_t{1}}}),
               contains(name + ".new_key\" is 1, which is not known"));
  }
  CHECK_THAT(error_of("qwen2moe", {}), contains("is of the architecture \"qwen2moe\""));
  CHECK_THAT(error_of("qwen2", {{"llama.logit_scale", 0.0F}}), contains("llama.logit_scale"));
}

TEST_CASE("gguf config: windows count where they are shorter than the context") {
  const auto error = [](std::uint32_t window) {
    return error_of("llama", {{"@.attention.sliding_window", window}});
  };
  CHECK(error(0) == "accepted");
  CHECK(error(64) == "accepted");
  CHECK_THAT(error(63), contains("\"llama.attention.sliding_window\" is 63, shorter than"));
}

TEST_CASE("gguf config: scaled rotary positions in new and old keys") {
  const auto scaling = [](const Entries& others) { return read("llama", others).rope_scaling; };
  const RotaryScaling linear{.kind = "linear", .factor = 2}, none;
  CHECK(scaling({}) == none);
  CHECK(scaling({{kType, "linear"}, {kFactor, 2.0F}}) == linear);
  CHECK(scaling({{kFactor, 2.0F}}) == linear);  // what llama.cpp takes it for
  CHECK(scaling({{"@.rope.scale_linear", 2.0F}}) == linear);
  CHECK(scaling({{kType, "none"}, {kFactor, 2.0F}}) == none);
  CHECK(scaling({{kType, "linear"}}) == none);
  CHECK(scaling({{kFactor, 0.0F}, {"@.rope.scale_linear", 2.0F}}) == none);
  const auto yarn = scaling({{kType, "yarn"},
                             {kFactor, 4.0F},
                             {"@.rope.scaling.original_context_length", std::uint32_t{16}},
                             {"@.rope.scaling.yarn_beta_fast", 8.0F},
                             {"@.rope.scaling.attn_factor", 0.5F}});
  CHECK(yarn.factor == 4);
  CHECK(yarn.original_context == 16);
  CHECK(yarn.beta_fast == 8);
  CHECK(yarn.beta_slow == 1);
  CHECK(yarn.attention_factor == Approx(0.5 * (0.1 * std::log(4) + 1)));
  CHECK(scaling({{kType, "yarn"}, {kFactor, 4.0F}}).original_context == 64);

  CHECK_THAT(error_of("llama", {{kType, "longrope"}}),
             contains("\"llama.rope.scaling.type\" is \"longrope\", which is not supported"));
  CHECK_THAT(error_of("llama", {{kFactor, -2.0F}}),
             contains("\"llama.rope.scaling.factor\" is -2, must be a positive number"));
  CHECK_THAT(error_of("llama", {{"@.rope.scale_linear", NAN}}), contains("scale_linear\" is nan"));
  CHECK_THAT(error_of("llama", {{kFactor, std::uint32_t{2}}}), contains("is no number"));
  CHECK_THAT(error_of("llama", {{"@.rope.scaling.attn_factor", 0.5F}}),
             contains("attn_factor\" is 0.5, which only yarn may have"));
  CHECK_THAT(error_of("llama", {{kType, "yarn"}, {"@.rope.scaling.yarn_ext_factor", 0.5F}}),
             contains("yarn_ext_factor\" is 0.5, which is not supported"));
  CHECK_THAT(error_of("llama", {{kType, "yarn"}, {"@.rope.scaling.yarn_beta_slow", 0.0F}}),
             contains("yarn_beta_slow\" is 0"));
}

TEST_CASE("gguf config: every truncation and every wrong byte is survived") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "model.gguf";
  const std::vector<float> values{1, 1.5F, 2, 4};
  write_gguf(path,
             with("llama", {{kType, "linear"},
                            {kFactor, 1.0F},
                            {"@.rope.scaling.attn_factor", 1.0F},
                            {"@.attention.key_length", std::uint32_t{8}}}),
             std::vector{divisors(values)});
  const auto read_file = [](const std::filesystem::path& file) { open_gguf_checkpoint(file); };
  read_file(path);
  auto content = test::read_text(path);
  CHECK(test::check_every_flip(content, read_file) > 0);
  content.resize(content.find("rope_freqs.weight") + 17 + 4 + 8 + 4 + 8);  // behind its description
  test::check_every_truncation(content, read_file);
}

TEST_CASE("gguf config: a table of divisors") {
  const std::vector<float> values{1, 1.5F, 2, 4};
  const std::vector<TensorRecord> tensors{divisors(values)};
  const auto scaling = read("llama", {}, tensors).rope_scaling;
  CHECK(scaling.kind == "divisors");
  CHECK(scaling.divisors == std::vector<double>{1, 1.5, 2, 4});
  CHECK_THAT(error_of("qwen2", {}, tensors), contains("rope_freqs.weight), which no qwen2 does"));
  CHECK_THAT(error_of("llama", {{kFactor, 2.0F}}, tensors), contains("beside rope_freqs"));
  CHECK_THAT(error_of("llama", {{kType, "yarn"}}, tensors), contains("beside rope_freqs"));
  for (const float bad : {0.0F, -1.0F, NAN, INFINITY}) {
    const std::vector<float> others{1, 1, bad, 4};
    CHECK_THAT(error_of("llama", {}, std::vector{divisors(others)}), contains("must be positive"));
  }
  const std::vector<float> few{1, 1, 4};
  CHECK_THAT(error_of("llama", {}, std::vector{divisors(few)}),
             contains("must be 4 numbers, one for each pair of a head"));
}
