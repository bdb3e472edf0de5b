#include "common/convert_arguments.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/model_arguments.h"
#include "common/option_rules.h"

namespace minillama::app {

Arguments declare_convert_arguments() {
  Arguments arguments(
      "convert", "Turns a checkpoint of any format into another, or shows what is in it.",
      "--model PATH (--out PATH [--to FORMAT] | --info | --tokenize | --detokenize)",
      {"convert -m stories42M.pt --tokenizer tokenizer.model --out stories42M --dtype f16",
       "convert -m stories260K.bin --tokenizer tok512.bin --to gguf --out stories260K.gguf "
       "--verify",
       "convert -m TinyLlama/ --adapter my-lora/ --out tuned", "convert -m model.gguf --info",
       "convert -m model.gguf --tokenize -f texts.txt"});
  arguments.group("Output");
  arguments.option(
      "to",
      "dir: minillama's directory; hf: Hugging Face's; llama2c: .bin and tokenizer.bin; "
      "pt: Python's torch.save; gguf: llama.cpp's; peft: the active adapter alone; "
      "gguf-lora: the same for llama.cpp",
      "FORMAT", "dir");
  arguments.option("out", "File or directory to write", "PATH");
  arguments.option("dtype",
                   fmt::format("Type of the stored weights or adapter, {}; those of blocks with "
                               "gguf only",
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
  arguments.option(
      "base-name",
      "With --to peft: what PEFT is to load the base model from; if it is a file, seen "
      "from --out, its checksum is written, too (default: the base of --model, if that "
      "is an adapter)",
      "NAME", "");
  arguments.group("Looking inside");
  arguments.flag(
      "info",
      "Print what the checkpoint is: format, config, vocabulary, special tokens, what is "
      "converted at load, tensors with type and bytes");
  arguments.flag(
      "tokenize",
      "Print the ids of each line of text as a JSON list: what the model reads, with BOS "
      "in front where it wants one");
  arguments.flag("detokenize",
                 "The reverse: print the text of each line's ids; line breaks in it are written as "
                 "\\n and \\r");
  arguments.option("file,f",
                   "Where --tokenize and --detokenize read their lines; -: standard input", "PATH",
                   "-");
  arguments.flag("json", "With --info: one JSON object; with --detokenize: each text as JSON");
  add_model_arguments(arguments);
  return arguments;
}

void check_convert_arguments(const Arguments& arguments) {
  arguments.choice("to", {"dir", "hf", "llama2c", "pt", "gguf", "peft", "gguf-lora"});
  read_weight_format(arguments, "dtype");
  std::vector<OptionRule> rules{{.option = "info", .excludes = {"tokenize", "detokenize"}},
                                {.option = "tokenize", .excludes = {"detokenize"}},
                                {.option = "file", .needs = {"tokenize", "detokenize"}},
                                {.option = "json", .needs = {"info", "detokenize"}},
                                {.option = "base-name", .needs = {"to=peft"}},
                                {.option = "verify", .excludes = {"to=peft", "to=gguf-lora"}},
                                {.option = "dtype", .excludes = {"to=gguf-lora"}},
                                {.option = "tokenizer", .excludes = {"to=peft", "to=gguf-lora"}},
                                {.option = "config", .needs = {"model"}},
                                {.option = "use-gpu", .excludes = {"device"}}};
  const std::vector<std::string> inside{"info", "tokenize", "detokenize"};
  for (const auto* option : {"to", "out", "dtype", "verify", "adapter", "force", "base-name",
                             "threads", "device", "use-gpu"}) {
    rules.push_back({.option = option, .excludes = inside});
  }
  for (const auto* option : {"attention", "compat"}) {
    rules.push_back({.option = option, .excludes = {"tokenize", "detokenize"}});
  }
  check_options(arguments, rules);
}

bool looks_inside(const Arguments& arguments) {
  return arguments.is_set("info") || arguments.is_set("tokenize") || arguments.is_set("detokenize");
}

}  // namespace minillama::app
