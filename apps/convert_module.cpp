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
#include "minillama/model/tensors.h"

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

/// Ids that are spread over a vocabulary; any do.
torch::Tensor some_ids(const ModelConfig& config, std::int64_t vocab_size) {
  const auto length = std::min<std::int64_t>(config.max_seq_len, 64);
  return (torch::arange(length) * 7919 + 1).remainder(vocab_size);
}

/// Logits of the first `vocab_size` tokens.
torch::Tensor logits_of(LanguageModel& model, std::int64_t vocab_size) {
  const torch::NoGradGuard no_grad;
  const auto ids = some_ids(model->config(), vocab_size).unsqueeze(0);
  return model(ids.to(model->llama->device())).narrow(-1, 0, vocab_size);
}

/// Logits of the labels, of a text of some of the first `vocab_size` tokens.
torch::Tensor logits_of(Classifier& model, std::int64_t vocab_size) {
  const torch::NoGradGuard no_grad;
  const auto ids = some_ids(model->llama->config(), vocab_size);
  const auto length = std::vector<std::int64_t>{ids.size(0)};
  return model(ClassifierInput{ids.to(model->classifier_head->weight.device()), Sequences(length)});
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

/// Compares what the original and what was written of it compute.
void compare(const torch::Tensor& expected, const torch::Tensor& logits,
             const std::filesystem::path& written, DType type) {
  const auto difference = (logits - expected).abs().max().item<double>();
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

/// Reads what was written and compares it with the original.
void verify(LanguageModel& model, const std::filesystem::path& written, LoadOptions load,
            DType type) {
  model->eval();  // adding an adapter leaves it in training mode, with dropout
  load.attention = model->config().attention;  // a .pt does not say
  auto copy = read_language_model(written, load);
  read_tokenizer_for(written, copy->config());
  // What was written may lack rows that no piece of the vocabulary has.
  const auto vocab_size = copy->config().vocab_size;
  compare(logits_of(model, vocab_size), logits_of(copy, vocab_size), written, type);
}

void verify(Classifier& model, const std::filesystem::path& written, const LoadOptions& load,
            DType type) {
  auto copy = read_classifier(written, load);
  const auto vocab_size = copy->llama->config().vocab_size;
  read_tokenizer_for(written, copy->llama->config());
  compare(logits_of(model, vocab_size), logits_of(copy, vocab_size), written, type);
}

/// What --to peft names as the adapter's base: --base-name, or the base of an adapter that is
/// written anew, seen from --out.
std::string base_name(const Arguments& arguments, const Checkpoint& checkpoint) {
  namespace fs = std::filesystem;
  const fs::path out = arguments.text("out");
  const auto seen_from_out = [&](const fs::path& path) {
    return fs::absolute(path).lexically_normal().lexically_proximate(
        (fs::absolute(out) / "").lexically_normal());
  };
  const auto& base = checkpoint.stored().base;
  if (!arguments.given("base-name")) return base.empty() ? "" : seen_from_out(base).native();
  const auto name = arguments.text("base-name");
  std::error_code error;
  if (!fs::exists((out / name).lexically_normal(), error) && fs::is_regular_file(name, error)) {
    throw OptionError(
        fmt::format("--base-name {} is seen from --out, where there is none: {} is "
                    "that file",
                    quote(name, 400), quote(seen_from_out(name).native(), 400)));
  }
  return name;
}

/// Tells whoever runs transformers on a classifier what it does not do itself.
void note_template(const ClassifierConfig& config) {
  if (config.sentence_template == ClassifierConfig{}.sentence_template) return;
  app::note("transformers is to be given each sentence in its template: {}\n",
            quote(config.sentence_template, 400));
}

/// Writes a classifier as a directory.
void write(Classifier& model, const Tokenizer& tokenizer, const Arguments& arguments,
           const ModuleArguments& options, const std::string& to, DType type) {
  const std::filesystem::path out = arguments.text("out");
  export_classifier(out, kFormats.at(to), model, tokenizer, type);
  if (to == "hf") note_template(model->config());
  if (arguments.is_set("verify")) verify(model, out, options.load, type);
}

void convert_classifier(const Arguments& arguments, const ModuleArguments& options,
                        Checkpoint&& checkpoint, const std::string& to, DType type) {
  if (arguments.given("adapter")) {
    throw OptionError(fmt::format("--adapter is added to language models: {} is a classifier",
                                  quote(options.model.native(), 400)));
  }
  if (to != "dir" && to != "hf" && to != "peft") {
    throw OptionError(fmt::format("{} is a classifier: --to dir, hf or peft is what goes with it",
                                  quote(options.model.native(), 400)));
  }
  const auto base = base_name(arguments, checkpoint);
  const auto tokenizer =
      to == "peft" ? std::nullopt : std::optional<Tokenizer>(checkpoint.tokenizer());
  auto model = read_classifier(std::move(checkpoint), options.load);
  if (to == "peft") {
    return write_peft_adapter(arguments.text("out"), model, base, scalar_type(type));
  }
  write(model, *tokenizer, arguments, options, to, type);
}

void convert(const Arguments& arguments, const ModuleArguments& options, Checkpoint&& checkpoint,
             const std::string& to, DType type) {
  const auto base = base_name(arguments, checkpoint);
  const auto source = checkpoint.stored().base;
  auto model = read_language_model(std::move(checkpoint), options.load);
  const std::filesystem::path out = arguments.text("out");
  const auto tokenizer = [&] {
    auto read = read_tokenizer_for(options.model, model->config(), options.open.tokenizer, source);
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
    if ((to != "dir" && to != "hf") || directory != adapters.back()) {
      throw OptionError(
          fmt::format("--adapter {} is a classifier's: --to must be dir or hf, and it the "
                      "last one",
                      quote(directory, 400)));
    }
    auto classifier = make_peft_classifier(model->llama, adapter, options.load.generator);
    return write(classifier, tokenizer(), arguments, options, to, type);
  }
  if (to == "peft") return write_peft_adapter(out, model->llama, base, scalar_type(type));
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
  if (to == "peft" && block_size(type) > 1) {
    throw OptionError(
        fmt::format("--dtype {} has no effect with --to peft: adapters hold f32, f16 "
                    "or bf16",
                    arguments.text("dtype")));
  }

  const auto options = read_module_arguments(arguments, "reviews");
  check_out(arguments, options.model, to);
  auto checkpoint = Checkpoint::open(options.model, options.open);
  if (checkpoint.classifier()) {
    convert_classifier(arguments, options, std::move(checkpoint), to, type);
  } else {
    convert(arguments, options, std::move(checkpoint), to, type);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return minillama::app::run(argv[0], [&] { run(argc, argv); });
}
