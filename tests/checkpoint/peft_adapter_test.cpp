#include "minillama/checkpoint/checkpoint.h"
#include "minillama/model/adapters.h"
#include "minillama/model/classifier_file.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/module_text_classifier.h"
#include "minillama/model/module_text_generator.h"
#include "minillama/model/peft_module.h"
#include "minillama/model/tensors.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/file_error.h"
#include "support/files.h"
#include "support/formats.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

Llama rms_llama() {
  return read_language_model(test::golden(".bin"))->llama;
}

Classifier adapted_classifier() {
  auto llama = rms_llama();
  add_adapter(llama, "sst", {.rank = 3, .alpha = 6, .targets = {"compute_key", "w1"}},
              make_generator(7));
  for (const auto& [name, parameter] : adapter_parameters(llama, "sst")) {
    parameter.data().normal_(0, 0.3, make_generator(8));
  }
  const ClassifierConfig config{.label_names = {"bad", "good"}, .pooling = PoolingKind::mean};
  return Classifier(llama, config, make_generator(9));
}

/// What adding a copy of the golden adapter with one part of its config changed leads to.
std::string error_of_adapter(const std::string& part, const std::string& by) {
  const test::TemporaryDirectory directory;
  test::copy_golden("_peft", directory, "adapter_config.json", part, by);
  return test::file_error([&] {
    auto llama = rms_llama();
    add_peft_adapter(llama, "a", open_peft_adapter(directory.path()), make_generator(1));
  });
}

}  // namespace

TEST_CASE("peft adapter: one of another program's computes what PyTorch computed") {
  auto model = read_language_model(test::golden("_hf"));
  add_peft_adapter(model->llama, "peft", open_peft_adapter(test::golden("_peft")),
                   make_generator(1));
  auto fixture = test::load_fixture(test::golden("_expected.pt"));
  const torch::NoGradGuard no_grad;
  CHECK(test::difference(model(fixture["ids"]), fixture["logits_peft"], 1e-5, 1e-5) == "");
  CHECK((adapters_of(model->llama).at("peft") ==
         LoraOptions{.rank = 2, .alpha = 3, .targets = {"compute_query", "w2"}}));
}

TEST_CASE("peft adapter: a pickled one is the same") {
  const auto pickled = open_peft_adapter(test::golden("_peft_pickled"));
  const auto adapter = open_peft_adapter(test::golden("_peft"));
  REQUIRE(pickled.tensors.size() == adapter.tensors.size());
  for (const auto& tensor : pickled.tensors) {
    INFO(tensor.name);
    const auto same = std::ranges::find(adapter.tensors, tensor.name, &TensorRecord::name);
    REQUIRE(same != adapter.tensors.end());
    CHECK(torch::equal(to_tensor(tensor), to_tensor(*same)));
  }
}

TEST_CASE("peft adapter: what is written is the file that was read") {
  const test::TemporaryDirectory directory;
  auto llama = rms_llama();
  add_peft_adapter(llama, "peft", open_peft_adapter(test::golden("_peft")), make_generator(1));
  write_peft_adapter(directory.path() / "a", llama, "formats_hf");
  auto again = rms_llama();
  const auto adapter = open_peft_adapter(directory.path() / "a");
  CHECK_FALSE(adapter.classifier);
  add_peft_adapter(again, "other", adapter, make_generator(1));
  CHECK(test::first_difference(adapter_parameters(llama, "peft"),
                               adapter_parameters(again, "other")) == "");
  const auto config = test::read_text(directory.path() / "a" / "adapter_config.json");
  for (const std::string part :
       {"\"q_proj\"", "\"down_proj\"", "\"CAUSAL_LM\"", "\"formats_hf\""}) {
    CHECK_THAT(config, contains(part));
  }
}

TEST_CASE("peft adapter: a classifier's head, labels and pooling come back") {
  const test::TemporaryDirectory directory;
  auto model = adapted_classifier();
  write_peft_adapter(directory.path(), model, "base");
  const auto adapter = open_peft_adapter(directory.path());
  auto llama = rms_llama();
  add_peft_adapter(llama, "x", adapter, make_generator(1));
  auto copy = make_peft_classifier(llama, adapter, make_generator(1));
  CHECK((copy->config() == model->config()));
  model->eval();
  const std::vector<TokenIds> ids{{1, 5, 7}, {1, 260}};
  const auto input = classifier_input(ids, PoolingKind::mean, 0);
  const torch::NoGradGuard no_grad;
  CHECK(copy(input).equal(model(input)));
  CHECK_THAT(test::read_text(directory.path() / "adapter_config.json"), contains("\"score\""));
}

TEST_CASE("peft adapter: one trained with full attention is used with it") {
  const test::TemporaryDirectory directory;
  auto model = adapted_classifier();
  model->llama->set_attention(AttentionKind::full);
  write_peft_adapter(directory.path(), model, test::golden(".bin").native());
  CHECK(Checkpoint::open(directory.path()).config().attention == AttentionKind::full);
  auto copy = read_classifier(directory.path());
  model->eval();
  const std::vector<TokenIds> ids{{1, 5, 7}, {1, 260}};
  const auto input = classifier_input(ids, PoolingKind::mean, 0);
  const torch::NoGradGuard no_grad;
  CHECK(copy(input).equal(model(input)));

  const auto causal = read_classifier(directory.path(), {.attention = AttentionKind::causal});
  CHECK(causal->llama->config().attention == AttentionKind::causal);
  const std::string file = "adapter_model.safetensors";
  auto bytes = test::read_text(directory.path() / file);
  bytes.replace(bytes.find("\"full\""), 6, "\"fall\"");
  directory.file(file, bytes);
  CHECK_THAT(test::file_error([&] { open_peft_adapter(directory.path()); }),
             contains("\"minillama.attention\": attention is \"fall\""));
}

TEST_CASE(
    "peft adapter: half types round the adapter, and the engine reads them as the module does") {
  const auto base = read_language_model(test::golden("_q8_0.gguf"));
  for (const auto type : {torch::kHalf, torch::kBFloat16}) {
    const test::TemporaryDirectory directory;
    const auto path = directory.path() / "a";
    auto model = adapted_classifier();
    write_peft_adapter(path, model, test::golden("_q8_0.gguf"), type);
    for (const auto& tensor : open_peft_adapter(path).tensors) {
      CHECK(scalar_type(tensor.dtype) == type);
    }
    auto module = load_classifier(path);
    {
      const torch::NoGradGuard no_grad;
      for (auto& item : model->llama->named_parameters()) {
        if (is_adapter_parameter(item.key())) continue;
        item.value().copy_(base->llama->named_parameters()[item.key()]);
      }
      for (const auto& [name, parameter] : adapter_parameters(model->llama, "sst")) {
        parameter.copy_(parameter.to(type));
      }
      for (auto& parameter : model->classifier_head->parameters()) {
        parameter.copy_(parameter.to(type));
      }
    }
    model->eval();
    const std::vector<std::string> texts{"the heat", "a t"};
    const auto of_module = module.classify(std::span<const std::string>(texts));
    const ModuleTextClassifier rounded(model, module.tokenizer());
    const auto wanted = rounded.classify(std::span<const std::string>(texts));
    const auto of_engine = TextClassifier::load(path).classify(std::span<const std::string>(texts));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CHECK(of_module[i].probabilities == wanted[i].probabilities);
      // Blocks take inputs that are rounded to eight bits.
      CHECK(of_engine[i].probabilities[0] == Approx(wanted[i].probabilities[0]).margin(0.02));
    }
  }
  const test::TemporaryDirectory directory;
  auto model = adapted_classifier();
  CHECK_THROWS_WITH(write_peft_adapter(directory.path() / "a", model, "", torch::kLong),
                    contains("real numbers"));
  {
    const torch::NoGradGuard no_grad;
    model->classifier_head->weight[0][0] = 1e5;
  }
  CHECK_THROWS_WITH(write_peft_adapter(directory.path() / "a", model, "", torch::kHalf),
                    contains("score.weight holds 100000"));
  CHECK_FALSE(std::filesystem::exists(directory.path() / "a"));
}

TEST_CASE("peft adapter: one without a head is a language model, as a module and on an engine") {
  const test::TemporaryDirectory directory;
  std::filesystem::copy(test::golden("_peft"), directory.path() / "a");
  std::filesystem::copy(test::golden("_hf"), directory.path() / "a" / "formats_hf");
  auto model = read_language_model(directory.path() / "a");
  auto fixture = test::load_fixture(test::golden("_expected.pt"));
  const torch::NoGradGuard no_grad;
  CHECK(test::difference(model(fixture["ids"]), fixture["logits_peft"], 1e-5, 1e-5) == "");
  CHECK((adapters_of(model->llama).at("peft") ==
         LoraOptions{.rank = 2, .alpha = 3, .targets = {"compute_query", "w2"}}));
  CHECK_FALSE(is_classifier(directory.path() / "a"));

  // A base that is a file is known elsewhere, too, and its tokenizer with it.
  write_peft_adapter(directory.path() / "b", model->llama, "../base.gguf");
  CHECK_FALSE(open_peft_adapter(directory.path() / "b").base.file);
  std::filesystem::copy(test::golden("_f32.gguf"), directory.path() / "base.gguf");
  write_peft_adapter(directory.path() / "b", model->llama, "../base.gguf");
  REQUIRE(open_peft_adapter(directory.path() / "b").base.file);
  std::filesystem::create_directory(directory.path() / "data");
  std::filesystem::rename(directory.path() / "base.gguf", directory.path() / "data" / "base.gguf");
  auto moved = load_language_model(directory.path() / "b");
  CHECK(test::difference(moved.model()(fixture["ids"]), fixture["logits_peft"], 1e-5, 1e-5) == "");
  CHECK(read_tokenizer_for(directory.path() / "b", moved.model()->config()).vocab_size() == 268);
  CHECK(std::filesystem::equivalent(Checkpoint::open(directory.path() / "b").stored().base,
                                    directory.path() / "data" / "base.gguf"));
}

TEST_CASE("peft adapter: only some layers are named one by one") {
  const test::TemporaryDirectory directory;
  auto llama = rms_llama();
  add_adapter(llama, "a", {.rank = 1, .targets = {"layers.1.attention.compute_query"}},
              make_generator(7));
  write_peft_adapter(directory.path(), llama, "");
  CHECK_THAT(test::read_text(directory.path() / "adapter_config.json"),
             contains("\"model.layers.1.self_attn.q_proj\""));
  auto again = rms_llama();
  add_peft_adapter(again, "a", open_peft_adapter(directory.path()), make_generator(1));
  CHECK(adapter_parameters(again, "a").size() == 2);
}

TEST_CASE("peft adapter: what is no LoRA of this model is refused") {
  CHECK(error_of_adapter("\"LORA\"", "\"LORA\"") == "accepted");
  CHECK_THAT(error_of_adapter("\"LORA\"", "\"VERA\""), contains("\"peft_type\" is \"VERA\""));
  CHECK_THAT(error_of_adapter("\"fan_in_fan_out\": false", "\"use_dora\": true"),
             contains("lora_magnitude_vector"));
  CHECK_THAT(error_of_adapter("\"bias\": \"none\"", "\"bias\": \"all\""),
             contains("\"bias\" is \"all\""));
  CHECK_THAT(error_of_adapter("\"bias\": \"none\"", "\"rank_pattern\": {\"q_proj\": 3}"),
             contains("has no 3 rows"));
  CHECK_THAT(error_of_adapter("\"r\": 2", "\"r\": 4"), contains("has no 4 rows"));
  CHECK_THAT(error_of_adapter("\"r\": 2", "\"r\": 0"), contains("has no 0 rows"));
  const test::TemporaryDirectory directory;
  auto llama = rms_llama();
  CHECK_THROWS_WITH(write_peft_adapter(directory.path(), llama, ""), contains("no active adapter"));
  const ModelConfig config{.dim = 16, .n_layers = 1, .n_heads = 2, .vocab_size = 10};
  LanguageModel layernorm(config, make_generator(1));
  add_adapter(layernorm->llama, "a", {.rank = 1}, make_generator(1));
  CHECK_THROWS_WITH(write_peft_adapter(directory.path(), layernorm->llama, ""),
                    contains("LayerNorm"));
}

TEST_CASE("peft adapter: every truncation of its tensors is refused") {
  const std::string name = "adapter_model.safetensors";
  const auto read = [&](const std::filesystem::path& path) {
    const test::TemporaryDirectory directory;
    std::filesystem::create_symlink(path, directory.path() / name);
    std::filesystem::create_symlink(test::golden("_peft") / "adapter_config.json",
                                    directory.path() / "adapter_config.json");
    open_peft_adapter(directory.path());
  };
  test::check_every_truncation(test::read_text(test::golden("_peft") / name), read);
}
