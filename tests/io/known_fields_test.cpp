#include "minillama/io/known_fields.h"

#include <set>

#include "minillama/io/hugging_face_config.h"
#include "minillama/io/mapped_file.h"
#include "minillama/weights/adapter_kinds.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

Json golden(const std::string& name) {
  const MappedFile file(test::repository_file("tests/reference/formats_" + name));
  return parse_json(as_text(file.bytes()), file.path());
}

/// Another value of the same kind; of null, an object.
Json changed(const Json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>() + 2;
  if (value.is_number()) return value.get<double>() * 2 + 1;
  if (value.is_string()) return value.get<std::string>() + "x";
  return Json{{"type", "linear"}, {"factor", 2.0}};
}

}  // namespace

TEST_CASE("known fields: null, used, harmless and neutral ones pass, all others do not") {
  const KnownFields known{.used = {"a"}, .harmless = {"b"}, .neutral = {{"c", "1"}, {"c", "[]"}}};
  const auto error = [&](const Json& object) {
    return test::file_error([&] { check_fields(object, known, "f.json", "in."); });
  };
  CHECK(error({{"a", 1}, {"b", "x"}, {"c", 1}, {"d", nullptr}}) == "accepted");
  CHECK(error({{"c", Json::array()}}) == "accepted");
  CHECK(error({{"c", 1.0}}) == "accepted");
  CHECK(error({{"c", 2}}) == "f.json: field \"in.c\" is 2, which is not supported");
  CHECK(error({{"d", "\x1b"}}) ==
        "f.json: field \"in.d\" is \"\\u001b\", which is not known: it may change what the model "
        "computes");
}

TEST_CASE("known fields: an unknown one in a golden config is refused by name") {
  auto model = golden("hf/config.json");
  model["new_feature"] = 4096;
  CHECK_THAT(test::file_error([&] { read_hugging_face_config(model, "config.json"); }),
             contains("field \"new_feature\" is 4096"));
  auto adapter = golden("peft/adapter_config.json");
  adapter["new_feature"] = true;
  CHECK_THAT(test::file_error([&] { read_peft_config(adapter, "adapter_config.json"); }),
             contains("field \"new_feature\" is true"));
}

TEST_CASE("known fields: each of a golden config is used, refused when changed, or harmless") {
  // What says nothing about the shape or the rotary base, and what io/hugging_face_tokens.h reads.
  const std::set<std::string> harmless = {
      "torch_dtype",    "dtype",        "initializer_range", "use_cache",    "transformers_version",
      "pretraining_tp", "bos_token_id", "eos_token_id",      "pad_token_id", "tie_word_embeddings"};
  const auto json = golden("hf/config.json");
  const auto config = read_hugging_face_config(json, "config.json");
  for (const auto& [name, value] : json.items()) {
    INFO(name);
    auto other = json;
    other[name] = changed(value);
    bool is_same = false;
    const auto error = test::file_error(
        [&] { is_same = read_hugging_face_config(other, "config.json") == config; });
    CHECK((is_same && error == "accepted") == (harmless.count(name) > 0));
  }
}

TEST_CASE("known fields: each of a golden adapter is used, refused when changed, or harmless") {
  // The linears are those that have tensors; the base is what open_peft_adapter() reads.
  const std::set<std::string> harmless = {"task_type", "target_modules", "modules_to_save",
                                          "base_model_name_or_path"};
  const auto json = golden("peft/adapter_config.json");
  const auto config = read_peft_config(json, "a");
  for (const auto& [name, value] : json.items()) {
    INFO(name);
    auto other = json;
    other[name] = changed(value);
    bool is_same = false;
    const auto error = test::file_error([&] { is_same = read_peft_config(other, "a") == config; });
    CHECK((is_same && error == "accepted") == (harmless.count(name) > 0));
  }
}

TEST_CASE("known fields: adapters that act otherwise are refused by name") {
  const auto error = [](const char* field, const Json& value) {
    auto json = golden("peft/adapter_config.json");
    json[field] = value;
    return test::file_error([&] { read_peft_config(json, "a"); });
  };
  CHECK(error("revision", "main") == "accepted");
  CHECK(error("init_lora_weights", "gaussian") == "accepted");
  for (const auto& [field, value] : {std::pair<const char*, Json>{"init_lora_weights", "pissa"},
                                     {"trainable_token_indices", Json::array({1})},
                                     {"alora_invocation_tokens", Json::array({1})},
                                     {"layer_replication", Json::array({Json::array({0, 2})})},
                                     {"use_bdlora", true},
                                     {"bias", "all"},
                                     {"target_parameters", Json::array({"x"})}}) {
    INFO(field);
    CHECK_THAT(error(field, value), contains("field \"" + std::string(field) + "\" is "));
  }
  CHECK_THAT(error("r", "8"), contains("field \"r\""));
}
