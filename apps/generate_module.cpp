// Continues a text with the model as a torch::nn module: what generate becomes for other devices.

#include "minillama/core/error.h"
#include "minillama/model/module_text_generator.h"

#include "common/app.h"
#include "common/generate.h"
#include "common/module_arguments.h"

namespace {

using namespace minillama;

TextGenerator load(const app::Arguments& arguments, const app::ModelArguments&) {
  if (arguments.given("weights")) throw OptionError("--weights goes with --device cpu");
  if (arguments.is_set("huge-pages")) throw OptionError("--huge-pages goes with --device cpu");
  const auto model = app::read_module_arguments(arguments, "reviews");
  return load_language_model(model.model, model.load, model.open.tokenizer);
}

}  // namespace

int main(int argc, char** argv) {
  return app::run(argv[0], [&] { app::generate(argc, argv, {.load = load}); });
}
