#include <clocale>
#include <locale>

#include "minillama/model/export.h"
#include "minillama/model/language_model_file.h"

#include "support/catch.h"
#include "support/formats.h"

using namespace minillama;

namespace {

/// Numbers as Germans write them.
class CommaNumbers : public std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("formats: the locale of the program changes nothing") {
  const auto tokenizer = test::golden_tokenizer();
  const auto written = [&](ModelFormat format) {
    const test::TemporaryDirectory directory;
    auto model = test::model_to_export();
    export_language_model(directory.path() / "m", format, model, tokenizer, DType::float32);
    CHECK(test::model_difference(read_language_model(directory.path() / "m"), model) == "");
    return test::read_text(format == ModelFormat::gguf ? directory.path() / "m"
                                                       : directory.path() / "m" / "config.json");
  };
  for (const auto format : {ModelFormat::directory, ModelFormat::hugging_face, ModelFormat::gguf}) {
    const auto expected = written(format);
    std::setlocale(LC_ALL, "de_DE.UTF-8");  // where the system has it
    std::locale::global(std::locale(std::locale::classic(), new CommaNumbers));
    const auto actual = written(format);
    std::locale::global(std::locale::classic());
    CHECK(actual == expected);
  }
}
