// Turns a checkpoint of any readable format into minillama's own directory.

#include <iostream>

#include <fmt/format.h>

#include "minillama/checkpoint/language_model_file.h"
#include "minillama/core/error.h"

#include "common/app.h"
#include "common/arguments.h"
#include "common/model_arguments.h"

namespace {

using namespace minillama;

torch::ScalarType scalar_type_named(const std::string& name) {
  if (name == "f16") return torch::kHalf;
  if (name == "bf16") return torch::kBFloat16;
  return torch::kFloat;
}

void run(int argc, char** argv) {
  app::Arguments arguments(
      "convert", "Turns a checkpoint into minillama's own directory.", "--model PATH --out DIR",
      {"convert -m stories42M.pt --tokenizer tokenizer.model --out stories42M --dtype f16"});
  arguments.group("Output");
  arguments.option("out", "Directory to write: config.json, model.safetensors, tokenizer.model",
                   "DIR");
  arguments.option("dtype", "Type of the stored weights: f32, f16 or bf16", "TYPE", "f32");
  add_model_arguments(arguments);
  if (!arguments.parse(argc, argv)) return;
  if (!arguments.positional().empty()) {
    throw OptionError(fmt::format("unexpected argument {}", quote(arguments.positional().front())));
  }
  if (!arguments.given("out")) throw OptionError("--out is missing: where the model goes");
  const auto type = scalar_type_named(arguments.choice("dtype", {"f32", "f16", "bf16"}));

  const auto options = read_model_arguments(arguments, "reviews");
  auto model = read_language_model(options.model, options.load);
  const auto tokenizer = read_tokenizer_for(options.model, model->config(), options.tokenizer);
  write_language_model(arguments.text("out"), model, tokenizer, type);
}

}  // namespace

int main(int argc, char** argv) {
  return minillama::app::run("convert", [&] { run(argc, argv); });
}
