// Turns a checkpoint of any readable format into any writable one.

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "minillama/checkpoint/classifier_file.h"
#include "minillama/checkpoint/export.h"
#include "minillama/checkpoint/language_model_file.h"
#include "minillama/checkpoint/peft_adapter.h"
#include "minillama/core/error.h"

#include "common/app.h"
#include "common/arguments.h"
#include "common/model_arguments.h"
#include "common/output.h"

namespace {

using namespace minillama;
using app::Arguments;
using app::ModelArguments;

const std::map<std::string, ModelFormat> kFormats = {{"dir", ModelFormat::directory},
                                                     {"hf", ModelFormat::hugging_face},
                                                     {"llama2c", ModelFormat::llama2c},
                                                     {"pt", ModelFormat::torch_save},
                                                     {"gguf", ModelFormat::gguf}};
const std::map<std::string, WeightType> kTypes = {{"f32", WeightType::float32},
                                                  {"f16", WeightType::float16},
                                                  {"bf16", WeightType::bfloat16},
                                                  {"q8_0", WeightType::q8_0}};
/// The name that a PEFT adapter gets.
constexpr const char* kAdapter = "peft";

torch::Tensor logits_of(LanguageModel& model) {
  const torch::NoGradGuard no_grad;
  const auto& config = model->config();
  const auto length = std::min<std::int64_t>(config.max_seq_len, 64);
  // Any ids do; these are spread over the vocabulary.
  const auto ids = (torch::arange(length) * 7919 + 1).remainder(config.vocab_size).unsqueeze(0);
  return model(ids.to(model->llama->tok_embeddings->weight.device()));
}

/// Reads what was written and compares what both compute.
void verify(LanguageModel& model, const std::filesystem::path& written, LoadOptions load) {
  load.attention = model->config().attention;  // a .pt does not say
  auto copy = read_language_model(written, load);
  read_tokenizer_for(written, copy->config());
  const auto expected = logits_of(model);
  const auto difference = (logits_of(copy) - expected).abs().max().item<double>();
  app::print("largest logit difference: {:.3g} (logits up to {:.3g})\n", difference,
             expected.abs().max().item<double>());
}

void convert_classifier(const Arguments& arguments, const ModelArguments& options,
                        const std::string& to, WeightType type) {
  auto model = read_classifier(options.model, options.load);
  const auto out = arguments.text("out");
  if (to == "peft") return write_peft_adapter(out, model, arguments.text("base-name"));
  if (to != "dir" || type != WeightType::float32 || arguments.is_set("verify")) {
    throw OptionError(
        fmt::format("{} is a classifier: --to dir or peft, --dtype f32 and no --verify "
                    "are what goes with it",
                    quote(options.model.native(), 400)));
  }
  write_classifier(out, model,
                   read_tokenizer_for(options.model, model->llama->config(), options.tokenizer));
}

void convert(const Arguments& arguments, const ModelArguments& options, const std::string& to,
             WeightType type) {
  auto model = read_language_model(options.model, options.load);
  const std::filesystem::path out = arguments.text("out");
  const auto tokenizer = [&] {
    return read_tokenizer_for(options.model, model->config(), options.tokenizer);
  };
  if (arguments.given("adapter")) {
    const auto adapter = open_peft_adapter(arguments.text("adapter"));
    add_peft_adapter(model->llama, kAdapter, adapter, options.load.generator);
    if (adapter.classifier) {
      auto classifier = make_peft_classifier(model->llama, adapter, options.load.generator);
      if (to != "dir") throw OptionError("--adapter is a classifier's: --to must be dir");
      return write_classifier(out, classifier, tokenizer());
    }
  }
  if (to == "peft") return write_peft_adapter(out, model->llama, arguments.text("base-name"));
  export_language_model(out, kFormats.at(to), model, tokenizer(), type);
  if (arguments.is_set("verify")) verify(model, out, options.load);
}

void run(int argc, char** argv) {
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
  arguments.option("dtype", "Type of the stored weights: f32, f16, bf16, or q8_0 with gguf", "TYPE",
                   "f32");
  arguments.flag("verify", "Read the result again and print the largest difference of the logits");
  arguments.option("adapter", "Adapter of PEFT's to add to the model", "DIR");
  arguments.option("base-name", "With --to peft: what PEFT is to load the base model from", "NAME",
                   "");
  add_model_arguments(arguments);
  if (!arguments.parse(argc, argv)) return;
  if (!arguments.positional().empty()) {
    throw OptionError(fmt::format("unexpected argument {}", quote(arguments.positional().front())));
  }
  if (!arguments.given("out")) throw OptionError("--out is missing: where the model goes");
  const auto type = kTypes.at(arguments.choice("dtype", {"f32", "f16", "bf16", "q8_0"}));
  const auto to = arguments.choice("to", {"dir", "hf", "llama2c", "pt", "gguf", "peft"});
  if (to == "peft" && (type != WeightType::float32 || arguments.is_set("verify"))) {
    throw OptionError("--to peft writes float32, and cannot be verified by itself");
  }

  const auto options = read_model_arguments(arguments, "reviews");
  if (is_classifier(options.model)) {
    convert_classifier(arguments, options, to, type);
  } else {
    convert(arguments, options, to, type);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return minillama::app::run("convert", [&] { run(argc, argv); });
}
