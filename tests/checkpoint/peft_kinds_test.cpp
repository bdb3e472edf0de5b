#include "minillama/adapters/lora.h"
#include "minillama/checkpoint/checkpoint.h"
#include "minillama/checkpoint/stored_weights.h"
#include "minillama/engine/engine.h"
#include "minillama/generate/text_generator.h"
#include "minillama/model/adapters.h"
#include "minillama/model/decoder_layer.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/module_weights.h"
#include "minillama/model/peft_module.h"
#include "minillama/weights/bitfit_options.h"
#include "minillama/weights/bottleneck_options.h"
#include "minillama/weights/dora_options.h"
#include "minillama/weights/ia3_options.h"
#include "minillama/weights/prefix_options.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"
#include "support/filled_adapter.h"
#include "support/formats.h"
#include "support/small_model.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// Adapters, and the file of what they compute.
constexpr std::pair<const char*, const char*> kFixtures[] = {
    {"rslora", "adapters_expected.pt"},         {"patterns", "adapters_expected.pt"},
    {"dora", "adapters_expected.pt"},           {"ia3", "adapters_expected.pt"},
    {"pissa", "adapters_expected.pt"},          {"bitfit", "own_adapters_expected.pt"},
    {"bottleneck", "own_adapters_expected.pt"}, {"prefix", "prefix_expected.pt"}};

std::filesystem::path fixture_of(const std::string& name) {
  return test::repository_file("tests/reference/adapter_" + name);
}

/// The options of every kind and variant that is trained.
std::vector<AdapterOptions> all_options() {
  const std::vector<std::string> targets{"compute_query", "compute_value", "w2"};
  return {LoraOptions{.rank = 3, .alpha = 5, .targets = targets, .rank_stabilized = true},
          LoraOptions{.rank = 3,
                      .alpha = 5,
                      .targets = targets,
                      .ranks = {{"w2", 2}, {"layers.1.attention.compute_query", 1}},
                      .alphas = {{"compute_value", 2}}},
          LoraOptions{.rank = 2, .alpha = 5, .targets = targets, .init = LoraInit::pissa},
          DoraOptions{{.rank = 2, .alpha = 5, .targets = targets, .ranks = {{"w2", 1}}}},
          Ia3Options{.targets = targets},
          BitfitOptions{.targets = targets},
          BottleneckOptions{.width = 3},
          PrefixOptions{.n_virtual_tokens = 3}};
}

LanguageModel adapted_model(const AdapterOptions& options) {
  auto model = read_language_model(test::golden(".bin"));
  add_adapter(model->llama, "a", options, make_generator(7));
  model->eval();
  return model;
}

/// Logits [1, T, V] of ids [1, T], as an engine computes them.
torch::Tensor logits_on_engine(const Weights& weights, const torch::Tensor& ids) {
  const auto length = static_cast<std::size_t>(ids.size(1));
  Engine engine(std::make_shared<const Weights>(weights), 1, length);
  const Continuation whole{0, {ids.data_ptr<std::int64_t>(), length}, length, 0};
  engine.append({&whole, 1});
  const auto logits = engine.logits(0);
  return torch::from_blob(logits.data(), {1, ids.size(1), weights.config.vocab_size}).clone();
}

}  // namespace

TEST_CASE("peft kinds: adapters of PEFT's compute what it computed, on a module and on an engine") {
  const torch::NoGradGuard no_grad;
  for (const auto& [fixture, file] : kFixtures) {
    const std::string name = fixture;
    INFO(name);
    auto expected = test::load_fixture(test::repository_file("tests/reference") / file);
    auto model = read_language_model(fixture_of(name));
    CHECK(test::difference(model(expected["ids"]), expected[name], 1e-5, 2e-5) == "");
    if (!adapters_of(model->llama).begin()->second.is_affine()) {
      CHECK_THROWS_WITH(merge_adapter(model->llama), contains("cannot become part of the weights"));
      const auto checkpoint = Checkpoint::open(fixture_of(name));
      CHECK_FALSE(checkpoint.suits_engine());
      CHECK_THAT(
          test::file_error([&] { checkpoint.language_model(); }),
          contains(fmt::format("\"peft\" is of the kind {}, which an engine does not", name)));
      continue;
    }
    merge_adapter(model->llama);
    CHECK(test::difference(model(expected["ids"]), expected[name], 1e-5, 2e-5) == "");
    const auto merged = weights_of(model);
    CHECK(Checkpoint::open(fixture_of(name)).suits_engine());
    const auto engine = Checkpoint::open(fixture_of(name)).language_model();
    CHECK(test::difference(logits_on_engine(engine, expected["ids"]), expected[name], 1e-5, 2e-5) ==
          "");
    CHECK(engine.remark.empty() == (name != "dora" && name != "ia3"));
    // What an engine has merged are the numbers that a module merges.
    if (engine.remark.empty()) continue;
    for (std::size_t i = 0; i < engine.layers.size(); ++i) {
      for (const auto& part : matrix_parts()) {
        INFO(part.name);
        const auto& [ours, theirs] =
            std::pair(engine.layers[i].*part.matrix, merged.layers[i].*part.matrix);
        for (std::size_t j = 0; j < ours.rows * ours.cols; ++j) {
          const auto number = [&](const Matrix& m) {
            return reinterpret_cast<const float*>(m.data)[j];
          };
          REQUIRE(number(ours) == Approx(number(theirs)).margin(1e-5));
        }
      }
    }
  }
}

TEST_CASE("peft kinds: their options are read") {
  const auto options_of = [](const std::string& name) {
    return open_peft_adapter(fixture_of(name)).options;
  };
  CHECK(options_of("rslora").as<LoraOptions>()->rank_stabilized);
  CHECK(options_of("rslora").as<LoraOptions>()->scale_of("w1") == 1.5);
  const auto patterns = *options_of("patterns").as<LoraOptions>();
  CHECK(patterns.ranks == std::map<std::string, std::int64_t>{{"compute_key", 3},
                                                              {"compute_output", 3},
                                                              {"layers.1.feed_forward.w1", 1},
                                                              {"layers.1.feed_forward.w2", 1}});
  CHECK(patterns.alphas ==
        std::map<std::string, double>{{"w2", 2}, {"layers.0.attention.compute_query", 5}});
  CHECK(options_of("dora").kind() == "dora");
  CHECK(options_of("ia3").as<Ia3Options>()->inputs == std::vector<std::string>{"w2"});
  CHECK(options_of("pissa").as<LoraOptions>()->rank == 4);
}

TEST_CASE("peft kinds: a new adapter leaves logits as they are, to the bit") {
  const auto ids = torch::arange(12, torch::kLong).view({2, 6});
  const torch::NoGradGuard no_grad;
  const auto base = read_language_model(test::golden(".bin"))(ids);
  for (const auto& options : all_options()) {
    INFO(options.kind());
    // The one kind that cannot: attention is shared with the virtual tokens.
    const bool is_prefix = options.kind() == PrefixOptions::kKind;
    CHECK(torch::equal(adapted_model(options)(ids), base) != is_prefix);
  }
}

TEST_CASE("peft kinds: only the adapter is trained, and what is written computes the same") {
  const auto ids = torch::arange(12, torch::kLong).view({2, 6});
  for (const auto& options : all_options()) {
    INFO(options.kind());
    auto model = adapted_model(options);
    train_only_adapter(model->llama, "a");
    const auto before = test::copy_of_parameters(*model);
    for (int step = 0; step < 2; ++step) {
      model->zero_grad();
      model(ids).square().mean().backward();
      const torch::NoGradGuard no_grad;
      for (auto& parameter : model->parameters()) {
        if (parameter.grad().defined()) parameter.sub_(0.05 * parameter.grad().sign());
      }
    }
    const torch::NoGradGuard no_grad;
    for (const auto& [name, value] : before) {
      INFO(name);
      CHECK(torch::equal(model->named_parameters()[name], value) != is_adapter_parameter(name));
    }

    const auto adapted = model(ids);
    const test::TemporaryDirectory directory;
    const auto peft = directory.path() / "peft";
    write_peft_adapter(peft, model->llama, test::golden(".bin").native());
    CHECK(test::difference(read_language_model(peft)(ids), adapted, 1e-5, 1e-5) == "");
    const auto own = directory.path() / "own";
    write_language_model(own, model, test::golden_tokenizer());
    auto again = read_language_model(own);
    CHECK(active_adapter(again->llama) == "a");
    CHECK(test::difference(again(ids), adapted, 1e-5, 1e-5) == "");

    // Written again, what was read is the same file.
    write_peft_adapter(directory.path() / "again", read_language_model(peft)->llama, "");
    CHECK(test::read_text(directory.path() / "again" / "adapter_model.safetensors").substr(8) !=
          "");
    const auto first = open_peft_adapter(peft);
    const auto second = open_peft_adapter(directory.path() / "again");
    CHECK(first.options == second.options);
    CHECK(first.tensors.size() == second.tensors.size());
    if (options.is_affine()) CHECK_NOTHROW(Checkpoint::open(own).language_model());
  }
}

TEST_CASE("peft kinds: beside blocks an engine merges into numbers, and says so") {
  const test::TemporaryDirectory directory;
  auto model = read_language_model(test::golden("_q8_0.gguf"));
  add_adapter(model->llama, "a", DoraOptions{{.rank = 2, .targets = {"w2"}}}, make_generator(7));
  test::fill_adapter(model->llama, "a");
  write_peft_adapter(directory.path() / "a", model->llama, test::golden("_q8_0.gguf").native());
  const auto weights = Checkpoint::open(directory.path() / "a").language_model();
  CHECK_THAT(weights.remark, contains("matrices are made f32 in memory, with the adapter merged"));
  CHECK(weights.layers[0].w2.format->name == "f32");
  CHECK(weights.layers[0].w1.format->name == "q8_0");
}

TEST_CASE("peft kinds: tensors of another shape, and one that is missing, are refused") {
  const auto error = [](const std::string& name, const std::string& part, const std::string& by) {
    const test::TemporaryDirectory directory;
    std::filesystem::copy(fixture_of(name), directory.path());
    auto config = test::read_text(fixture_of(name) / "adapter_config.json");
    const auto at = config.find(part);
    REQUIRE(at != std::string::npos);
    directory.file("adapter_config.json", config.replace(at, part.size(), by));
    return test::file_error([&] { open_peft_adapter(directory.path()); });
  };
  CHECK_THAT(error("ia3", "\"down_proj\"", "\"up_proj\""), contains("must be 1"));
  CHECK_THAT(error("patterns", "\"k_proj\": 3", "\"k_proj\": 2"), contains("has no 2 rows"));
  CHECK_THAT(error("dora", "\"use_dora\": true", "\"use_dora\": false"),
             contains("lora_magnitude_vector"));
  for (const std::string layers : {"3", "0", "-1", "1000000"}) {
    CHECK_THAT(error("prefix", "\"num_layers\": 2", "\"num_layers\": " + layers),
               contains("[3, 64], which cannot be divided among the keys and values of " + layers));
  }
  CHECK_THAT(error("prefix", "\"num_layers\": 2", "\"layers\": 2"), contains("\"num_layers\""));
  CHECK_THAT(error("prefix", "\"prefix_projection\": false", "\"prefix_projection\": true"),
             contains("\"prefix_projection\" is true"));
}

TEST_CASE("peft kinds: a prefix that is not the model's is refused, and one of some layers") {
  const auto read = [](const std::string& part, const std::string& by) {
    const test::TemporaryDirectory directory;
    std::filesystem::copy(fixture_of("prefix"), directory.path());
    auto config = test::read_text(fixture_of("prefix") / "adapter_config.json");
    const auto at = config.find(part);
    REQUIRE(at != std::string::npos);
    config.replace(at, part.size(), by);
    const auto base = test::repository_file("tests/reference/formats_hf").native();
    const std::string name = "../formats_hf";
    directory.file("adapter_config.json", config.replace(config.find(name), name.size(), base));
    return test::file_error([&] { read_language_model(directory.path()); });
  };
  CHECK_THAT(read("\"num_virtual_tokens\": 3", "\"num_virtual_tokens\": 2"), contains("prefix"));
  CHECK_THAT(read("\"num_virtual_tokens\": 3", "\"num_virtual_tokens\": 0"),
             contains("virtual tokens is 0"));
  CHECK_THAT(read("\"num_layers\": 2", "\"num_layers\": 4"), contains("layers.2"));
  CHECK_THAT(read("\"num_layers\": 2", "\"num_layers\": 1"), contains("prefix"));

  auto model = adapted_model(PrefixOptions{
      .targets = {"layers.1.attention.compute_key", "layers.1.attention.compute_value"}});
  const test::TemporaryDirectory directory;
  CHECK_THROWS_WITH(write_peft_adapter(directory.path() / "a", model->llama, ""),
                    contains("is of all layers"));
}
