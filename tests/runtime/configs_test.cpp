// Llama, Mistral, Qwen2 and Qwen3 with heads of their own width, biases, norms of queries and keys
// and scaled rotary positions, against transformers (tests/reference/configs.py).

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/checkpoint/directory.h"
#include "minillama/checkpoint/gguf_checkpoint.h"
#include "minillama/checkpoint/hugging_face.h"
#include "minillama/checkpoint/torch_checkpoint.h"
#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/engine/engine.h"
#include "minillama/io/gguf.h"
#include "minillama/io/llama2c_bin.h"
#include "minillama/io/safetensors.h"
#include "minillama/weights/weight_format.h"

#include "support/catch.h"
#include "support/files.h"

using namespace minillama;

namespace {

std::filesystem::path golden(const std::string& name) {
  return test::repository_file("tests/reference/configs" + name);
}

/// A tensor that transformers computed.
template <typename T>
std::vector<T> expected(const std::string& name) {
  const SafetensorsFile file(golden("_expected.safetensors"));
  for (const auto& record : file.tensors()) {
    if (record.name != name) continue;
    std::vector<T> values(static_cast<std::size_t>(element_count(record)));
    copy_elements(record, reinterpret_cast<std::byte*>(values.data()));
    return values;
  }
  FAIL(name << " is not among what is expected");
  return {};
}

std::vector<std::int64_t> expected_ids(const std::string& name) {
  const auto ids = expected<std::int32_t>(name);
  return {ids.begin(), ids.end()};
}

/// The cases, "llama.linear", and their rope_scaling.
std::map<std::string, Json> cases() {
  std::map<std::string, Json> all;
  const SafetensorsFile file(golden("_expected.safetensors"));
  for (const auto& [name, scaling] : file.metadata()) all.emplace(name, Json::parse(scaling));
  REQUIRE(all.size() == 11);
  return all;
}

/// Puts the golden model of a case into a directory, with its rope_scaling in the config.
void copy_case(const std::string& name, const Json& scaling,
               const std::filesystem::path& directory) {
  const auto from = golden("_" + name.substr(0, name.find('.')));
  std::filesystem::copy(from, directory, std::filesystem::copy_options::recursive);
  Json config = Json::parse(test::read_text(from / "config.json"));
  config["rope_scaling"] = scaling;
  std::filesystem::remove(directory / "config.json");
  std::ofstream(directory / "config.json") << config.dump();
}

std::vector<float> logits_of(Engine& engine, std::span<const std::int64_t> ids) {
  engine.append(std::vector<Continuation>{{0, ids, ids.size()}});
  const auto logits = engine.logits(0);
  return {logits.begin(), logits.end()};
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(double(a[i]) - b[i]);
    if (!(difference <= largest)) largest = difference;  // NaN, too
  }
  return largest;
}

/// Compares what an engine computes from a model with what transformers does: logits of a text at
/// once and token by token, and the ids with the highest logits.
void check_model(const Weights& weights, const std::string& name) {
  constexpr double kTolerance = 1e-4;
  constexpr std::size_t kPrompt = 5;
  const auto ids = expected_ids("ids");
  const auto logits = expected<float>(name + ".logits");
  Engine engine(std::make_shared<const Weights>(weights), 1, ids.size());
  CHECK(largest_difference(logits_of(engine, ids), logits) <= kTolerance);
  engine.restart(0);
  std::vector<float> one_by_one;
  for (const std::int64_t id : ids) {
    const auto its = logits_of(engine, {&id, 1});
    one_by_one.insert(one_by_one.end(), its.begin(), its.end());
  }
  CHECK(largest_difference(one_by_one, logits) <= kTolerance);

  const auto greedy = expected_ids(name + ".greedy");
  std::vector<std::int64_t> text(greedy.begin(), greedy.begin() + kPrompt);
  engine.restart(0);
  auto last = logits_of(engine, text);
  while (text.size() < greedy.size()) {
    const auto row = std::span(last).last(static_cast<std::size_t>(weights.config.vocab_size));
    text.push_back(std::ranges::max_element(row) - row.begin());
    last = logits_of(engine, {&text.back(), 1});
  }
  CHECK(text == greedy);
}

/// "" if both are the same model: config, and every tensor to the bit as float32.
std::string difference(const StoredModel& a, const StoredModel& b) {
  if (a.config != b.config) return "config";
  if (a.tensors.size() != b.tensors.size()) return "number of tensors";
  for (const auto& tensor : a.tensors) {
    const auto other = std::ranges::find(b.tensors, tensor.name, &TensorRecord::name);
    if (other == b.tensors.end() || other->shape != tensor.shape) return tensor.name;
    std::vector<float> ours(static_cast<std::size_t>(element_count(tensor))), theirs(ours.size());
    to_floats(tensor, ours.data());
    to_floats(*other, theirs.data());
    if (ours != theirs) return tensor.name;
  }
  return "";
}

Tokenizer any_tokenizer() {
  return Checkpoint::open(test::repository_file("tests/reference/formats_f32.gguf")).tokenizer();
}

std::string option_error(const auto& act) {
  try {
    act();
  } catch (const OptionError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("configs: transformers' logits of every architecture and kind of scaling") {
  for (const auto& [name, scaling] : cases()) {
    INFO(name);
    const test::TemporaryDirectory directory;
    copy_case(name, scaling, directory.path());
    check_model(Checkpoint::open(directory.path()).language_model(), name);
  }
}

TEST_CASE("configs: GGUF files of other programs, with q and k in either order") {
  for (const std::string name : {"llama.linear", "llama.llama3", "qwen2.yarn", "qwen3"}) {
    INFO(name);
    check_model(Checkpoint::open(golden("_" + name + ".gguf")).language_model(), name);
  }
}

TEST_CASE("configs: matrices of half types are used as they lie") {
  for (const auto& [name, type] :
       {std::pair{"mistral", DType::float16}, std::pair{"qwen2", DType::bfloat16}}) {
    const auto weights = Checkpoint::open(golden(std::string("_") + name)).language_model();
    CHECK(weights.layers[0].output.format->dtype == type);
    CHECK(weights.layers[0].output.is_mapped);
    CHECK(weights.layers[0].query.format->dtype == type);
  }
}

TEST_CASE("configs: what is written is the model that was read") {
  const auto tokenizer = any_tokenizer();
  for (const auto& [name, scaling] : cases()) {
    INFO(name);
    const test::TemporaryDirectory from, to;
    copy_case(name, scaling, from.path());
    const auto model = open_stored_model(from.path(), {});
    write_hugging_face(to.path() / "hf", model, tokenizer);
    CHECK(difference(open_stored_model(to.path() / "hf", {}), model) == "");
    write_directory(to.path() / "ours", model, tokenizer);
    CHECK(difference(open_stored_model(to.path() / "ours", {}), model) == "");
    const auto gguf = to.path() / "model.gguf";
    const auto write = [&] {
      write_gguf_checkpoint(gguf, model, tokenizer, weight_format(DType::float32));
    };
    if (model.config.rope_scaling.kind == "dynamic") {
      CHECK(option_error(write) == "a GGUF file cannot have rope_scaling of the kind dynamic");
      continue;
    }
    write();
    auto again = open_stored_model(gguf, {});
    if (model.config.rope_scaling.kind == "llama3") {  // which is a table there
      CHECK(again.config.rope_scaling.kind == "divisors");
      check_model(Checkpoint::open(gguf).language_model(), name);
      write_directory(to.path() / "table", again, tokenizer);
      CHECK(difference(open_stored_model(to.path() / "table", {}), again) == "");
      CHECK_THAT(option_error([&] { write_hugging_face(to.path() / "no", again, tokenizer); }),
                 contains("rope_scaling of the kind divisors"));
      again.config.rope_scaling = model.config.rope_scaling;
    }
    // A factor of cosines and sines is stored as what yarn's own is multiplied with.
    auto& attention = again.config.rope_scaling.attention_factor;
    CHECK(std::abs(attention - model.config.rope_scaling.attention_factor) <= 1e-7 * attention);
    attention = model.config.rope_scaling.attention_factor;
    CHECK(difference(again, model) == "");
  }
}

TEST_CASE("configs: biases of all but the output are a qwen2's in GGUF, or else a llama's") {
  const auto tokenizer = any_tokenizer();
  auto model = open_stored_model(golden("_qwen2"), {});
  const auto written = [&] {
    const test::TemporaryDirectory to;
    const auto path = to.path() / "model.gguf";
    write_gguf_checkpoint(path, model, tokenizer, weight_format(DType::float32));
    CHECK(difference(open_stored_model(path, {}), model) == "");
    return std::string(GgufFile(path).text("general.architecture"));
  };
  CHECK(written() == "qwen2");
  model.config.rope_scaling = {.kind = "divisors", .divisors = {1, 3}};
  CHECK(written() == "llama");
  // Of another width of heads, which the tensors of the layers' biases tell.
  model = open_stored_model(golden("_llama"), {});
  model.config.output_bias = false;
  std::erase_if(model.tensors, [](const TensorRecord& tensor) {
    return tensor.name.ends_with("compute_output.bias");
  });
  CHECK(written() == "llama");
}

TEST_CASE("configs: the table of Llama 3.1 and 3.2 in a GGUF file is told from its numbers") {
  const auto tokenizer = any_tokenizer();
  for (const double factor : {8.0, 32.0}) {
    const test::TemporaryDirectory from, to;
    copy_case("llama.llama3",
              {{"rope_type", "llama3"},
               {"factor", factor},
               {"original_max_position_embeddings", 8192},
               {"low_freq_factor", 1.0},
               {"high_freq_factor", 4.0}},
              from.path());
    auto model = open_stored_model(from.path(), {});
    model.config.rope_theta = 5e5;
    const auto gguf = to.path() / "model.gguf";
    write_gguf_checkpoint(gguf, model, tokenizer, weight_format(DType::float32));
    CHECK(open_stored_model(gguf, {}).config == model.config);
  }
}

TEST_CASE("configs: formats that cannot say what a model is refuse it by the field") {
  const test::TemporaryDirectory to;
  const auto file = to.path() / "model";
  const auto model = open_stored_model(golden("_llama"), {});
  const auto tokenizer = any_tokenizer();
  using Change = std::pair<const char*, void (*)(ModelConfig&)>;
  for (const auto& [field, change] : {Change{"head_dim", [](ModelConfig&) {}},
                                      Change{"rope_scaling",
                                             [](ModelConfig& c) {
                                               c.n_heads = 2;
                                               c.rope_scaling = {.kind = "linear", .factor = 2};
                                             }},
                                      Change{"qkv_bias", [](ModelConfig& c) { c.n_heads = 2; }},
                                      Change{"output_bias",
                                             [](ModelConfig& c) {
                                               c.n_heads = 2;
                                               c.qkv_bias = false;
                                             }},
                                      Change{"qk_norm", [](ModelConfig& c) {
                                               c.n_heads = 2;
                                               c.qkv_bias = c.output_bias = false;
                                               c.qk_norm = true;
                                             }}}) {
    StoredModel other = model;
    change(other.config);
    other.config.norm_eps = 1e-5;
    other.config.rope_theta = 1e4;
    CHECK_THAT(option_error([&] { write_llama2c(file, other.config, other.tensors); }),
               contains(field));
    CHECK_THAT(option_error([&] { write_torch_checkpoint(file, other); }), contains(field));
    CHECK_FALSE(std::filesystem::exists(file));
  }
  StoredModel other = model;
  other.config.qk_norm = true;  // beside biases, which llama.cpp's qwen3 does not have
  CHECK_THAT(option_error([&] {
               write_gguf_checkpoint(file, other, tokenizer, weight_format(DType::float32));
             }),
             contains("qwen3 cannot have biases of attention (qkv_bias)"));
  other.config.output_bias = false;
  CHECK_THAT(option_error([&] { write_hugging_face(file, other, tokenizer); }),
             contains("qkv_bias true, output_bias false and qk_norm true"));
  other.config.qkv_bias = false;
  other.config.rope_scaling = {.kind = "divisors", .divisors = {1, 2, 3, 4}};
  CHECK_THAT(option_error([&] {
               write_gguf_checkpoint(file, other, tokenizer, weight_format(DType::float32));
             }),
             contains("qwen3 cannot have rope_scaling of the kind divisors"));
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("configs: positions scaled dynamically end with the context") {
  const test::TemporaryDirectory directory;
  copy_case("llama.dynamic", {{"type", "dynamic"}, {"factor", 2.0}}, directory.path());
  Engine engine(
      std::make_shared<const Weights>(Checkpoint::open(directory.path()).language_model()), 1, 80);
  const std::vector<std::int64_t> ids(64, 1);
  engine.append(std::vector<Continuation>{{0, ids}});
  CHECK(option_error([&] {
          engine.append(std::vector<Continuation>{{0, {ids.data(), 1}}});
        }) ==
        "65 positions of a model of 64, beyond which rope_scaling of the kind dynamic is not "
        "supported");
}
