#include "minillama/io/numpy_scalar.h"

#include <map>
#include <string>

#include "minillama/io/torch_save.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/zip_writer.h"

using namespace minillama;
using namespace std::string_literals;

namespace {

/// The entry "x" of model_args, pickled as a call of `module`'s scalar() with a dtype of `type`,
/// the byte order `order` and these bytes.
PythonScalar scalar(const std::string& module, const std::string& type, const std::string& order,
                    const std::string& bytes) {
  const auto text = [](const std::string& value) {
    return "\x8c"s + static_cast<char>(value.size()) + value;
  };
  const auto minus_one = "J\xff\xff\xff\xff"s;
  const auto dtype = "cnumpy\ndtype\n("s + text(type) + "\x89\x88tR(K\x03" + text(order) + "NNN" +
                     minus_one + minus_one + "K\x00tb"s;
  const auto pickle = "\x80\x03}"s + text("model_args") + "}" + text("x") + "c" + module +
                      "\nscalar\n(" + dtype + "C" + static_cast<char>(bytes.size()) + bytes +
                      "tRss.";
  const test::TemporaryDirectory directory;
  const TorchSaveFile file(
      directory.file("x.pt", test::zip_archive({{.name = "a/data.pkl", .content = pickle}})));
  return file.scalars_under("model_args").at(0).second;
}

}  // namespace

TEST_CASE("numpy scalar: numbers of numpy and of tensors without dimensions are numbers") {
  const std::map<std::string_view, PythonScalar> expected = {
      {"float64", 0.25},
      {"float32", 0.25},
      {"int64", std::int64_t{-3}},
      {"int32", std::int64_t{-3}},
      {"int16", std::int64_t{-3}},
      {"uint32", std::int64_t{3}},
      {"bool", true},
      {"tensor", 0.25},
      {"tensor_float64", 0.25},
      {"tensor_int64", std::int64_t{-3}},
      {"tensor_int32", std::int64_t{-3}},
      // Not read; whoever needs the entry refuses it in these words.
      {"half", PythonOther{"a value of numpy"}},
      {"array", PythonOther{"a value of numpy"}},
      {"tensor_half", PythonOther{"a tensor"}},
      {"vector", PythonOther{"a tensor"}}};
  for (const auto* name : {"numpy2", "numpy4"}) {  // by the pickle protocol
    INFO(name);
    const TorchSaveFile file(test::repository_file("tests/reference/torch_save_"s + name + ".pt"));
    const auto args = file.scalars_under("model_args");
    CHECK(args.size() == expected.size());
    for (const auto& [key, value] : args) {
      INFO(std::string(key));
      CHECK(value == expected.at(key));
    }
  }
}

TEST_CASE("numpy scalar: of NumPy 1 and 2, and none of other byte orders, types and sizes") {
  const PythonScalar none = PythonOther{"a value of numpy"};
  const auto two = "\x02\x00\x00\x00"s;
  for (const auto* module : {"numpy.core.multiarray", "numpy._core.multiarray"}) {
    CHECK(scalar(module, "i4", "<", two) == PythonScalar(std::int64_t{2}));
    CHECK(scalar(module, "i4", ">", two) == none);
    CHECK(scalar(module, "i8", "<", two) == none);
    CHECK(scalar(module, "c8", "<", two + two) == none);
  }
  CHECK(scalar("numpy.other", "i4", "<", two) == none);
  CHECK(scalar("other", "i4", "<", two) == PythonScalar(PythonOther{"an object"}));
}
