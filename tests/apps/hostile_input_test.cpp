// What the readers of directories, tokenizers, data and adapters refuse, through the real apps.

#include "support/bad_files.h"
#include "support/catch.h"
#include "support/process.h"
#include "support/zip_writer.h"

using namespace minillama::test;
using namespace std::string_literals;

namespace {

const std::vector<std::string> kAsModel = {"-m", "x", "--out", "out", "--to", "gguf"};
const std::vector<std::string> kAsTokenizer = {"-p", "a", "--tokenizer", "x"};

std::string with(std::string text, std::size_t at, const std::string& bytes) {
  return text.replace(at, bytes.size(), bytes);
}

std::string safetensors(const std::string& json, std::size_t data = 0) {
  return little_endian(json.size(), 8) + json + std::string(data, 'x');
}

}  // namespace

TEST_CASE("hostile input: directories") {
  const auto check = [&](const std::string& name, const std::string& source,
                         const std::string& file, const std::string& content,
                         const std::string& message) {
    const TemporaryDirectory directory;
    std::filesystem::copy(repository_file(source), directory.path() / "x",
                          std::filesystem::copy_options::recursive);
    std::filesystem::remove(directory.path() / "x" / file);
    if (content != "absent") directory.file("x/" + file, content);
    check_bad_file(name, "convert", kAsModel, message, directory);
  };
  const std::string hf = "tests/reference/formats_hf";
  const std::string ours = "checkpoints/reviews";
  const auto config = read_text(repository_file(hf + "/config.json"));
  const auto our_config = read_text(repository_file(ours + "/config.json"));
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "[";
  check("no config", hf, "config.json", "absent", "without config.json");
  check("an empty config", hf, "config.json", "", "is empty");
  check("half a config", hf, "config.json", config.substr(0, 100), "not valid JSON");
  check("a config that is a list", hf, "config.json", "[]", "a JSON object was expected");
  check("a config nested 100,000 deep", hf, "config.json", deep, "config.json: ");
  check("a config of other bytes", hf, "config.json", "{\"\xff\": 1}", "not valid JSON");
  check("another kind of model", hf, "config.json", replaced(config, "\"llama\"", "\"bert\""),
        "\"model_type\" is \"bert\"");
  check("a config without a size", hf, "config.json", replaced(config, "\"hidden_size\": 32,", ""),
        "\"hidden_size\" is missing");
  check("a misspelt field", hf, "config.json", replaced(config, "hidden_size", "hidden_sise"),
        "\"hidden_sise\" is 32, which is not known");
  check("a size of 1e300", hf, "config.json",
        replaced(config, "\"hidden_size\": 32", "\"hidden_size\": 1e300"), "\"hidden_size\"");
  check("a size of 2^64", hf, "config.json",
        replaced(config, "\"hidden_size\": 32", "\"hidden_size\": 18446744073709551616"),
        "\"hidden_size\"");
  check("another activation", hf, "config.json", replaced(config, "silu", "relu"),
        "\"hidden_act\"");
  check("scaled positions", hf, "config.json",
        replaced(config, "\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"llama3\"}"),
        "\"rope_scaling.factor\" is missing");
  check("positions scaled in another way", hf, "config.json",
        replaced(config, "\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"su\"}"),
        "rope_type");
  check("no weights", hf, "model.safetensors", "absent", "no such file");
  check("weights of 8 bytes", hf, "model.safetensors", std::string(8, '\xff'), "safetensors");
  check("a header of 18 exabytes", hf, "model.safetensors", std::string(64, '\xff'), "safetensors");
  check("a header that is no JSON", hf, "model.safetensors", safetensors("{x"), "no valid JSON");
  check("a tensor beyond the end", hf, "model.safetensors",
        safetensors(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})"), "data_offsets");
  check("a tensor of 2^64 elements", hf, "model.safetensors",
        safetensors(
            R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16]}})", 16),
        "x/model.safetensors: ");
  check("overlapping tensors", hf, "model.safetensors",
        safetensors(R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},)"
                    R"("b":{"dtype":"U8","shape":[8],"data_offsets":[4,12]}})",
                    12),
        "begins at 4");
  check("no tensors", hf, "model.safetensors", safetensors("{}"), "20 missing");
  check("an index that climbs out", "tests/reference/formats_hf_sharded",
        "model.safetensors.index.json", R"({"weight_map": {"a": "../../etc/passwd"}})",
        "no name of a file");
  check("an index without its shard", "tests/reference/formats_hf_sharded",
        "model-00002-of-00002.safetensors", "absent", "no such file");
  check("a config of ours of another version", ours, "config.json",
        replaced(our_config, "\"version\": 1", "\"version\": 2"), "\"version\" is 2");
  check("our config with another norm", ours, "config.json",
        replaced(our_config, "rmsnorm", "batchnorm"), "norm is \"batchnorm\"");
  check("our config with a NaN", ours, "config.json", replaced(our_config, "1e-05", "NaN"),
        "not valid JSON");
}

TEST_CASE("hostile input: tokenizers") {
  const std::string bpe = reference("bpe.model");
  const std::string llama2c =
      little_endian(7, 4) + std::string(4, '\0') + little_endian(5, 4) + "<unk>";
  check_bad_files(
      {{"empty", "", "is empty"},
       {"text", "hello tokenizer", "x: "},
       {"web page", "<html></html>", "page"},
       {"JSON", "{\"version\": \"1.0\"}", "is JSON"},
       {"half a model", bpe.substr(0, bpe.size() / 2), "x: "},
       {"without its last byte", bpe.substr(0, bpe.size() - 1), "x: "},
       {"a wrong length", with(bpe, 1, "\x7f"), "x: "},
       {"endless varint", "\x0a" + std::string(100, '\xff'), "x: "},
       {"a model of another size", bpe, "tokens, but the model"},
       {"tokenizer.bin of one piece", llama2c, "x: "},
       {"tokenizer.bin with a piece of 4 GB",
        little_endian(7, 4) + std::string(4, '\0') + little_endian(UINT32_MAX, 4) + "x", "x: "},
       {"tokenizer.bin, cut", llama2c.substr(0, 10), "x: "},
       {"a GGUF file without one",
        "GGUF" + little_endian(3, 4) + std::string(16, '\0') + std::string(8, '\0'),
        "holds no tokenizer"}},
      "generate", kAsTokenizer);
}

TEST_CASE("hostile input: data lines") {
  const std::vector<std::string> arguments = {"--dev", "x", "--dev-out", "out"};
  check_bad_files({{"empty", "", "is empty"},
                   {"no separator", "3 | fine .\n", "x:1: "},
                   {"a label too large", "3 ||| a\n5 ||| b\n", "x:2: "},
                   {"a negative label", "-1 ||| a\n", "x:1: "},
                   {"a label beyond 64 bits", "99999999999999999999 ||| a\n", "x:1: "},
                   {"a label with a point", "1.0 ||| a\n", "x:1: "},
                   {"no sentence", "1 |||\n", "x:1: "},
                   {"no UTF-8", "1 ||| \xff\n", "x:1: "},
                   {"UTF-16",
                    std::string("\xff\xfe"
                                "1\0 \0",
                                6),
                    "x: is UTF-16 text"},
                   {"a NUL", std::string("1 ||| a\0b\n", 10), "x:1: "},
                   {"a line of 2 MB", std::string(2 << 20, 'x'), "x:1: "}},
                  "classify_sst", arguments);
  check_bad_files({{"label names that are an object", "{}", "x: "},
                   {"label names that are numbers", "[1, 2]", "x: "},
                   {"one label name", "[\"a\"]", "x: "},
                   {"a label name twice", "[\"a\", \"a\"]", "x: "},
                   {"label names, cut", "[\"a\", ", "x: "}},
                  "classify_sst", {"--option", "prompt", "--label-names", "x", "a film"});
}

TEST_CASE("hostile input: adapters") {
  const auto check = [&](const std::string& name, const std::string& file,
                         const std::string& content, const std::string& message) {
    const TemporaryDirectory directory;
    std::filesystem::copy(repository_file("tests/reference/formats_peft"), directory.path() / "x");
    std::filesystem::remove(directory.path() / "x" / file);
    if (content != "absent") directory.file("x/" + file, content);
    check_bad_file(
        name, "convert",
        {"-m", repository_file("tests/reference/formats_hf"), "--adapter", "x", "--out", "out"},
        message, directory);
  };
  const auto config = reference("formats_peft/adapter_config.json");
  const auto weights = reference("formats_peft/adapter_model.safetensors");
  check("no config", "adapter_config.json", "absent", "no such file");
  check("half a config", "adapter_config.json", config.substr(0, 40), "not valid JSON");
  check("another method", "adapter_config.json", replaced(config, "LORA", "IA3!"), "\"peft_type\"");
  check("a rank of a billion", "adapter_config.json",
        replaced(config, "\"r\": 2", "\"r\": 1000000000"), "x/");
  check("cut weights", "adapter_model.safetensors", weights.substr(0, weights.size() / 2),
        "safetensors: ");
  check("a tensor of no adapter", "adapter_model.safetensors",
        replaced(weights, "lora_A", "lora_X"), "no adapter's of a Llama");
}

TEST_CASE("hostile input: the locale changes nothing") {
  // Few systems have the German locale, whose numbers have a comma.
  const TemporaryDirectory locales;
  run_program("/usr/bin/localedef", {"-i", "de_DE", "-f", "UTF-8", "./de_DE.UTF-8"},
              locales.path());
  const std::vector<std::string> german = {
      "LC_ALL=de_DE.UTF-8", "LOCPATH=" + locales.path().string(),
      "LSAN_OPTIONS=detect_leaks=0"};  // the C library never frees its copy of LOCPATH
  if (run_program("/usr/bin/locale", {"decimal_point"}, locales.path(), "", {}, german).out !=
      ",\n") {
    return note_skip("the locale de_DE.UTF-8 (package locales)");
  }
  const TemporaryDirectory directory;
  const auto check = [&](const std::string& app, const std::vector<std::string>& arguments) {
    const auto expected = run_app(app, arguments, directory.path(), "", {}, {"LC_ALL=C"});
    const auto actual = run_app(app, arguments, directory.path(), "", {}, german);
    INFO(actual.err);
    CHECK(expected.exit_code == 0);
    CHECK(actual.exit_code == 0);
    CHECK(actual.out == expected.out);
  };
  check("generate", {"-p", "This", "-n", "8", "--temp", "0.7", "--epsilon", "0.05", "--quiet"});
  check("classify_sst", {"--json", "A delight ."});
  const std::vector<std::string> convert = {
      "-m",          repository_file("tests/reference/formats_hf"),
      "--tokenizer", repository_file("tests/reference/formats_f32.gguf"),
      "--out",       "out",
      "--force"};
  check("convert", convert);
  const auto config = read_text(directory.path() / "out" / "config.json");
  std::filesystem::remove_all(directory.path() / "out");
  CHECK(run_app("convert", convert, directory.path(), "", {}, {"LC_ALL=C"}).exit_code == 0);
  CHECK(read_text(directory.path() / "out" / "config.json") == config);
}
