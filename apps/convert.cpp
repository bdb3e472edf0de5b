// Shows what is in a checkpoint, without LibTorch; and becomes convert-module to convert one.

#include <fmt/format.h>

#include "minillama/core/error.h"

#include "common/app.h"
#include "common/convert_arguments.h"
#include "common/info.h"
#include "common/model_arguments.h"
#include "common/sibling.h"
#include "common/tokenize.h"

namespace {

using namespace minillama;

void run(int argc, char** argv) {
  auto arguments = app::declare_convert_arguments();
  if (!arguments.parse(argc, argv)) return;
  if (!arguments.positional().empty()) {
    throw OptionError(fmt::format("unexpected argument {}", quote(arguments.positional().front())));
  }
  app::check_convert_arguments(arguments);
  if (!app::looks_inside(arguments)) app::become_sibling("convert-module", argv);
  const auto model = app::read_model_arguments(arguments, "reviews");
  const bool json = arguments.is_set("json");
  if (arguments.is_set("info")) return app::print_info(model, json);
  const auto tokenizer = app::read_tokenizer(arguments, model);
  const std::filesystem::path file = arguments.text("file");
  if (arguments.is_set("tokenize")) {
    app::tokenize_lines(tokenizer, file);
  } else {
    app::detokenize_lines(tokenizer, file, json);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return minillama::app::run(argv[0], [&] { run(argc, argv); });
}
