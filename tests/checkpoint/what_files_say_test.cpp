// What a file says of its model is honoured or refused by name; what it says of itself is said
// first.

#include "minillama/core/json.h"
#include "minillama/generate/text_generator.h"
#include "minillama/io/gguf.h"
#include "minillama/io/torch_save.h"
#include "minillama/io/torch_save_writer.h"
#include "minillama/model/export.h"
#include "minillama/model/language_model_file.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/formats.h"
#include "support/tensors.h"
#include "support/zip_writer.h"

using namespace minillama;

namespace {

std::string error_of(const std::filesystem::path& path, const LoadOptions& options = {}) {
  return test::file_error([&] { read_language_model(path, options); });
}

torch::Tensor golden_logits(const std::filesystem::path& path) {
  const torch::NoGradGuard no_grad;
  return read_language_model(path)(test::load_fixture(test::golden("_expected.pt"))["ids"]);
}

/// The golden GGUF file with `part` replaced, which has as many bytes as `by`.
std::filesystem::path patched_gguf(const test::TemporaryDirectory& directory,
                                   const std::string& part, const std::string& by) {
  auto content = test::read_text(test::golden("_f32.gguf"));
  const auto place = content.find(part);
  REQUIRE(place != std::string::npos);
  content.replace(place, part.size(), by);
  return directory.file("patched.gguf", content);
}

/// A .pt of the golden model's weights with these arguments besides or in place of its own.
std::filesystem::path torch_file(const test::TemporaryDirectory& directory, const std::string& name,
                                 const PythonScalar& value) {
  auto model = read_language_model(test::golden(".bin"));
  const auto exported = directory.path() / "exported.pt";
  export_language_model(exported, ModelFormat::torch_save, model, test::golden_tokenizer(),
                        DType::float32);
  const TorchSaveFile file(exported);
  std::vector<std::pair<std::string, PythonScalar>> args;
  for (const auto& [key, own] : file.scalars_under("model_args")) {
    if (key != name) args.emplace_back(key, own);
  }
  args.emplace_back(name, value);
  const auto path = directory.path() / "changed.pt";
  write_torch_save(path, file.tensors_under("model"), args);
  return path;
}

}  // namespace

TEST_CASE("formats: an unknown field is refused by name") {
  const test::TemporaryDirectory directory;
  CHECK_THAT(error_of(patched_gguf(directory, "general.name", "llama.newkey")),
             contains("\"llama.newkey\" is"));
  CHECK_THAT(error_of(torch_file(directory, "new_feature", std::int64_t{2})),
             contains("model_args: \"new_feature\" is not known"));
  CHECK(error_of(torch_file(directory, "new_feature", std::monostate())) == "accepted");

  auto model = read_language_model(test::golden(".bin"));
  write_language_model(directory.path() / "own", model, test::golden_tokenizer());
  auto config = test::read_text(directory.path() / "own/config.json");
  config.insert(config.find('{') + 1, "\"new_feature\": 1,");
  const test::TemporaryDirectory changed;
  for (const auto* file : {"model.safetensors", "tokenizer.model"}) {
    std::filesystem::copy(directory.path() / "own" / file, changed.path() / file);
  }
  changed.file("config.json", config);
  CHECK_THAT(error_of(changed.path()), contains("field \"new_feature\" is 1"));
}

TEST_CASE("formats: each number of a GGUF file's model changes the logits or is refused") {
  const auto expected = golden_logits(test::golden("_f32.gguf"));
  const GgufFile file(test::golden("_f32.gguf"));
  int n_changed = 0;
  for (const auto key : file.keys()) {
    if (!key.starts_with("llama.")) continue;
    INFO(std::string(key));
    // Behind the key: the type as four bytes, then the value as four.
    auto content = test::read_text(file.path());
    const auto value = content.find(key) + key.size() + 4;
    const bool is_float = content[value - 4] == 6;
    content[value + (is_float ? 3 : 0)] =
        static_cast<char>(content[value + (is_float ? 3 : 0)] + 2);
    const test::TemporaryDirectory directory;
    const auto path = directory.file("changed.gguf", content);
    const auto error = error_of(path);
    // How long a text may be says nothing about a short one.
    if (key == "llama.context_length") {
      CHECK(error == "accepted");
      CHECK(read_language_model(path)->config().max_seq_len == file.integer(key) + 2);
    } else {
      CHECK((error != "accepted" || !torch::equal(golden_logits(path), expected)));
    }
    ++n_changed;
  }
  CHECK(n_changed == 8);
}

TEST_CASE("formats: each number of a llama2.c header changes the model or is refused") {
  const auto config = read_language_model(test::golden(".bin"))->config();
  const auto content = test::read_text(test::golden(".bin"));
  const test::TemporaryDirectory directory;
  for (std::size_t i = 0; i < 7; ++i) {
    INFO("number " << i);
    auto other = content;
    other[4 * i] = static_cast<char>(other[4 * i] + 2);
    const auto path = directory.file("changed.bin", other);
    CHECK((error_of(path) != "accepted" || read_language_model(path)->config() != config));
  }
}

TEST_CASE("formats: each field of our own config.json changes the model or is refused") {
  const test::TemporaryDirectory directory;
  auto model = read_language_model(test::golden(".bin"));
  write_language_model(directory.path(), model, test::golden_tokenizer());
  const auto config = read_language_model(directory.path())->config();
  const auto json = parse_json(test::read_text(directory.path() / "config.json"), "config.json");
  for (const auto& [name, value] : json.items()) {
    INFO(name);
    auto other = json;
    if (value.is_boolean()) {
      other[name] = !value.get<bool>();
    } else if (value.is_number_integer()) {
      other[name] = value.get<std::int64_t>() + 2;
    } else if (value.is_number()) {
      other[name] = value.get<double>() / 2 + 0.125;
    } else {
      other[name] = value.get<std::string>() + "x";
    }
    directory.file("config.json", other.dump());
    CHECK((error_of(directory.path()) != "accepted" ||
           read_language_model(directory.path())->config() != config));
    // Of another type it is refused, whatever it is.
    other[name] = Json::array({1});
    directory.file("config.json", other.dump());
    CHECK(error_of(directory.path()) != "accepted");
  }
}

TEST_CASE("formats: keys of a scaling by nothing are no scaling") {
  const test::TemporaryDirectory directory;
  const auto exported = directory.path() / "model.gguf";
  auto model = read_language_model(test::golden(".bin"));
  export_language_model(exported, ModelFormat::gguf, model, test::golden_tokenizer(),
                        DType::float32);
  // An entry is put in behind the head of 24 bytes, in place of the padding to 32 later on.
  const auto with = [&](const std::vector<std::pair<std::string, std::string>>& entries) {
    auto content = test::read_text(exported);
    std::string added;
    for (const auto& [key, value] : entries) {
      added += test::little_endian(key.size(), 8) + key + value;
    }
    const std::string name = "general.name";
    added += test::little_endian(name.size(), 8) + name + test::little_endian(8, 4);
    const auto rest = (32 - (added.size() + 8) % 32) % 32;
    added += test::little_endian(rest, 8) + std::string(rest, 'x');
    content.insert(24, added);
    content[16] = static_cast<char>(content[16] + static_cast<int>(entries.size()) + 1);
    return error_of(directory.file("scaled.gguf", content));
  };
  const auto text = [](const std::string& value) {
    return test::little_endian(8, 4) + test::little_endian(value.size(), 8) + value;
  };
  const auto one = test::little_endian(6, 4) + test::little_endian(0x3F800000, 4);
  const auto two = test::little_endian(6, 4) + test::little_endian(0x40000000, 4);
  const std::string type = "llama.rope.scaling.type";
  const std::string factor = "llama.rope.scaling.factor";
  CHECK(with({{type, text("none")}}) == "accepted");
  CHECK(with({{type, text("none")}, {factor, two}}) == "accepted");
  CHECK(with({{type, text("linear")}, {factor, one}}) == "accepted");
  CHECK(with({{factor, one}}) == "accepted");
  CHECK_THAT(with({{type, text("longrope")}, {factor, two}}), contains("llama.rope.scaling.type"));
  const auto false_value = test::little_endian(7, 4) + std::string(1, '\0');
  const auto true_value = test::little_endian(7, 4) + std::string(1, '\1');
  CHECK(with({{"tokenizer.ggml.add_sep_token", false_value}}) == "accepted");
  CHECK_THAT(with({{"tokenizer.ggml.add_sep_token", true_value}}), contains("add_sep_token"));
}

TEST_CASE("formats: model_args that are no dict, or an empty one, are not passed over") {
  const test::TemporaryDirectory directory;
  const auto with = [&](const std::string& value) {
    // {"model": {}, "model_args": value}
    const auto pickle = "\x80\x02}(X" + test::little_endian(5, 4) + "model}X" +
                        test::little_endian(10, 4) + "model_args" + value + "u.";
    return error_of(
        directory.file("x.pt", test::zip_archive({{.name = "a/data.pkl", .content = pickle}})));
  };
  CHECK_THAT(with("]"), contains("model_args is no dict"));
  CHECK_THAT(with("}"), contains("model_args has no \"dim\""));
  CHECK_THAT(with("N"), contains("holds no model_args"));
}

TEST_CASE("formats: each entry of model_args changes the model or is refused") {
  const test::TemporaryDirectory directory;
  const auto config = read_language_model(torch_file(directory, "x", std::monostate()))->config();
  const auto changed = [&](const char* name, const PythonScalar& value) {
    const test::TemporaryDirectory own;
    const auto path = torch_file(own, name, value);
    return error_of(path) != "accepted" || read_language_model(path)->config() != config;
  };
  for (const auto* name :
       {"dim", "n_layers", "n_heads", "n_kv_heads", "hidden_dim", "vocab_size", "max_seq_len"}) {
    INFO(name);
    CHECK(changed(name, std::int64_t{3}));
    CHECK(changed(name, std::string_view("2")));
    CHECK(changed(name, 2.5));
  }
  for (const auto* name : {"norm_eps", "dropout", "rope_theta"}) {
    INFO(name);
    CHECK(changed(name, 0.125));
    CHECK(changed(name, std::string_view("x")));
  }
  CHECK(changed("norm", std::string_view("layernorm")));
  CHECK(changed("rope_scaling", std::string_view("linear")));
  CHECK(read_language_model(torch_file(directory, "rope_theta", 5e5))->config().rope_theta == 5e5);
}

TEST_CASE("formats: rope_theta goes into a .pt and comes back") {
  const test::TemporaryDirectory directory;
  auto model = read_language_model(torch_file(directory, "rope_theta", 5e5));
  const auto path = directory.path() / "again.pt";
  export_language_model(path, ModelFormat::torch_save, model, test::golden_tokenizer(),
                        DType::float32);
  CHECK(test::model_difference(read_language_model(path), model) == "");
}

TEST_CASE("formats: a file of another kind is called what it is") {
  const test::TemporaryDirectory directory;
  const auto error = [&](const std::string& name, const std::string& content) {
    return error_of(directory.file(name, content));
  };
  CHECK_THAT(error("short", "Not Found"), contains("is of no format that is read"));
  CHECK_THAT(error("error.json", "{\"error\": 1}"), contains("is JSON"));
  CHECK_THAT(error("tokenizer.model", test::golden_tokenizer().files()[0].content),
             contains("is a tokenizer; a model is needed here"));
  CHECK_THAT(error("model.safetensors", test::read_text(test::golden("_hf/model.safetensors"))),
             contains("give the directory"));
  // tokenizer.bin under whatever name.
  CHECK_THAT(error("vocabulary", test::little_endian(5, 4) + std::string(4, '\0') +
                                     test::little_endian(5, 4) + "<unk>"),
             contains("is a tokenizer"));
  const auto binary = test::read_text(test::golden(".bin"));
  CHECK_THAT(error("cut.bin", binary.substr(0, binary.size() / 2)), contains("bytes long"));
  CHECK_THAT(error_of(test::golden("_peft")), contains("its base \"formats_hf\" is not at"));
}

TEST_CASE("formats: quantized weights are called so, by the config or by the tensors") {
  const test::TemporaryDirectory directory;
  test::copy_golden("_hf", directory, "config.json", "\"rope_scaling\": null",
                    "\"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4}");
  CHECK_THAT(error_of(directory.path()), contains("is quantized with \"gptq\""));

  const float one = 1;
  for (const std::string name : {"layers.0.feed_forward.w1.qweight", "layers.0.norm.SCB"}) {
    const std::vector<TensorRecord> tensors{
        {.name = name, .shape = {1}, .strides = {1}, .data = std::as_bytes(std::span(&one, 1))}};
    const std::vector<std::pair<std::string, PythonScalar>> args{{"dim", std::int64_t{32}}};
    const auto path = directory.path() / "quantized.pt";
    write_torch_save(path, tensors, args);
    CHECK_THAT(error_of(path), contains("tensor \"" + name + "\" is of quantized weights"));
  }
}

TEST_CASE("formats: a weight that the type cannot hold is refused by name, and nothing written") {
  auto model = read_language_model(test::golden(".bin"));
  {
    const torch::NoGradGuard no_grad;
    model->llama->tok_embeddings->weight[3][1] = 70000;
  }
  const test::TemporaryDirectory directory;
  const auto out = directory.path() / "out";
  const auto write = [&](DType type) {
    export_language_model(out, ModelFormat::hugging_face, model, test::golden_tokenizer(), type);
  };
  CHECK_THROWS_WITH(write(DType::float16),
                    contains("tok_embeddings.weight holds 70000, which is more than"));
  CHECK_FALSE(std::filesystem::exists(out));
  CHECK_NOTHROW(write(DType::bfloat16));
  {
    // Rounds to 65504, the largest float16.
    const torch::NoGradGuard no_grad;
    model->llama->tok_embeddings->weight[3][1] = 65519;
  }
  CHECK_NOTHROW(write(DType::float16));
  {
    const torch::NoGradGuard no_grad;
    model->llama->tok_embeddings->weight[3][1] = NAN;
  }
  CHECK_THROWS_WITH(write(DType::float32), contains("not finite"));
}
