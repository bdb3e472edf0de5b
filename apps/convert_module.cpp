// Turns a checkpoint of any readable format into any writable one: what convert becomes.

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "minillama/checkpoint/chat_template_file.h"
#include "minillama/checkpoint/directory.h"
#include "minillama/core/error.h"
#include "minillama/model/adapters.h"
#include "minillama/model/classifier_file.h"
#include "minillama/model/export.h"
#include "minillama/model/gguf_adapter.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/peft_module.h"

#include "common/app.h"
#include "common/arguments.h"
#include "common/convert_arguments.h"
#include "common/module_arguments.h"
#include "common/output.h"
#include "common/output_files.h"

namespace {

using namespace minillama;
using app::Arguments;
using app::ModuleArguments;

const std::map<std::string, ModelFormat> kFormats = {{"dir", ModelFormat::directory},
                                                     {"hf", ModelFormat::hugging_face},
                                                     {"llama2c", ModelFormat::llama2c},
                                                     {"pt", ModelFormat::torch_save},
                                                     {"gguf", ModelFormat::gguf}};
/// By how much logits may differ from the original's for weights of that type, as a share of the
/// largest one: what rounding every weight to so many bits becomes in the layers.
double verify_bound(DType type) {
  if (type == DType::float32) return 1e-3;
  if (type == DType::float16) return 0.02;
  const double bits =
      8.0 * static_cast<double>(byte_size(type)) / static_cast<double>(block_size(type));
  return bits > 6 ? 0.2 : bits > 5 ? 0.4 : 0.6;
}

/// The name that a PEFT adapter gets.
constexpr const char* kAdapter = "peft";

/// Whether that format holds an adapter alone.
bool stores_adapter(const std::string& to) {
  return to == "peft" || to == "gguf-lora";
}

/// Logits of the first `vocab_size` tokens.
torch::Tensor logits_of(LanguageModel& model, std::int64_t vocab_size) {
  const torch::NoGradGuard no_grad;
  const auto length = std::min<std::int64_t>(model->config().max_seq_len, 64);
  // Any ids do; these are spread over the vocabulary.
  const auto ids = (torch::arange(length) * 7919 + 1).remainder(vocab_size).unsqueeze(0);
  return model(ids.to(model->llama->device())).narrow(-1, 0, vocab_size);
}

/// Asks, before any work, whether --out can be written, and that no model is lost.
void check_out(const Arguments& arguments, const std::filesystem::path& model,
               const std::string& to) {
  const std::filesystem::path out = arguments.text("out");
  const bool is_directory = to == "dir" || to == "hf" || to == "peft";
  if (is_directory) {
    app::check_output_directory("out", out, model);
  } else {
    app::check_output_file("out", out, {model, arguments.text("tokenizer")});
  }
  if (arguments.is_set("force")) return;
  auto there = is_directory ? other_model_files(out) : std::vector{out};
  if (is_directory) there.insert(there.begin(), out / "config.json");
  for (const auto& file : there) {
    if (!std::filesystem::is_regular_file(file)) continue;
    throw OptionError(
        fmt::format("{} is there already: --force replaces it", quote(file.native(), 400)));
  }
}

/// Reads what was written and compares what both compute.
void verify(LanguageModel& model, const std::filesystem::path& written, LoadOptions load,
            DType type) {
  model->eval();  // adding an adapter leaves it in training mode, with dropout
  load.attention = model->config().attention;  // a .pt does not say
  auto copy = read_language_model(written, load);
  read_tokenizer_for(written, copy->config());
  // What was written may lack rows that no piece of the vocabulary has.
  const auto vocab_size = copy->config().vocab_size;
  const auto expected = logits_of(model, vocab_size);
  const auto difference = (logits_of(copy, vocab_size) - expected).abs().max().item<double>();
  const auto largest = expected.abs().max().item<double>();
  app::print("largest logit difference: {:.3g} (logits up to {:.3g})\n", difference, largest);
  // So written that a difference of NaN fails, too.
  const double bound = verify_bound(type) * std::max(largest, 1.0);
  if (difference <= bound) return;
  // A directory without its config.json is no model.
  std::filesystem::remove(std::filesystem::is_directory(written) ? written / "config.json"
                                                                 : written);
  throw FileError(written, fmt::format("its logits differ by {:.3g}, more than {:.3g}: removed",
                                       difference, bound));
}

void convert_classifier(const Arguments& arguments, const ModuleArguments& options,
                        const std::string& to, DType type) {
  if (arguments.given("adapter")) {
    throw OptionError(fmt::format("--adapter is added to language models: {} is a classifier",
                                  quote(options.model.native(), 400)));
  }
  auto model = read_classifier(options.model, options.load);
  const auto out = arguments.text("out");
  if (to == "peft") return write_peft_adapter(out, model, arguments.text("base-name"));
  if (to != "dir" || type != DType::float32 || arguments.is_set("verify")) {
    throw OptionError(
        fmt::format("{} is a classifier: --to dir or peft, --dtype f32 and no --verify "
                    "are what goes with it",
                    quote(options.model.native(), 400)));
  }
  write_classifier(
      out, model,
      read_tokenizer_for(options.model, model->llama->config(), options.open.tokenizer));
}

void convert(const Arguments& arguments, const ModuleArguments& options, const std::string& to,
             DType type) {
  auto model = read_language_model(options.model, options.load);
  const std::filesystem::path out = arguments.text("out");
  const auto tokenizer = [&] {
    auto read = read_tokenizer_for(options.model, model->config(), options.open.tokenizer);
    const auto chat = read_chat_template(options.model);
    if (!chat) return read;
    if (to == "llama2c" || to == "pt") {
      app::note("The chat template stays behind: {} has no place for one.\n", to);
    }
    read.set_chat_template(chat->jinja);
    return read;
  };
  const auto adapters = arguments.texts("adapter");
  for (const auto& directory : adapters) {
    // One is active at a time: those before become part of the weights.
    if (stores_adapter(to) && !active_adapter(model->llama).empty()) {
      throw OptionError(fmt::format("--to {} stores one adapter, and this would be several", to));
    }
    absorb_adapter(model->llama);
    const auto adapter = open_peft_adapter(directory);
    add_peft_adapter(model->llama, kAdapter, adapter, options.load.generator);
    if (!adapter.classifier) continue;
    if (to != "dir" || directory != adapters.back()) {
      throw OptionError(
          fmt::format("--adapter {} is a classifier's: --to must be dir, and it the "
                      "last one",
                      quote(directory, 400)));
    }
    auto classifier = make_peft_classifier(model->llama, adapter, options.load.generator);
    return write_classifier(out, classifier, tokenizer());
  }
  if (to == "peft") return write_peft_adapter(out, model->llama, arguments.text("base-name"));
  if (to == "gguf-lora") return write_gguf_adapter(out, model->llama);
  export_language_model(out, kFormats.at(to), model, tokenizer(), type);
  if (arguments.is_set("verify")) verify(model, out, options.load, type);
}

void run(int argc, char** argv) {
  auto arguments = app::declare_convert_arguments();
  if (!arguments.parse(argc, argv)) return;
  if (!arguments.positional().empty()) {
    throw OptionError(fmt::format("unexpected argument {}", quote(arguments.positional().front())));
  }
  app::check_convert_arguments(arguments);
  if (looks_inside(arguments)) throw OptionError("what looks inside a checkpoint is convert");
  if (!arguments.given("out")) throw OptionError("--out is missing: where the model goes");
  const auto type = read_weight_format(arguments, "dtype").dtype;
  const auto to = arguments.text("to");

  const auto options = read_module_arguments(arguments, "reviews");
  check_out(arguments, options.model, to);
  if (is_classifier(options.model)) {
    convert_classifier(arguments, options, to, type);
  } else {
    convert(arguments, options, to, type);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return minillama::app::run(argv[0], [&] { run(argc, argv); });
}
