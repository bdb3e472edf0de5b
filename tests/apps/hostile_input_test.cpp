// Bad files through the real apps: each is refused with the documented exit code and one line, soon,
// in little memory, and nothing is created.

#include <stdexcept>

#include "support/apps.h"
#include "support/catch.h"
#include "support/counts.h"
#include "support/files.h"
#include "support/zip_writer.h"

using namespace minillama::test;
using namespace std::string_literals;
using Catch::Matchers::StartsWith;

namespace {

/// How long an app takes that does nothing, and how much memory: the best of three.
const Outcome& idle() {
  static const Outcome best = [] {
    const TemporaryDirectory directory;
    Outcome least = run_app("generate", {"--version"}, directory.path());
    for (int i = 0; i < 2; ++i) {
      const auto next = run_app("generate", {"--version"}, directory.path());
      least.cpu_seconds = std::min(least.cpu_seconds, next.cpu_seconds);
      least.peak_bytes = std::min(least.peak_bytes, next.peak_bytes);
    }
    return least;
  }();
  return best;
}

struct BadInput {
  std::string name;
  std::string content;       ///< of the file "x"
  std::string message = "";  ///< a part of the error
  int exit_code = 3;
};

std::vector<std::filesystem::path> files_in(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    names.push_back(entry.path());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::uintmax_t bytes_in(const std::filesystem::path& directory) {
  std::uintmax_t bytes = 0;
  for (const auto& name : files_in(directory)) {
    if (std::filesystem::is_regular_file(name)) bytes += std::filesystem::file_size(name);
  }
  return bytes;
}

/// Runs the app where `directory` holds the bad file.
void check_refused(const std::string& name, const std::string& app,
                   const std::vector<std::string>& arguments, const std::string& message,
                   int exit_code, const TemporaryDirectory& directory) {
  INFO(name);
  const auto before = files_in(directory.path());
  const auto outcome = run_app(app, arguments, directory.path());
  INFO(outcome.err);
  CHECK(outcome.exit_code == exit_code);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, StartsWith(app + ": error: "));
  CHECK_THAT(outcome.err, contains(message));
  CHECK(lines_in(outcome.err) == 1);
  CHECK(outcome.err.size() < 1500);
  CHECK(files_in(directory.path()) == before);
#if defined(NDEBUG)
  // In time of the processor, which other programs do not lengthen.
  CHECK(outcome.cpu_seconds < idle().cpu_seconds + 0.5);
  CHECK(outcome.peak_bytes < idle().peak_bytes + 2 * bytes_in(directory.path()) + (64 << 20));
#endif
  count("bad files through the apps", 1);
}

/// Each as the file "x".
void check_refused(const std::vector<BadInput>& inputs, const std::string& app,
                   const std::vector<std::string>& arguments) {
  for (const auto& input : inputs) {
    const TemporaryDirectory directory;
    directory.file("x", input.content);
    check_refused(input.name, app, arguments, input.message, input.exit_code, directory);
  }
}

const std::vector<std::string> kAsModel = {"-m", "x", "--out", "out", "--to", "gguf"};
const std::vector<std::string> kAsTokenizer = {"-p", "a", "--tokenizer", "x"};

std::string reference(const std::string& name) {
  return read_text(repository_file("tests/reference/" + name));
}

std::string with(std::string text, std::size_t at, const std::string& bytes) {
  return text.replace(at, bytes.size(), bytes);
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  const auto at = text.find(part);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace: " + part);
  return text.replace(at, part.size(), by);
}

std::string pickle_zip(const std::string& pickle, const std::string& storage = "") {
  return zip_archive({{.name = "a/data.pkl", .content = pickle},
                      {.name = "a/data/0", .content = storage},
                      {.name = "a/version", .content = "3\n"}});
}

std::string header(const std::vector<std::int64_t>& numbers) {
  std::string out;
  for (const auto number : numbers) out += little_endian(static_cast<std::uint64_t>(number), 4);
  return out;
}

std::string safetensors(const std::string& json, std::size_t data = 0) {
  return little_endian(json.size(), 8) + json + std::string(data, 'x');
}

}  // namespace

TEST_CASE("hostile input: files that are no model at all") {
  check_refused(
      {{"empty", "", "x: is empty"},
       {"one byte", "x", "x: "},
       {"zeros", std::string(4096, '\0'), "no llama2.c checkpoint"},
       {"ones", std::string(4096, '\xff'), "no llama2.c checkpoint"},
       {"text", "This is a film review.\n", "x: "},
       {"web page", "<!DOCTYPE html><html>404</html>", "is a web page"},
       {"web page after blank lines", "\n\n  <HTML>no</HTML>", "is a web page"},
       {"git-lfs pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git-lfs"},
       {"JSON", "{\"model_type\": \"llama\"}", "x: "},
       {"gzip", "\x1f\x8b\x08" + std::string(64, '\0'), "x: "},
       {"ELF", "\x7f" "ELF" + std::string(64, '\1'), "x: "},
       {"a safetensors file by itself", reference("formats_hf/model.safetensors"), "x: "},
       {"a sentencepiece model", reference("bpe.model"), "x: "}},
      "convert", kAsModel);
}

TEST_CASE("hostile input: zip archives") {
  const std::string good = reference("tiny_rmsnorm.pt");
  check_refused(
      {{"the first bytes alone", "PK", "x: "},
       {"cut in the middle", good.substr(0, good.size() / 2), "x: "},
       {"without its last byte", good.substr(0, good.size() - 1), "x: "},
       {"a wrong byte in a weight", with(good, good.size() / 2, "\xff\xff"), "x: "},
       {"no entries", zip_archive({}), "has no data.pkl"},
       {"no pickle", zip_archive({{.name = "a/version", .content = "3"}}), "has no data.pkl"},
       {"two pickles",
        zip_archive({{.name = "a/data.pkl", .content = "N."}, {.name = "b/data.pkl", .content = "N."}}),
        "two data.pkl"},
       {"a name twice",
        zip_archive({{.name = "a/data.pkl", .content = "N."}, {.name = "a/data.pkl", .content = "N."}}),
        "x: "},
       {"a compressed entry",
        zip_archive({{.name = "a/data.pkl", .content = "N.", .method = 8}}), "x: "},
       {"an encrypted entry",
        zip_archive({{.name = "a/data.pkl", .content = "N.", .flags = 1}}), "x: "},
       {"a wrong checksum",
        zip_archive({{.name = "a/data.pkl", .content = "\x80\x02N.", .crc = 7}}), "x: "},
       {"an entry beyond the end",
        zip_archive({{.name = "a/data.pkl", .content = "N.", .size = 1 << 30, .stored_size = 1 << 30}}),
        "x: "},
       {"an offset beyond the end",
        zip_archive({{.name = "a/data.pkl", .content = "N.", .offset = 1 << 30}}), "x: "},
       {"a directory of four billion entries",
        zip_archive({{.name = "a/data.pkl", .content = "N."}}, {.zip64 = true, .count = UINT32_MAX}),
        "x: "},
       {"a directory beyond the end",
        zip_archive({{.name = "a/data.pkl", .content = "N."}},
                    {.zip64 = true, .directory_offset = UINT64_MAX - 4}),
        "x: "},
       {"several disks", zip_archive({{.name = "a/data.pkl", .content = "N."}}, {.disk = 3}), "x: "},
       {"big-endian",
        zip_archive({{.name = "a/data.pkl", .content = "\x80\x02}."}, {.name = "a/byteorder", .content = "big"}}),
        "byte order"},
       {"TorchScript", reference("torch_save_script.pt"), "TorchScript"},
       {"before PyTorch 1.6", reference("torch_save_legacy.pt"), "before PyTorch 1.6"}},
      "convert", kAsModel);
}

TEST_CASE("hostile input: pickles") {
  const std::string proto = "\x80\x02";
  const auto tensor = [&](const std::string& size, const std::string& count) {
    // {"model": {"x": _rebuild_tensor_v2(storage 0, 0, (size,), (1,), False, None)}}
    return proto + "}X" + little_endian(5, 4) + "model}X" + little_endian(1, 4) +
           "xctorch._utils\n_rebuild_tensor_v2\n((X" + little_endian(7, 4) +
           "storagectorch\nFloatStorage\nX" + little_endian(1, 4) + "0X" + little_endian(3, 4) +
           "cpu" + count + "tQK\0"s + size + "\x85K\x01\x85\x89NtRss.";
  };
  std::string deep = proto;
  for (int i = 0; i < 200000; ++i) deep += "(";
  std::string nested = proto + std::string(100000, ']') + std::string(99999, 'a') + ".";
  std::string memo = proto + "]";
  for (int i = 0; i < 250; ++i) memo += "q" + std::string(1, static_cast<char>(i)) + "h" +
                                        std::string(1, static_cast<char>(i)) + "a";
  check_refused(
      {{"empty pickle", pickle_zip(""), "x: "},
       {"no end", pickle_zip(proto + "N"), "x: "},
       {"an end too much", pickle_zip(proto + "N.."), "x: "},
       {"stack underflow", pickle_zip(proto + "a."), "x: "},
       {"None", pickle_zip(proto + "N."), "x: "},
       {"a call of os.system",
        pickle_zip(proto + "cposix\nsystem\nX" + little_endian(10, 4) + "touch hack\x85R."), "x: "},
       {"an eval", pickle_zip(proto + "c__builtin__\neval\nX" + little_endian(1, 4) + "1\x85R."),
        "x: "},
       {"200,000 marks", pickle_zip(deep + "."), "x: "},
       {"100,000 nested lists", pickle_zip(nested), "x: "},
       {"a list within itself", pickle_zip(memo + "."), "x: "},
       {"a memo entry that is not there", pickle_zip(proto + "h\x07."), "x: "},
       {"a text of 4 GB", pickle_zip(proto + "X\xff\xff\xff\xff" "a."), "x: "},
       {"an unknown opcode", pickle_zip(proto + "\xfe."), "x: "},
       {"protocol 0", pickle_zip("(dp0\n."), "x: "},
       {"an extension registry", pickle_zip(proto + "\x82\x01."), "x: "},
       {"a tensor larger than its storage",
        pickle_zip(tensor("J" + little_endian(1 << 20, 4), "K\x04"), std::string(16, '\0')), "x: "},
       {"a storage larger than it is",
        pickle_zip(tensor("K\x04", "J" + little_endian(1 << 30, 4)), std::string(16, '\0')), "x: "},
       {"a tensor of negative size",
        pickle_zip(tensor("J\xff\xff\xff\xff", "K\x04"), std::string(16, '\0')), "x: "},
       {"no model_args", pickle_zip(tensor("K\x04", "K\x04"), std::string(16, '\0')),
        "holds no model_args"},
       {"a storage that is missing",
        zip_archive({{.name = "a/data.pkl", .content = tensor("K\x04", "K\x04")}}), "is missing"},
       {"a sparse tensor", reference("torch_save_sparse.pt"), "x: "}},
      "convert", kAsModel);
}

TEST_CASE("hostile input: llama2.c checkpoints") {
  const std::string good = reference("formats.bin");
  check_refused(
      {{"the header alone", good.substr(0, 28), "bytes long"},
       {"cut", good.substr(0, good.size() - 4), "bytes long"},
       {"too long", good + "xxxx", "bytes long"},
       {"two billion everywhere", header({INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX,
                                          INT32_MAX, INT32_MAX}),
        "no llama2.c checkpoint"},
       {"a billion layers", with(good, 8, little_endian(1 << 30, 4)), "n_layers"},
       {"no heads", with(good, 12, little_endian(0, 4)), "n_heads would be 0"},
       {"negative width", with(good, 0, little_endian(0xFFFFFFFF, 4)), "dim would be -1"},
       {"heads that do not divide", with(good, 12, little_endian(5, 4)), "x: "},
       {"the least vocabulary", with(good, 20, little_endian(0x80000000, 4)), "x: "},
       {"a later version", "24ka" + good.substr(4), "later version"}},
      "convert", kAsModel);
}

TEST_CASE("hostile input: GGUF files") {
  const std::string good = reference("formats_q8_0.gguf");
  const auto value = [&](const std::string& key, std::uint32_t number) {
    return with(good, good.find(key) + key.size() + 4, little_endian(number, 4));
  };
  check_refused(
      {{"the first bytes alone", "GGUF", "truncated?"},
       {"cut in the header", good.substr(0, 500), "truncated?"},
       {"cut in the data", good.substr(0, good.size() - 40), "leave the"},
       {"version 1", with(good, 4, little_endian(1, 4)), "version 1"},
       {"big-endian", with(good, 4, std::string("\0\0\0\3", 4)), "big-endian"},
       {"18 quintillion tensors", with(good, 8, std::string(8, '\xff')), "at most"},
       {"18 quintillion keys", with(good, 16, std::string(8, '\xff')), "at most"},
       {"a key of 18 exabytes", with(good, 24, std::string(8, '\xff')), "truncated?"},
       {"another architecture", replaced(good, "llama\x0c", "gpt-2\x0c"), "architecture"},
       {"no layers", value("llama.block_count", 0), "n_layers is 0"},
       {"other layers", value("llama.block_count", 3), "9 missing"},
       {"a billion layers", value("llama.block_count", 1 << 30), "n_layers"},
       {"heads of another width", value("llama.rope.dimension_count", 6), "width 8 of a head"},
       {"a context of nothing", value("llama.context_length", 0), "max_seq_len is 0"},
       {"a tensor of another name", replaced(good, "token_embd.weight", "token_ambd.weight"),
        "none of a Llama"},
       {"a tensor of a type not read",
        with(good, good.find("token_embd.weight") + 17 + 4 + 16, little_endian(12, 4)),
        "ggml type 12"},
       {"a tokenizer of another kind",
        replaced(good, "tokenizer.ggml.model" + little_endian(8, 4) + little_endian(5, 8) + "llama",
                 "tokenizer.ggml.model" + little_endian(8, 4) + little_endian(5, 8) + "other"),
        "kind \"other\""}},
      "convert", kAsModel);
}

TEST_CASE("hostile input: directories") {
  const auto check = [&](const std::string& name, const std::string& source, const std::string& file,
                         const std::string& content, const std::string& message) {
    const TemporaryDirectory directory;
    std::filesystem::copy(repository_file(source), directory.path() / "x",
                          std::filesystem::copy_options::recursive);
    std::filesystem::remove(directory.path() / "x" / file);
    if (content != "absent") directory.file("x/" + file, content);
    check_refused(name, "convert", kAsModel, message, 3, directory);
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
  check("a config without a size", hf, "config.json",
        replaced(config, "hidden_size", "hidden_sise"), "\"hidden_size\" is missing");
  check("a size of 1e300", hf, "config.json", replaced(config, "\"hidden_size\": 32", "\"hidden_size\": 1e300"),
        "\"hidden_size\"");
  check("a size of 2^64", hf, "config.json",
        replaced(config, "\"hidden_size\": 32", "\"hidden_size\": 18446744073709551616"),
        "\"hidden_size\"");
  check("another activation", hf, "config.json", replaced(config, "silu", "relu"), "\"hidden_act\"");
  check("scaled positions", hf, "config.json",
        replaced(config, "\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"llama3\"}"),
        "rope_type");
  check("no weights", hf, "model.safetensors", "absent", "no such file");
  check("weights of 8 bytes", hf, "model.safetensors", std::string(8, '\xff'), "safetensors");
  check("a header of 18 exabytes", hf, "model.safetensors", std::string(64, '\xff'), "safetensors");
  check("a header that is no JSON", hf, "model.safetensors", safetensors("{x"), "no valid JSON");
  check("a tensor beyond the end", hf, "model.safetensors",
        safetensors(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})"), "data_offsets");
  check("a tensor of 2^64 elements", hf, "model.safetensors",
        safetensors(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16]}})", 16),
        "x/model.safetensors: ");
  check("overlapping tensors", hf, "model.safetensors",
        safetensors(R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},)"
                    R"("b":{"dtype":"U8","shape":[8],"data_offsets":[4,12]}})", 12),
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
        replaced(our_config, "layernorm", "batchnorm"), "norm is \"batchnorm\"");
  check("our config with a NaN", ours, "config.json", replaced(our_config, "1e-05", "NaN"),
        "not valid JSON");
}

TEST_CASE("hostile input: tokenizers") {
  const std::string bpe = reference("bpe.model");
  const std::string llama2c = little_endian(7, 4) + std::string(4, '\0') + little_endian(5, 4) +
                              "<unk>";
  check_refused(
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
  check_refused({{"empty", "", "is empty"},
                 {"no separator", "3 | fine .\n", "x:1: "},
                 {"a label too large", "3 ||| a\n5 ||| b\n", "x:2: "},
                 {"a negative label", "-1 ||| a\n", "x:1: "},
                 {"a label beyond 64 bits", "99999999999999999999 ||| a\n", "x:1: "},
                 {"a label with a point", "1.0 ||| a\n", "x:1: "},
                 {"no sentence", "1 |||\n", "x:1: "},
                 {"no UTF-8", "1 ||| \xff\n", "x:1: "},
                 {"UTF-16", std::string("\xff\xfe" "1\0 \0", 6), "x:1: "},
                 {"a NUL", std::string("1 ||| a\0b\n", 10), "x:1: "},
                 {"a line of 2 MB", std::string(2 << 20, 'x'), "x:1: "}},
                "classify_sst", arguments);
  check_refused({{"label names that are an object", "{}", "x: "},
                 {"label names that are numbers", "[1, 2]", "x: "},
                 {"one label name", "[\"a\"]", "x: "},
                 {"a label name twice", "[\"a\", \"a\"]", "x: "},
                 {"label names, cut", "[\"a\", ", "x: "}},
                "classify_sst", {"--label-names", "x", "a film"});
}

TEST_CASE("hostile input: adapters") {
  const auto check = [&](const std::string& name, const std::string& file, const std::string& content,
                         const std::string& message) {
    const TemporaryDirectory directory;
    std::filesystem::copy(repository_file("tests/reference/formats_peft"), directory.path() / "x");
    std::filesystem::remove(directory.path() / "x" / file);
    if (content != "absent") directory.file("x/" + file, content);
    check_refused(name, "convert",
                  {"-m", repository_file("tests/reference/formats_hf"), "--adapter", "x", "--out",
                   "out"},
                  message, 3, directory);
  };
  const auto config = reference("formats_peft/adapter_config.json");
  const auto weights = reference("formats_peft/adapter_model.safetensors");
  check("no config", "adapter_config.json", "absent", "no such file");
  check("half a config", "adapter_config.json", config.substr(0, 40), "not valid JSON");
  check("another method", "adapter_config.json", replaced(config, "LORA", "IA3!"), "\"peft_type\"");
  check("a rank of a billion", "adapter_config.json", replaced(config, "\"r\": 2", "\"r\": 1000000000"),
        "x/");
  check("cut weights", "adapter_model.safetensors", weights.substr(0, weights.size() / 2),
        "safetensors: ");
  check("a tensor of no adapter", "adapter_model.safetensors",
        replaced(weights, "lora_A", "lora_X"), "no adapter's of a Llama");
}

TEST_CASE("hostile input: the locale changes nothing") {
  const TemporaryDirectory directory;
  for (const std::string app : {"generate", "convert"}) {
    std::vector<Outcome> outcomes;
    for (const std::string locale : {"C", "de_DE.UTF-8"}) {
      const std::string out = "out-" + locale;
      const std::vector<std::string> arguments =
          app == "generate"
              ? std::vector<std::string>{"-p", "This", "-n", "8", "--temp", "0.7", "--epsilon", "0.05",
                                         "--quiet"}
              : std::vector<std::string>{"-m", repository_file("tests/reference/formats_hf"),
                                         "--tokenizer",
                                         repository_file("tests/reference/formats_f32.gguf"), "--out",
                                         out};
      outcomes.push_back(run_app(app, arguments, directory.path(), "", {"LC_ALL=" + locale}));
      CHECK(outcomes.back().exit_code == 0);
    }
    CHECK(outcomes[0].out == outcomes[1].out);
  }
  CHECK(read_text(directory.path() / "out-C" / "config.json") ==
        read_text(directory.path() / "out-de_DE.UTF-8" / "config.json"));
}
