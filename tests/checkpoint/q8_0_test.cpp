#include "minillama/checkpoint/q8_0.h"

#include "minillama/checkpoint/export.h"
#include "minillama/checkpoint/language_model_file.h"

#include "support/catch.h"
#include "support/formats.h"

using namespace minillama;

TEST_CASE("formats: q8_0 is within half a step of every weight") {
  auto generator = make_generator(3);
  const auto x = torch::randn({4, 64}, generator);
  const auto blocks = quantize_q8_0(x);
  REQUIRE(blocks.sizes().vec() == std::vector<std::int64_t>{8, 34});
  const Bytes bytes{static_cast<const std::byte*>(blocks.data_ptr()), blocks.nbytes()};
  const auto y = dequantize_q8_0(bytes, x.sizes());
  const auto step = std::get<0>(x.view({-1, 32}).abs().max(1, true)) / 127;
  // The scale is rounded to float16, by at most 2^-11 of it, on codes of up to 127.
  CHECK(((x - y).view({-1, 32}).abs() <= step * (0.5 + 127.0 / 2048)).all().item<bool>());
  CHECK(dequantize_q8_0(bytes, x.sizes()).equal(y));
  const auto zeros = quantize_q8_0(torch::zeros({1, 32}));
  CHECK(zeros.eq(0).all().item<bool>());
}

TEST_CASE("formats: q8_0 quantises the matrices of a GGUF file as the golden one") {
  const test::TemporaryDirectory directory;
  auto model = read_language_model(test::golden("_f32.gguf"));
  const auto path = directory.path() / "m.gguf";
  export_language_model(path, ModelFormat::gguf, model, test::golden_tokenizer(), WeightType::q8_0);
  CHECK(test::model_difference(read_language_model(path),
                               read_language_model(test::golden("_q8_0.gguf"))) == "");
}
