#include "minillama/core/rotary_scaling.h"

#include <cmath>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/core/model_config.h"
#include "minillama/core/rotary_json.h"
#include "minillama/io/hugging_face_rotary.h"

#include "support/catch.h"
#include "support/config_error.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

std::string error_of(const Json& scaling) {
  return test::file_error([&] { read_rotary_scaling(scaling, "config.json", "rope_scaling"); });
}

}  // namespace

TEST_CASE("rotary scaling: transformers' frequencies of every kind") {
  const Json all =
      Json::parse(test::read_text(test::repository_file("tests/reference/configs_rotary.json")));
  REQUIRE(all.size() == 11);
  for (const Json& expected : all) {
    INFO(expected.at("rope_scaling"));
    const auto config =
        ModelConfig{.n_heads = 2,
                    .head_dim = expected.at("head_dim").get<std::int64_t>(),
                    .max_seq_len = expected.at("max_position_embeddings").get<std::int64_t>(),
                    .rope_theta = expected.at("rope_theta").get<double>(),
                    .rope_scaling = read_hugging_face_rotary(expected, "config.json")}
            .resolved();
    const auto found = rotary_frequencies(config);
    CHECK(std::abs(found.scale - expected.at("scale").get<double>()) < 1e-12);
    const auto frequencies = expected.at("frequencies").get<std::vector<double>>();
    REQUIRE(found.per_position.size() == frequencies.size());
    for (std::size_t i = 0; i < frequencies.size(); ++i) {
      // transformers computes in float32.
      CHECK(std::abs(found.per_position[i] - frequencies[i]) <= 2e-6 * frequencies[i]);
    }
  }
}

TEST_CASE("rotary scaling: without any, theta^(-2i / Dh) to the bit") {
  const auto config = ModelConfig{.dim = 64, .n_heads = 2, .rope_theta = 500}.resolved();
  const auto found = rotary_frequencies(config);
  REQUIRE(found.per_position.size() == 16);
  CHECK(found.scale == 1);
  for (int i = 0; i < 16; ++i)
    CHECK(found.per_position[std::size_t(i)] == std::pow(500, -i / 16.0));
}

TEST_CASE("rotary scaling: every kind survives JSON") {
  for (const auto& kind : rotary_kinds()) {
    INFO(kind.name);
    RotaryScaling scaling{.kind = std::string(kind.name)};
    double next = 2;
    for (const auto& field : kind.fields) scaling.*field.value = next++;
    if (kind.name == "divisors") scaling.divisors = {1, 2.5, 3, 4};
    const auto config = ModelConfig{.dim = 8, .n_heads = 1, .rope_scaling = scaling}.resolved();
    CHECK(config.rope_scaling == scaling);
    Json json;
    write_model_config(config, json);
    CHECK(read_model_config(Json::parse(json.dump()), "config.json") == config);
  }
}

TEST_CASE("rotary scaling: bad values are refused by file and field") {
  CHECK(error_of({{"rope_type", "longrope"}}) ==
        "config.json: field \"rope_scaling.rope_type\" is \"longrope\", which is not supported");
  CHECK(error_of({{"rope_type", "linear"}}) ==
        "config.json: field \"rope_scaling.factor\" is missing, which \"linear\" needs");
  for (const Json& bad : {Json(0), Json(-1.5), Json("2"), Json::array(), Json(true)}) {
    CHECK_THAT(
        error_of({{"rope_type", "linear"}, {"factor", bad}}),
        contains("\"rope_scaling.factor\" is " + bad.dump() + ", must be a positive number"));
  }
  CHECK_THAT(error_of({{"rope_type", "linear"}, {"factor", 2}, {"beta_fast", 32}}),
             contains("\"rope_scaling.beta_fast\" is 32, which is none of what \"linear\" has"));
  const Json llama3{{"rope_type", "llama3"},
                    {"factor", 8},
                    {"original_max_position_embeddings", 8192},
                    {"low_freq_factor", 1},
                    {"high_freq_factor", 4}};
  CHECK(error_of(llama3) == "accepted");
  for (const auto& [field, unused] : llama3.items()) {
    if (field == "rope_type") continue;
    Json without = llama3;
    without.erase(field);
    CHECK_THAT(error_of(without), contains("rope_scaling." + field + "\" is missing"));
    without[field] = 0;
    CHECK_THAT(error_of(without), contains("rope_scaling." + field + "\" is 0"));
  }
  CHECK_THAT(error_of({{"rope_type", "divisors"}}), contains("is no list of numbers"));
  CHECK_THAT(error_of({{"rope_type", "divisors"}, {"divisors", {1, "2"}}}),
             contains("holds \"2\""));
  CHECK_THAT(error_of(Json::array()), contains("a JSON object was expected"));
}

TEST_CASE("rotary scaling: configs that describe none are refused") {
  const auto with = [](const RotaryScaling& scaling, double theta = 1e4) {
    return test::config_error(
        {.dim = 8, .n_heads = 1, .rope_theta = theta, .rope_scaling = scaling});
  };
  CHECK_THAT(with({.kind = "warp"}), contains("of the kind \"warp\""));
  CHECK_THAT(with({.kind = "linear"}), contains("rope_scaling.factor is 0, must be positive"));
  CHECK_THAT(with({.kind = "linear", .factor = INFINITY}), contains("factor is inf"));
  CHECK_THAT(with({.kind = "linear", .factor = 2, .attention_factor = 2}),
             contains("holds numbers that the kind linear does not have"));
  CHECK_THAT(with({.divisors = {1, 1, 1, 1}}), contains("kind default does not have"));
  CHECK_THAT(with({.kind = "yarn", .factor = 2}, 1), contains("rope_theta is 1, must be above 1"));
  CHECK_THAT(with({.kind = "llama3",
                   .factor = 2,
                   .original_context = 8,
                   .low_freq_factor = 4,
                   .high_freq_factor = 4}),
             contains("high_freq_factor is 4, must be above the low_freq_factor 4"));
  CHECK_THAT(with({.kind = "divisors", .divisors = {1, 2, 3}}),
             contains("divisors are 3, must be 4"));
  CHECK_THAT(with({.kind = "divisors", .divisors = {1, 2, 3, 0}}), contains("divisors hold 0"));
  CHECK(test::config_error({.head_dim = 7}) == "model config: head_dim is 7, must be even");
  CHECK_THAT(test::config_error({.head_dim = -2}), contains("head_dim is -2"));
  CHECK_THAT(test::config_error({.head_dim = std::int64_t{1} << 28}),
             contains("head_dim is 268435456"));
  CHECK(ModelConfig{.dim = 10, .n_heads = 4, .head_dim = 6}.resolved().query_dim() == 24);
}
