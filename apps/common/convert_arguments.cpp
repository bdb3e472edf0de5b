#include "common/convert_arguments.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/model_arguments.h"
#include "common/option_rules.h"

namespace minillama::app {

Arguments declare_convert_arguments() {
  Arguments arguments(
      "convert", "Turns a checkpoint of any format into another.",
      "--model PATH --to FORMAT --out PATH",
      {"convert -m stories42M.pt --tokenizer tokenizer.model --out stories42M --dtype f16",
       "convert -m stories260K.bin --tokenizer tok512.bin --to gguf --out stories260K.gguf "
       "--verify",
       "convert -m TinyLlama/ --adapter my-lora/ --out tuned"});
  arguments.group("Output");
  arguments.option(
      "to",
      "dir: minillama's directory; hf: Hugging Face's; llama2c: .bin and tokenizer.bin; "
      "pt: Python's torch.save; gguf: llama.cpp's; peft: the active adapter alone",
      "FORMAT", "dir");
  arguments.option("out", "File or directory to write", "PATH");
  arguments.option("dtype",
                   fmt::format("Type of the stored weights, {}; those of blocks with gguf only",
                               fmt::join(weight_format_names(), ", ")),
                   "TYPE", "f32");
  arguments.flag(
      "verify",
      "Read the result again, print the largest difference of the logits, and fail if it is "
      "more than 0.001 (f32), 0.02 (f16), 0.2 (bf16 and types of more than six bits), 0.4 (of more "
      "than "
      "five) or 0.6 of the largest logit");
  arguments.repeated_option(
      "adapter", "Adapter of PEFT's to add to the model; given again, the next one", "DIR");
  arguments.flag("force", "Replace the model that --out is");
  arguments.option("base-name", "With --to peft: what PEFT is to load the base model from", "NAME",
                   "");
  add_model_arguments(arguments);
  return arguments;
}

void check_convert_arguments(const Arguments& arguments) {
  arguments.choice("to", {"dir", "hf", "llama2c", "pt", "gguf", "peft"});
  read_weight_format(arguments, "dtype");
  const std::vector<OptionRule> rules{{.option = "base-name", .needs = {"to=peft"}},
                                      {.option = "verify", .excludes = {"to=peft"}},
                                      {.option = "dtype", .excludes = {"to=peft"}},
                                      {.option = "tokenizer", .excludes = {"to=peft"}},
                                      {.option = "config", .needs = {"model"}},
                                      {.option = "use-gpu", .excludes = {"device"}}};
  check_options(arguments, rules);
}

}  // namespace minillama::app
