#include "minillama/core/position_schemes.h"

#include <cmath>

#include "minillama/core/alibi.h"
#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/core/model_config.h"

#include "support/catch.h"
#include "support/config_error.h"
#include "support/file_error.h"

using namespace minillama;

namespace {

ModelConfig config_with(std::string positions, double rotary_share = 1) {
  return {.dim = 24,
          .n_heads = 3,
          .max_seq_len = 10,
          .positions = std::move(positions),
          .rotary_share = rotary_share};
}

}  // namespace

TEST_CASE("positions: ALiBi's slopes are the paper's, for eight and sixteen heads and for others") {
  const auto eight = alibi_slopes(8);
  REQUIRE(eight.size() == 8);
  for (int h = 0; h < 8; ++h) CHECK(eight[std::size_t(h)] == std::ldexp(1.0, -(h + 1)));
  const auto sixteen = alibi_slopes(16);
  for (std::size_t h = 0; h < 8; ++h) CHECK(sixteen[2 * h + 1] == eight[h]);
  CHECK(sixteen[0] == Approx(std::sqrt(0.5)));
  const auto twelve = alibi_slopes(12);
  REQUIRE(twelve.size() == 12);
  for (std::size_t h = 0; h < 8; ++h) CHECK(twelve[h] == eight[h]);
  for (std::size_t h = 8; h < 12; ++h) CHECK(twelve[h] == sixteen[2 * (h - 8)]);
}

TEST_CASE("positions: every scheme survives JSON, and what is usual is not said") {
  for (const auto& scheme : position_schemes()) {
    INFO(scheme.name);
    const auto config = config_with(std::string(scheme.name)).resolved();
    CHECK(find_position_scheme(scheme.name) == &scheme);
    CHECK(&position_scheme(config) == &scheme);
    Json json;
    write_model_config(config, json);
    CHECK(json.contains("positions") == (scheme.name != "rope"));
    CHECK_FALSE(json.contains("rotary_share"));
    CHECK(read_model_config(Json::parse(json.dump()), "config.json") == config);
    CHECK(other_than_rope(config).empty() == (scheme.name == "rope"));
    CHECK(rotary_frequencies(config).per_position.size() == (scheme.rotates ? 4 : 0));
    CHECK(score_slopes(config).size() == (scheme.slopes != nullptr ? 3 : 0));
  }
  const auto half = config_with("rope", 0.5).resolved();
  Json json;
  write_model_config(half, json);
  CHECK(read_model_config(Json::parse(json.dump()), "config.json") == half);
  CHECK(other_than_rope(half) == "rotary_share 0.5");
  json["positions"] = "sinusoidal";
  CHECK_THAT(test::file_error([&] { read_model_config(json, "config.json"); }),
             contains("positions is \"sinusoidal\", must be rope, alibi, learned or none"));
}

TEST_CASE("positions: a share of a head's dimensions has the frequencies of a head of that width") {
  const auto found = rotary_frequencies(config_with("rope", 0.75)).per_position;
  const auto narrow = rotary_frequencies({.dim = 6, .n_heads = 1}).per_position;
  REQUIRE(found.size() == 4);
  for (std::size_t i = 0; i < 3; ++i) CHECK(found[i] == narrow[i]);
  CHECK(found[3] == 0);
}

TEST_CASE("positions: configs whose fields do not go together are refused by field") {
  CHECK(test::config_error(config_with("rope", 0.25)) == "accepted");
  CHECK_THAT(test::config_error(config_with("")), contains("positions is \"\""));
  CHECK_THAT(test::config_error(config_with("Rope")), contains("positions is \"Rope\""));
  for (const double share : {0.0, -1.0, 1.5, double(NAN), double(INFINITY)}) {
    CHECK_THAT(test::config_error(config_with("rope", share)), contains("must lie in (0, 1]"));
  }
  for (const double share : {0.3, 0.125, 1e-9}) {
    CHECK_THAT(test::config_error(config_with("rope", share)),
               contains("even number of a head's 8"));
  }
  CHECK_THAT(test::config_error(config_with("alibi", 0.5)),
             contains("rotary_share is 0.5, must be 1 for positions alibi"));
  auto config = config_with("rope", 0.5);
  config.rope_scaling = {.kind = "linear", .factor = 2};
  CHECK_THAT(test::config_error(config), contains("rope_scaling is of a kind"));
  config = config_with("none");
  config.rope_scaling = {.kind = "linear", .factor = 2};
  CHECK_THAT(test::config_error(config), contains("positions none do not rotate"));
  for (const auto& scheme : position_schemes()) {
    config = config_with(std::string(scheme.name));
    config.attention = AttentionKind::full;
    CHECK((test::config_error(config) == "accepted") == (scheme.slopes == nullptr));
  }
}

TEST_CASE("positions: only learned ones end with the context") {
  for (const auto& scheme : position_schemes()) {
    const auto config = config_with(std::string(scheme.name)).resolved();
    CHECK_NOTHROW(require_positions(config, 10));
    if (scheme.has_embeddings) {
      CHECK_THROWS_WITH(require_positions(config, 11),
                        contains("11 positions of a model with learned positions of 10"));
    } else {
      CHECK_NOTHROW(require_positions(config, 11));
    }
  }
}
