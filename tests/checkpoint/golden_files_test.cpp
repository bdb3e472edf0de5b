#include "minillama/model/language_model_file.h"

#include "support/catch.h"
#include "support/formats.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

torch::Tensor logits_of(const std::filesystem::path& path) {
  const torch::NoGradGuard no_grad;
  return read_language_model(path)(test::load_fixture(test::golden("_expected.pt"))["ids"]);
}

torch::Tensor expected(const std::string& name) {
  return test::load_fixture(test::golden("_expected.pt"))[name];
}

}  // namespace

TEST_CASE("formats: every golden file computes what PyTorch computed") {
  for (const std::string name : {"_hf", ".bin", "_f32.gguf"}) {
    INFO(name);
    CHECK(test::difference(logits_of(test::golden(name)), expected("logits"), 1e-5, 1e-5) == "");
  }
  CHECK(test::difference(logits_of(test::golden("_q8_0.gguf")), expected("logits_q8_0"), 1e-5,
                         1e-5) == "");
}

TEST_CASE("formats: golden files of one model have the same weights, bit for bit") {
  const auto bin = read_language_model(test::golden(".bin"));
  CHECK(test::model_difference(read_language_model(test::golden("_hf")), bin) == "");
  CHECK(test::model_difference(read_language_model(test::golden("_f32.gguf")), bin) == "");
  auto half = read_language_model(test::golden(".bin"));
  half->to(torch::kHalf);
  half->to(torch::kFloat);
  CHECK(test::model_difference(read_language_model(test::golden("_hf_sharded")), half) == "");
}
