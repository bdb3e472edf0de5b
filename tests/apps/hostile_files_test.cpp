// Bad files through the real apps: each is refused with the documented exit code and one line,
// soon, in little memory, and nothing is created.

#include "support/bad_files.h"
#include "support/catch.h"
#include "support/zip_writer.h"

using namespace minillama::test;
using namespace std::string_literals;

namespace {

const std::vector<std::string> kAsModel = {"-m", "x", "--out", "out", "--to", "gguf"};

std::string with(std::string text, std::size_t at, const std::string& bytes) {
  return text.replace(at, bytes.size(), bytes);
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

}  // namespace

TEST_CASE("hostile input: files that are no model at all") {
  check_bad_files(
      {{"empty", "", "x: is empty"},
       {"one byte", "x", "x: "},
       {"zeros", std::string(4096, '\0'), "of no format that is read"},
       {"ones", std::string(4096, '\xff'), "of no format that is read"},
       {"text", "This is a film review.\n", "x: "},
       {"web page", "<!DOCTYPE html><html>404</html>", "is a web page"},
       {"web page after blank lines", "\n\n  <HTML>no</HTML>", "is a web page"},
       {"git-lfs pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git-lfs"},
       {"JSON", "{\"model_type\": \"llama\"}", "x: "},
       {"gzip", "\x1f\x8b\x08" + std::string(64, '\0'), "x: "},
       {"ELF",
        "\x7f"
        "ELF" +
            std::string(64, '\1'),
        "x: "},
       {"a safetensors file by itself", reference("formats_hf/model.safetensors"), "x: "},
       {"a sentencepiece model", reference("bpe.model"), "x: "}},
      "convert", kAsModel);
}

TEST_CASE("hostile input: zip archives") {
  const std::string good = reference("tiny_rmsnorm.pt");
  check_bad_files(
      {{"the first bytes alone", "PK", "x: "},
       {"cut in the middle", good.substr(0, good.size() / 2), "x: "},
       {"without its last byte", good.substr(0, good.size() - 1), "x: "},
       {"a wrong byte in a weight", with(good, good.size() / 2, "\xff\xff"), "x: "},
       {"no entries", zip_archive({}), "has no data.pkl"},
       {"no pickle", zip_archive({{.name = "a/version", .content = "3"}}), "has no data.pkl"},
       {"two pickles",
        zip_archive(
            {{.name = "a/data.pkl", .content = "N."}, {.name = "b/data.pkl", .content = "N."}}),
        "two data.pkl"},
       {"a name twice",
        zip_archive(
            {{.name = "a/data.pkl", .content = "N."}, {.name = "a/data.pkl", .content = "N."}}),
        "x: "},
       {"a compressed entry", zip_archive({{.name = "a/data.pkl", .content = "N.", .method = 8}}),
        "x: "},
       {"an encrypted entry", zip_archive({{.name = "a/data.pkl", .content = "N.", .flags = 1}}),
        "x: "},
       {"a wrong checksum",
        zip_archive({{.name = "a/data.pkl", .content = "\x80\x02N.", .crc = 7}}), "x: "},
       {"an entry beyond the end",
        zip_archive(
            {{.name = "a/data.pkl", .content = "N.", .size = 1 << 30, .stored_size = 1 << 30}}),
        "x: "},
       {"an offset beyond the end",
        zip_archive({{.name = "a/data.pkl", .content = "N.", .offset = 1 << 30}}), "x: "},
       {"a directory of four billion entries",
        zip_archive({{.name = "a/data.pkl", .content = "N."}},
                    {.zip64 = true, .count = UINT32_MAX}),
        "x: "},
       {"a directory beyond the end",
        zip_archive({{.name = "a/data.pkl", .content = "N."}},
                    {.zip64 = true, .directory_offset = UINT64_MAX - 4}),
        "x: "},
       {"several disks", zip_archive({{.name = "a/data.pkl", .content = "N."}}, {.disk = 3}),
        "x: "},
       {"big-endian",
        zip_archive({{.name = "a/data.pkl", .content = "\x80\x02}."},
                     {.name = "a/byteorder", .content = "big"}}),
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
  for (int i = 0; i < 250; ++i)
    memo += "q" + std::string(1, static_cast<char>(i)) + "h" +
            std::string(1, static_cast<char>(i)) + "a";
  check_bad_files(
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
       {"a text of 4 GB",
        pickle_zip(proto + "X\xff\xff\xff\xff"
                           "a."),
        "x: "},
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
  check_bad_files(
      {{"the header alone", good.substr(0, 28), "bytes long"},
       {"cut", good.substr(0, good.size() - 4), "bytes long"},
       {"too long", good + "xxxx", "bytes long"},
       // No numbers that a model could have: nothing says that these were llama2.c files.
       {"two billion everywhere",
        header({INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX}),
        "of no format that is read"},
       {"a billion layers", with(good, 8, little_endian(1 << 30, 4)), "of no format that is read"},
       {"no heads", with(good, 12, little_endian(0, 4)), "of no format that is read"},
       {"negative width", with(good, 0, little_endian(0xFFFFFFFF, 4)), "of no format that is read"},
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
  check_bad_files(
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
        with(good, good.find("token_embd.weight") + 17 + 4 + 16, little_endian(16, 4)),
        "ggml type 16"},
       {"a tokenizer of another kind",
        replaced(good, "tokenizer.ggml.model" + little_endian(8, 4) + little_endian(5, 8) + "llama",
                 "tokenizer.ggml.model" + little_endian(8, 4) + little_endian(5, 8) + "other"),
        "kind \"other\""}},
      "convert", kAsModel);
}
