#include "minillama/io/hugging_face_config.h"

#include <cmath>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "minillama/core/error.h"
#include "minillama/io/mapped_file.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

Json parse_file(const std::filesystem::path& path) {
  const MappedFile file(path);
  return parse_json(as_text(file.bytes()), path);
}

void read_config(const std::filesystem::path& path) {
  read_hugging_face_config(parse_file(path), path);
}

void read_index(const std::filesystem::path& path) {
  read_hugging_face_index(parse_file(path), path);
}

std::filesystem::path golden(const std::string& name) {
  return test::repository_file("tests/reference/formats_hf" + name);
}

/// Of an index with `weight_map`.
std::string index_error(const Json& weight_map) {
  try {
    read_hugging_face_index({{"weight_map", weight_map}}, "index");
  } catch (const FileError& error) {
    return error.what();
  }
  return "read";
}

}  // namespace

TEST_CASE("hugging face config: fields that old versions leave out have transformers' defaults") {
  Json json = parse_file(golden("/config.json"));
  CHECK(is_hugging_face(json));
  for (const auto* field : {"num_key_value_heads", "rms_norm_eps", "rope_theta"}) json.erase(field);
  const auto config = read_hugging_face_config(json, "config.json");
  CHECK(config.n_kv_heads == config.n_heads);
  CHECK(config.norm_eps == 1e-6);
  CHECK(config.rope_theta == 10000);
  json["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 5e5}};
  CHECK(read_hugging_face_config(json, "config.json").rope_theta == 5e5);
  CHECK_FALSE(is_hugging_face(Json::array({"model_type", "llama"})));
  CHECK_FALSE(is_hugging_face(Json{{"model_type", 1}}));
}

TEST_CASE("hugging face config: the rotary base is one, wherever it stands") {
  Json json = parse_file(golden("/config.json"));
  const auto error = [&] {
    return test::file_error([&] { read_hugging_face_config(json, "config.json"); });
  };
  json["rope_theta"] = 5e5;
  json["rope_scaling"] = {{"rope_type", "default"}, {"rope_theta", 5e5}};
  CHECK(error() == "accepted");
  json["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 1e4}};
  CHECK_THAT(error(), contains("\"rope_parameters.rope_theta\" is 10000, but \"rope_theta\" is "
                               "500000"));
  json["rope_parameters"] = {{"rope_theta", "1e4"}};
  CHECK_THAT(error(), contains("\"rope_theta\" is \"1e4\""));
  json.erase("rope_parameters");
  json.erase("rope_theta");
  CHECK(read_hugging_face_config(json, "config.json").rope_theta == 5e5);
}

TEST_CASE("hugging face config: another head and layers of another kind are refused by name") {
  Json json = parse_file(golden("/config.json"));
  const auto error = [&](const char* field, const Json& value) {
    Json other = json;
    other[field] = value;
    return test::file_error([&] { read_hugging_face_config(other, "config.json"); });
  };
  CHECK_THAT(error("architectures", Json::array({"LlamaForTokenClassification"})),
             contains("names \"LlamaForTokenClassification\""));
  CHECK(error("layer_types", Json::array({"full_attention", "full_attention"})) == "accepted");
  CHECK_THAT(error("layer_types", Json::array({"full_attention", "sliding_attention"})),
             contains("names \"sliding_attention\""));
  CHECK_THAT(error("layer_types", Json::array({"chunked_attention"})),
             contains("names \"chunked_attention\""));
  CHECK(error("attention_dropout", 0.1) == "accepted");
  CHECK(error("tf_legacy_loss", false) == "accepted");
}

TEST_CASE("hugging face config: what is harmless with one value is refused with another") {
  const Json json = parse_file(golden("/config.json"));
  const auto error = [&](const Json& fields) {
    Json other = json;
    other.update(fields);
    return test::file_error([&] { read_hugging_face_config(other, "config.json"); });
  };
  const auto list = Json::array({1});
  for (const auto& [field, harmless, other] :
       {std::tuple<std::string, Json, Json>{"mlp_bias", false, true},
        {"rope_interleaved", false, true},
        {"partial_rotary_factor", 1.0, 0.5},
        {"use_sliding_window", false, true},
        {"use_mrope", false, true},
        {"use_bfloat16", false, true},
        {"chunk_size_feed_forward", 0, 1},
        {"pruned_heads", Json::object(), Json{{"0", list}}},
        {"is_encoder_decoder", false, true},
        {"add_cross_attention", false, true},
        {"tie_encoder_decoder", false, true},
        {"head_dim", 8, 7},
        {"head_dim", 16, 0},
        {"attention_bias", true, 1},
        {"hidden_act", "swish", "gelu"},
        {"architectures", Json::array({"LlamaForCausalLM"}), Json::array({"LlamaModel"})},
        {"quantization_config", nullptr, Json{{"quant_method", "awq"}}}}) {
    INFO(field);
    CHECK(error({{field, harmless}}) == "accepted");
    CHECK(error({{field, other}}) != "accepted");
    CHECK(error({{field, list}}) != "accepted");
  }
  for (const std::string inside : {"rope_scaling", "rope_parameters"}) {
    CHECK(error({{inside, {{"type", "default"}, {"factor", 1.0}}}}) == "accepted");
    for (const auto& [field, other] : {std::pair<std::string, Json>{"type", "longrope"},
                                       {"rope_type", "divisors"},
                                       {"factor", 2.0},
                                       {"partial_rotary_factor", 0.5},
                                       {"attention_factor", 2.0},
                                       {"low_freq_factor", 1.0}}) {
      INFO(inside << "." << field);
      CHECK_THAT(error({{inside, {{field, other}}}}), contains(inside + "." + field));
    }
  }
}

TEST_CASE("hugging face config: scaled rotary positions, as versions 4 and 5 write them") {
  const Json json = parse_file(golden("/config.json"));
  const auto with = [&](const Json& fields) {
    Json other = json;
    other.update(fields);
    return read_hugging_face_config(other, "config.json").rope_scaling;
  };
  const auto error = [&](const Json& fields) { return test::file_error([&] { with(fields); }); };
  const RotaryScaling linear{.kind = "linear", .factor = 2};
  CHECK(with({{"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}}) == linear);
  CHECK(with({{"rope_parameters",
               {{"rope_type", "linear"}, {"factor", 2}, {"rope_theta", 1e4}}}}) == linear);
  CHECK(with({{"rope_scaling", {{"type", "linear"}, {"rope_type", "linear"}, {"factor", 2}}},
              {"rope_parameters", {{"rope_type", "linear"}, {"factor", 2.0}}}}) == linear);
  const auto yarn = with({{"rope_scaling",
                           {{"type", "yarn"},
                            {"factor", 4},
                            {"finetuned", true},
                            {"truncate", true},
                            {"mscale", 0.5},
                            {"mscale_all_dim", 1.0}}}});
  CHECK(yarn.original_context == 16);  // the context
  CHECK(std::abs(yarn.attention_factor - (0.05 * std::log(4) + 1) / (0.1 * std::log(4) + 1)) <
        1e-12);

  CHECK_THAT(error({{"rope_scaling", {{"type", "linear"}, {"factor", 2}}},
                    {"rope_parameters", {{"rope_type", "linear"}, {"factor", 3}}}}),
             contains("in two different ways"));
  CHECK_THAT(error({{"rope_scaling", {{"type", "linear"}, {"rope_type", "yarn"}, {"factor", 2}}}}),
             contains("\"rope_scaling.type\" is \"linear\", but \"rope_type\" is \"yarn\""));
  CHECK_THAT(error({{"rope_scaling", {{"type", "linear"}}}}),
             contains("\"rope_scaling.factor\" is missing"));
  CHECK_THAT(error({{"rope_scaling", {{"type", "dynamic"}, {"factor", 0}}}}),
             contains("\"rope_scaling.factor\" is 0, must be a positive number"));
  CHECK_THAT(error({{"rope_scaling", {{"type", "yarn"}, {"factor", 2}, {"truncate", false}}}}),
             contains("\"rope_scaling.truncate\" is false"));
  CHECK_THAT(error({{"rope_scaling", {{"type", "su"}}}}),
             contains("\"rope_scaling.type\" is \"su\""));
}

TEST_CASE("hugging face config: what the architectures differ in") {
  const Json json = parse_file(golden("/config.json"));
  const auto with = [&](const std::string& type, const std::string& name, const Json& fields) {
    Json other = json;
    other["model_type"] = type;
    other["architectures"] = Json::array({name + "ForCausalLM"});
    other.update(fields);
    return other;
  };
  const auto read = [&](const Json& config) {
    CHECK(is_hugging_face(config));
    return read_hugging_face_config(config, "config.json");
  };
  const auto error = [&](const Json& config) { return test::file_error([&] { read(config); }); };
  const auto biases = [](const ModelConfig& config) {
    return std::tuple(config.qkv_bias, config.output_bias, config.qk_norm);
  };
  CHECK(biases(read(json)) == std::tuple(false, false, false));
  CHECK(biases(read(with("llama", "Llama", {{"attention_bias", true}}))) ==
        std::tuple(true, true, false));
  CHECK(biases(read(with("qwen2", "Qwen2", Json::object()))) == std::tuple(true, false, false));
  CHECK(biases(read(with("qwen3", "Qwen3", {{"attention_bias", true}}))) ==
        std::tuple(true, true, true));
  CHECK(read(with("qwen3", "Qwen3", Json::object())).head_dim == 128);  // transformers' default
  CHECK(read(with("qwen3", "Qwen3", {{"head_dim", 10}})).query_dim() == 40);
  CHECK(read(json).head_dim == 8);

  CHECK_THAT(
      error(with("mistral", "Mistral", {{"sliding_window", nullptr}, {"attention_bias", true}})),
      contains("\"attention_bias\" is true, which no mistral has"));
  CHECK_THAT(error(with("qwen2", "Llama", Json::object())), contains("names \"LlamaForCausalLM\""));
  Json without = with("mistral", "Mistral", Json::object());
  CHECK(error(without) == "accepted");  // a window of 4096 over a context of 16
  without["max_position_embeddings"] = 32768;
  CHECK_THAT(error(without),
             contains("\"sliding_window\" is 4096, shorter than the context of 32768"));
  without["sliding_window"] = nullptr;
  CHECK(error(without) == "accepted");
  without.erase("num_key_value_heads");
  CHECK_THAT(error(without), contains("n_kv_heads is 8"));  // Mistral's default
}

TEST_CASE("hugging face config: windows count where they are shorter than the context") {
  const Json json = parse_file(golden("/config.json"));  // a context of 16
  const auto error = [&](const Json& fields) {
    Json other = json;
    other["model_type"] = "qwen2";
    other["architectures"] = Json::array({"Qwen2ForCausalLM"});
    other.update(fields);
    return test::file_error([&] { read_hugging_face_config(other, "config.json"); });
  };
  CHECK(error({{"sliding_window", 4}, {"use_sliding_window", false}}) == "accepted");
  CHECK(error({{"sliding_window", 16}, {"use_sliding_window", true}}) == "accepted");
  CHECK_THAT(error({{"sliding_window", 15}, {"use_sliding_window", true}}),
             contains("\"sliding_window\" is 15"));
  CHECK_THAT(
      error({{"sliding_window", 15}, {"layer_types", {"full_attention", "sliding_attention"}}}),
      contains("\"sliding_window\" is 15"));
  CHECK_THAT(error({{"sliding_window", "all"}, {"use_sliding_window", true}}),
             contains("\"sliding_window\" is \"all\""));
}

TEST_CASE("hugging face config: an index names files of its own directory") {
  const Json json = parse_file(golden("_sharded/model.safetensors.index.json"));
  std::set<std::string> files;
  for (const auto& [tensor, file] : read_hugging_face_index(json, "index")) files.insert(file);
  CHECK(files == std::set<std::string>{"model-00001-of-00002.safetensors",
                                       "model-00002-of-00002.safetensors"});
  CHECK(index_error({{"a", "b"}}) == "read");
  CHECK_THAT(index_error({{"a", "../b"}}), contains("no name of a file in this directory"));
  CHECK_THAT(index_error({{"a", ""}}), contains("\"\" is no name of a file"));
  CHECK_THAT(index_error({{"a", 1}}), contains("1 is no name of a file"));
  CHECK_THAT(index_error(Json::array()), contains("must be an object"));
}

TEST_CASE("hugging face config: every truncation and every wrong byte is survived") {
  for (const auto& [name, read] :
       {std::pair<std::string, test::Reader>{"/config.json", read_config},
        {"_sharded/model.safetensors.index.json", read_index}}) {
    std::string content = test::read_text(golden(name));
    if (content.ends_with("\n")) content.pop_back();  // which JSON does not need
    test::check_every_truncation(content, read);
    CHECK(test::check_every_flip(content, read) > 0);
  }
  Json scaled = parse_file(test::repository_file("tests/reference/configs_qwen3/config.json"));
  scaled["rope_scaling"] = {{"rope_type", "yarn"}, {"factor", 4.0}, {"mscale", 1.0}};
  test::check_every_truncation(scaled.dump(), read_config);
  CHECK(test::check_every_flip(scaled.dump(), read_config) > 0);
}
