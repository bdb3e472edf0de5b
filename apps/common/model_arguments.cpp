#include "common/model_arguments.h"

#include <algorithm>
#include <limits>

#include "minillama/core/error.h"
#include "minillama/core/threads.h"

#include "common/default_files.h"
#include "common/output.h"

namespace minillama::app {

void add_model_arguments(Arguments& arguments) {
  arguments.group("Model");
  arguments.option("model,pretrained-model-path,m",
                   "Checkpoint: a directory (also of an adapter, with its base), a .pt of Python's "
                   "torch.save, a "
                   "llama2.c .bin or a GGUF file (default: the shipped one)",
                   "PATH");
  arguments.option("tokenizer",
                   "sentencepiece model or llama2.c tokenizer.bin (default: beside it)", "PATH");
  arguments.option("config", "config.json for a file of tensors that does not describe its model",
                   "PATH");
  arguments.option("attention", "causal or full (default: as the checkpoint says)", "KIND");
  arguments.option("compat", "cmu2025: compute what the CMU assignment's reference computes",
                   "NAME");
  arguments.option("threads,t",
                   "Threads for computing, at most one per processor (default: OMP_NUM_THREADS, or "
                   "one per processor that the process is granted)",
                   "N");
  arguments.option("device", "cpu, cuda or cuda:N", "NAME", "cpu");
  arguments.flag("use-gpu", "The same as --device cuda");
}

void set_threads_of(const Arguments& arguments) {
  if (arguments.given("threads")) {
    const auto threads = arguments.integer("threads");
    const auto clamped = std::clamp<std::int64_t>(threads, std::numeric_limits<int>::min(),
                                                  std::numeric_limits<int>::max());
    set_thread_limit(static_cast<int>(clamped));
    if (minillama::threads() < clamped && !arguments.is_set("quiet")) {
      note("--threads {}: {} used, one for each processor of this process\n", clamped,
           minillama::threads());
    }
  } else {
    set_thread_limit(default_threads());
  }
}

ModelArguments read_model_arguments(const Arguments& arguments, const std::string& default_model) {
  ModelArguments out;
  out.quiet = arguments.is_set("quiet");
  out.device = arguments.is_set("use-gpu") ? "cuda" : arguments.text("device");
  if (arguments.given("compat")) {
    arguments.choice("compat", {"cmu2025"});
    out.compatible = true;
    out.open.attention = AttentionKind::full;  // the reference masks nothing
  }
  if (arguments.given("attention")) {
    out.open.attention = attention_kind(arguments.choice("attention", {"causal", "full"}));
  }
  out.open.config = arguments.text("config");
  out.open.tokenizer = arguments.text("tokenizer");
  if (arguments.given("model")) {
    out.model = arguments.text("model");
  } else if (!default_model.empty()) {
    out.model = default_checkpoint(default_model);
  }
  return out;
}

std::vector<std::string> weight_format_names() {
  std::vector<std::string> names;
  for (const auto& format : weight_formats()) names.emplace_back(format.name);
  return names;
}

const WeightFormat& read_weight_format(const Arguments& arguments, const std::string& option) {
  return weight_format(arguments.choice(option, weight_format_names()));
}

}  // namespace minillama::app
