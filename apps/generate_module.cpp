// Continues a text with the model as a torch::nn module: what generate becomes for other devices.

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/model/module_text_generator.h"

#include "common/app.h"
#include "common/generate.h"
#include "common/module_arguments.h"

namespace {

using namespace minillama;

/// Of an option that is an engine's.
[[noreturn]] void refuse(const char* option, const app::ModelArguments& given) {
  const auto* with =
      given.device == "cpu" ? "engines, which compute no adapter of this kind" : "--device cpu";
  throw OptionError(fmt::format("--{} goes with {}", option, with));
}

TextGenerator load(const app::Arguments& arguments, const app::ModelArguments& given) {
  if (arguments.given("weights")) refuse("weights", given);
  if (arguments.is_set("huge-pages")) refuse("huge-pages", given);
  const auto model = app::read_module_arguments(arguments, "reviews");
  return load_language_model(model.model, model.load, model.open.tokenizer);
}

}  // namespace

int main(int argc, char** argv) {
  return app::run(argv[0], [&] { app::generate(argc, argv, {.load = load}); });
}
