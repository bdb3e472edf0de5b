#include "minillama/io/torch_save.h"

#include <cstring>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/files.h"
#include "support/zip_writer.h"

using namespace minillama;
using namespace std::string_literals;
using test::little_endian;
using test::repository_file;
using test::TemporaryDirectory;

namespace {

using Shape = std::vector<std::int64_t>;

/// A file that tests/reference/torch_save.py wrote.
std::filesystem::path fixture(const std::string& name) {
  return repository_file("tests/reference/torch_save_" + name + ".pt");
}

std::vector<std::string> names(const std::vector<TensorRecord>& tensors) {
  std::vector<std::string> out;
  for (const TensorRecord& tensor : tensors) out.push_back(tensor.name);
  return out;
}

const TensorRecord& named(const std::vector<TensorRecord>& tensors, const std::string& name) {
  for (const TensorRecord& tensor : tensors) {
    if (tensor.name == name) return tensor;
  }
  throw std::runtime_error("no tensor " + name);
}

template <typename T>
std::vector<T> elements(const TensorRecord& tensor) {
  REQUIRE(byte_size(tensor.dtype) == sizeof(T));
  std::vector<T> out(static_cast<std::size_t>(element_count(tensor)));
  copy_elements(tensor, reinterpret_cast<std::byte*>(out.data()));
  return out;
}

/// Looks at everything that the file offers.
void read_all(const std::filesystem::path& path) {
  const TorchSaveFile file(path);
  const auto touch = [](const std::vector<TensorRecord>& tensors) {
    for (const TensorRecord& tensor : tensors) {
      std::string out(static_cast<std::size_t>(element_count(tensor)) * byte_size(tensor.dtype),
                      '\0');
      copy_elements(tensor, reinterpret_cast<std::byte*>(out.data()));
    }
  };
  touch(file.tensors());
  if (file.has_mapping("model")) touch(file.tensors_under("model"));
  file.scalars_under("model_args");
}

/// A reference to storage "0", as torch.save pickles it, of four float32 unless told otherwise.
std::string storage(const std::string& count = "K\x04",
                    const std::string& type = "ctorch\nFloatStorage\n") {
  return "(\x8c\x07storage"s + type + "\x8c\x01"s + "0\x8c\x03"s + "cpu"s + count + "tQ"s;
}

/// A call of _rebuild_tensor_v2 with pickled arguments.
std::string tensor(const std::string& storage_id, const std::string& offset,
                   const std::string& size, const std::string& stride) {
  return "ctorch._utils\n_rebuild_tensor_v2\n("s + storage_id + offset + size + stride + "\x89)tR"s;
}

/// A torch.save file of {"w": <pickled value>} whose storage "0" has 16 bytes.
std::string file_with(const std::string& value) {
  return test::zip_archive(
      {{.name = "a/data.pkl", .content = "\x80\x02}\x8c\x01w"s + value + "s."s},
       {.name = "a/data/0", .content = std::string(16, '\x3f')}});
}

std::string error_of(const std::string& content) {
  const TemporaryDirectory directory;
  try {
    read_all(directory.file("x.pt", content));
  } catch (const FileError& error) {
    return std::string(error.what()).substr(directory.path().native().size() + 1);
  }
  return "accepted";
}

}  // namespace

TEST_CASE("torch_save: a checkpoint of llama2.c's layout") {
  const TorchSaveFile file(fixture("llama2c"));
  CHECK(file.has_mapping("model"));
  CHECK_FALSE(file.has_mapping("iter_num"));
  CHECK_FALSE(file.has_mapping("optim"));
  const std::vector<TensorRecord> tensors = file.tensors_under("model");
  CHECK(names(tensors) == std::vector<std::string>{"tok_embeddings.weight", "norm.weight",
                                                   "norm.bias", "output.weight"});
  CHECK(tensors[0].shape == Shape{4, 3});
  CHECK(elements<float>(tensors[0]) == std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  CHECK(elements<float>(named(tensors, "norm.weight")) == std::vector<float>{1, 1, 1});
  CHECK(tensors[0].data.data() == tensors[3].data.data());
  CHECK(names(file.tensors()) == std::vector<std::string>{"best_val_loss"});
  CHECK(elements<float>(file.tensors()[0]) == std::vector<float>{1.5});
  CHECK_THROWS_WITH(file.tensors_under("optim"), contains("has no entry \"optim\""));
  CHECK_THROWS_WITH(file.tensors_under("iter_num"), contains("neither a dict nor"));
}

TEST_CASE("torch_save: scalars of model_args") {
  for (const char* name : {"llama2c", "protocol3", "protocol4", "protocol5"}) {
    INFO(name);
    const TorchSaveFile file(fixture(name));
    const auto args = file.scalars_under("model_args");
    const bool has_betas = std::string_view(name) == "llama2c";
    REQUIRE(args.size() == (has_betas ? 7 : 6));
    CHECK(args[0] == std::pair<std::string_view, PythonScalar>("dim", std::int64_t{3}));
    CHECK(args[1].first == "n_kv_heads");
    CHECK(std::holds_alternative<std::monostate>(args[1].second));
    CHECK(std::get<double>(args[2].second) == 0.25);
    CHECK(std::get<std::int64_t>(args[3].second) == -(std::int64_t{1} << 40));
    CHECK(std::get<bool>(args[4].second));
    CHECK(std::get<std::string_view>(args[5].second) == "é");
    if (has_betas) CHECK(std::get<PythonOther>(args[6].second).kind == "a sequence");
    CHECK(file.scalars_under("absent").empty());
  }
}

TEST_CASE("torch_save: a bare state dict, a tuple, every protocol") {
  CHECK(names(TorchSaveFile(fixture("state_dict")).tensors()) ==
        std::vector<std::string>{"tok_embeddings.weight", "norm.weight", "norm.bias",
                                 "output.weight"});
  const TorchSaveFile tuple(fixture("tuple"));
  CHECK(names(tuple.tensors()) == std::vector<std::string>{"0", "2"});
  CHECK(elements<float>(tuple.tensors()[1]) == std::vector<float>{5, 6});
  for (const char* name : {"protocol3", "protocol4", "protocol5"}) {
    CHECK(elements<float>(TorchSaveFile(fixture(name)).tensors_under("model")[0]) ==
          std::vector<float>{0, 1});
  }
}

TEST_CASE("torch_save: every element type") {
  const TorchSaveFile file(fixture("dtypes"));
  const std::vector<TensorRecord> tensors = file.tensors();
  REQUIRE(tensors.size() == 10);
  for (const TensorRecord& tensor : tensors) CHECK(to_string(tensor.dtype) == tensor.name);
  CHECK(elements<double>(named(tensors, "float64")) == std::vector<double>{0, 1, 2, 3, 4});
  CHECK(elements<std::uint16_t>(named(tensors, "float16"))[1] == 0x3C00);
  CHECK(elements<std::uint16_t>(named(tensors, "bfloat16"))[1] == 0x3F80);
  CHECK(elements<std::int64_t>(named(tensors, "int64"))[4] == 4);
  CHECK(elements<std::int32_t>(named(tensors, "int32"))[4] == 4);
  CHECK(elements<std::int16_t>(named(tensors, "int16"))[4] == 4);
  CHECK(elements<std::int8_t>(named(tensors, "int8"))[4] == 4);
  CHECK(elements<std::uint8_t>(named(tensors, "uint8"))[4] == 4);
  CHECK(elements<std::uint8_t>(named(tensors, "bool")) == std::vector<std::uint8_t>{0, 1, 1, 1, 1});
}

TEST_CASE("torch_save: views of one storage") {
  const TorchSaveFile file(fixture("views"));
  const std::vector<TensorRecord> tensors = file.tensors();
  CHECK(named(tensors, "transposed").shape == Shape{6, 4});
  CHECK(elements<float>(named(tensors, "transposed"))[1] == 6);
  CHECK(elements<float>(named(tensors, "slice")) == std::vector<float>{6, 8, 10, 12, 14, 16});
  CHECK(elements<float>(named(tensors, "column")) == std::vector<float>{5, 11, 17, 23});
  CHECK(elements<float>(named(tensors, "scalar")) == std::vector<float>{14});
  CHECK(named(tensors, "scalar").shape.empty());
  CHECK(named(tensors, "empty").shape == Shape{0, 3});
  CHECK(elements<float>(named(tensors, "empty")).empty());
  CHECK(elements<float>(named(tensors, "parameter")) == std::vector<float>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("torch_save: namespaces and random states beside the tensors do no harm") {
  const TorchSaveFile file(fixture("finetuned"));
  CHECK(names(file.tensors_under("model")) ==
        std::vector<std::string>{"llama.norm.weight", "classifier_head.bias"});
  CHECK(names(file.tensors()) == std::vector<std::string>{"torch_rng"});
  CHECK(file.scalars_under("model_args").empty());
  CHECK(file.root().find("args")->callable().is_global("argparse", "Namespace"));
  CHECK(file.root().find("args")->state().find("option")->string() == "finetune");
}

TEST_CASE("torch_save: what is no such file is named") {
  const auto message = [](const std::string& content) { return error_of(content); };
  CHECK_THROWS_WITH(TorchSaveFile(fixture("legacy")), contains("before PyTorch 1.6"));
  CHECK_THROWS_WITH(TorchSaveFile(fixture("script")), contains("TorchScript archive"));
  CHECK_THROWS_WITH(TorchSaveFile(fixture("sparse")).tensors(),
                    contains("tensor \"x\": made by \"_rebuild_sparse_tensor\", which is not"));
  CHECK(message("\n <!doctype HTML><p>404") == "x.pt: is a web page: the download went wrong");
  CHECK_THAT(message("version https://git-lfs.github.com/spec/v1\n"), contains("git-lfs pointer"));
  CHECK(message("hello") == "x.pt: was not written by torch.save: it is no zip archive");
  CHECK_THAT(message(test::zip_archive({{.name = "word/document.xml"}})),
             contains("the zip archive has no data.pkl"));
  CHECK_THAT(message(test::zip_archive({{.name = "a/data.pkl"}, {.name = "b/data.pkl"}})),
             contains("two data.pkl"));
  CHECK_THAT(message(test::zip_archive(
                 {{.name = "a/data.pkl"}, {.name = "a/byteorder", .content = "big"}})),
             contains("byte order is \"big\", must be little"));
  CHECK_THAT(message(test::zip_archive({{.name = "a/data.pkl", .content = "\x80\x02N."}})),
             contains("neither a dict nor a tuple"));
}

TEST_CASE("torch_save: a tensor must fit its storage, and the storage its bytes") {
  const std::string dense = tensor(storage(), "K\x00"s, "K\x02K\x02\x86", "K\x02K\x01\x86");
  CHECK(error_of(file_with(dense)) == "accepted");
  CHECK(error_of(file_with(tensor(storage(), "K\x04", "K\x00\x85"s, "K\x01\x85"))) == "accepted");

  const auto with_storage = [](const std::string& id) {
    return error_of(file_with(tensor(id, "K\x00"s, "K\x01\x85", "K\x01\x85")));
  };
  CHECK(with_storage(storage("K\x05")) ==
        "x.pt: tensor \"w\": its storage \"0\" has 16 bytes, not 5 elements of float32");
  CHECK_THAT(with_storage(storage("J\xff\xff\xff\xff")), contains("not -1 elements"));
  CHECK_THAT(with_storage(storage("\x8a\x08\x04\x00\x00\x00\x00\x00\x00\x40"s)),
             contains("elements of float32"));
  CHECK_THAT(with_storage(storage("K\x04", "ctorch\nDoubleStorage\n")), contains("float64"));
  CHECK_THAT(with_storage(storage("K\x04", "ctorch\nComplexFloatStorage\n")),
             contains("storage type \"ComplexFloatStorage\" is not supported"));
  CHECK_THAT(with_storage(storage("N")), contains("damaged"));
  CHECK_THAT(with_storage("N"), contains("it has no storage"));
  CHECK_THAT(with_storage("NQ"), contains("it has no storage"));

  const auto with_view = [](const std::string& offset, const std::string& size,
                            const std::string& stride) {
    return error_of(file_with(tensor(storage(), offset, size, stride)));
  };
  const std::string huge = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
  CHECK_THAT(with_view("K\x05", "K\x01\x85", "K\x01\x85"), contains("its offset 5 lies outside"));
  CHECK_THAT(with_view("J\xff\xff\xff\xff", "K\x01\x85", "K\x01\x85"), contains("offset -1"));
  CHECK_THAT(with_view(huge, "K\x01\x85", "K\x01\x85"), contains("lies outside its storage"));
  CHECK_THAT(with_view("N", "K\x01\x85", "K\x01\x85"), contains("(no integer)"));
  CHECK_THAT(with_view("K\x01", "K\x04\x85", "K\x01\x85"), contains("12 bytes stored"));
  CHECK_THAT(with_view("K\x00"s, "K\x02\x85", "K\x04\x85"), contains("16 bytes stored"));
  CHECK_THAT(with_view("K\x00"s, "J\xff\xff\xff\xff\x85", "K\x01\x85"), contains("negative size"));
  CHECK_THAT(with_view("K\x00"s, "K\x02\x85", "J\xff\xff\xff\xff\x85"),
             contains("negative stride"));
  CHECK_THAT(with_view("K\x00"s, huge + huge + "\x86", huge + huge + "\x86"),
             contains("needs more"));
  CHECK_THAT(with_view("K\x00"s, huge + "\x85", "K\x00\x85"s), contains("repeats elements"));
  CHECK_THAT(with_view("K\x00"s, "K\x01\x85", ")"), contains("0 strides for 1 dimensions"));
  CHECK_THAT(with_view("K\x00"s, "N", "K\x01\x85"), contains("its size is no tuple"));
  CHECK_THAT(with_view("K\x00"s, "N\x85", "K\x01\x85"), contains("no integer"));
  CHECK_THAT(with_view("K\x00"s, "("s + std::string(100, 'N') + "t", ")"),
             contains("100 dimensions"));
}

TEST_CASE("torch_save: crafted values are refused") {
  CHECK_THAT(error_of(file_with("ctorch._utils\n_rebuild_tensor_v2\n)R")),
             contains("lacks argument 0"));
  CHECK_THAT(error_of(file_with("ctorch._utils\n_rebuild_parameter\n)R")),
             contains("lacks argument 0"));
  CHECK_THAT(error_of(file_with("ctorch._utils\n_rebuild_parameter\nN\x85R")), contains("made by"));
  const std::string w = tensor(storage(), "K\x00"s, "K\x01\x85", "K\x01\x85");
  CHECK_THAT(error_of(file_with(w + "s\x8c\x01w" + w)), contains("tensor \"w\": is there twice"));
  CHECK_THAT(error_of(file_with(w + "s\x8c\x0b_orig_mod.w" + w)), contains("is there twice"));
  // The storage of one tensor as another type.
  CHECK_THAT(error_of(file_with(w + "s\x8c\x01v" +
                                tensor(storage("K\x02", "ctorch\nLongStorage\n"), "K\x00"s,
                                       "K\x01\x85", "K\x01\x85"))),
             contains("is of int64 and of float32"));
  const std::string no_storage =
      test::zip_archive({{.name = "a/data.pkl", .content = "\x80\x02}\x8c\x01w"s + w + "s."s}});
  CHECK_THAT(error_of(no_storage), contains("its storage \"0\" is missing"));
  std::string damaged = file_with(w);
  damaged[damaged.find(std::string(16, '\x3f'))] = 0;
  CHECK_THAT(error_of(damaged), contains("zip entry \"a/data/0\": damaged"));
  // What calls code in Python is nothing here.
  CHECK(error_of(file_with("cos\nsystem\n\x8c\x02ls\x85R")) == "accepted");
}

TEST_CASE("torch_save: a cut or flipped file is refused or read, never worse") {
  for (const char* name : {"llama2c", "protocol4"}) {
    const std::string content = test::read_text(fixture(name));
    test::check_every_truncation(content, read_all);
    CHECK(test::check_every_flip(content, read_all) > 0);
  }
}

TEST_CASE("torch_save: a flipped pickle under a right CRC is refused or read, never worse") {
  const std::string pickle = "\x80\x02}\x8c\x01w"s +
                             tensor(storage(), "K\x00"s, "K\x02K\x02\x86", "K\x02K\x01\x86") +
                             "s."s;
  const auto read = [](const std::string& content) {
    error_of(test::zip_archive({{.name = "a/data.pkl", .content = content},
                                {.name = "a/data/0", .content = std::string(16, '\x3f')}}));
  };
  for (std::size_t i = 0; i < pickle.size(); ++i) {
    read(pickle.substr(0, i));
    for (const int mask : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      std::string damaged = pickle;
      damaged[i] = static_cast<char>(damaged[i] ^ mask);
      read(damaged);
    }
  }
}

TEST_CASE("torch_save: the files of the reference and of a real training run") {
  const auto rope = test::data_file("reference/rotary_embedding_actual.data");
  SKIP_WITHOUT(rope, "rotary_embedding_actual.data");
  CHECK(names(TorchSaveFile(*rope).tensors()) == std::vector<std::string>{"0", "1"});
  const auto golden = test::data_file("reviews/golden.pt");
  SKIP_WITHOUT(golden, "golden.pt");
  CHECK(named(TorchSaveFile(*golden).tensors(), "hidden_full").shape == Shape{3, 32, 256});
  const auto sanity = test::data_file("reference/sanity_check.data");
  SKIP_WITHOUT(sanity, "sanity_check.data");
  CHECK(names(TorchSaveFile(*sanity).tensors()) ==
        std::vector<std::string>{"logits", "hidden_states"});
  const auto optimizer = test::data_file("reference/optimizer_case.pt");
  SKIP_WITHOUT(optimizer, "optimizer_case.pt");
  CHECK(TorchSaveFile(*optimizer).tensors().size() == 3);
  const auto model = test::data_file("reviews/reviews5M.pt");
  SKIP_WITHOUT(model, "reviews5M.pt");
  const TorchSaveFile file(*model);
  const std::vector<TensorRecord> tensors = file.tensors_under("model");
  CHECK(tensors.size() == 2 + 4 * 11 + 2);
  CHECK(tensors[0].data.data() == named(tensors, "output.weight").data.data());
  CHECK(file.scalars_under("model_args").size() == 8);
}
