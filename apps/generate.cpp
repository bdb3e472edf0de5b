// Continues a text on the processor, from the weights as they lie in the file: without LibTorch.

#include "common/generate.h"

#include "minillama/core/error.h"
#include "minillama/generate/text_generator.h"

#include "common/app.h"
#include "common/output.h"
#include "common/sibling.h"

namespace {

using namespace minillama;

TextGenerator load(const app::Arguments& arguments, const app::ModelArguments& model) {
  auto generator = TextGenerator::load(model.model, model.open);
  if (arguments.given("weights")) {
    generator.use_weights(app::read_weight_format(arguments, "weights"));
  } else if (arguments.is_set("huge-pages")) {
    generator.use_huge_pages();
  }
  if (!model.quiet && !generator.remark().empty()) app::note("{}\n", generator.remark());
  return generator;
}

/// Whether an engine does not compute it. What cannot be opened is told when it is loaded.
bool needs_module(const app::ModelArguments& model) {
  if (model.device != "cpu") return true;
  try {
    return !Checkpoint::open(model.model, model.open).suits_engine();
  } catch (const FileError&) {
    return false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto choose = [argv](const app::ModelArguments& model) {
    if (needs_module(model)) app::become_sibling("generate-module", argv);
  };
  return app::run(argv[0], [&] { app::generate(argc, argv, {.load = load, .choose = choose}); });
}
