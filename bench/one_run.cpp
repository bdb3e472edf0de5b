// What must be measured in a process of its own: start, loading, and peak memory.
//
//     one_run empty                       a LibTorch program that does nothing
//     one_run write DIR TOKENIZER         writes a model of 42 million random float32 parameters
//     one_run load MODEL                  reads a model
//     one_run decode MODEL f32|q8_0|q4_0  reads it and decodes 256 tokens
//
// Prints one JSON object: the seconds that loading took, and the peak memory in MB.

#include <sys/resource.h>

#include <chrono>
#include <iostream>
#include <string>

#include <fmt/format.h>
#include <torch/torch.h>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/core/device.h"
#include "minillama/generate/generate.h"
#include "minillama/model/language_model_file.h"

namespace {

using namespace minillama;

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void write(const std::string& directory, const std::string& tokenizer) {
  LanguageModel model(ModelConfig{.dim = 512, .n_layers = 8, .n_heads = 8}, make_generator(1));
  write_language_model(directory, model, Tokenizer::load(tokenizer));
}

void decode(Weights weights, const std::string& format) {
  const GenerationOptions options{.max_new_tokens = 256, .temperature = 0, .stop_at_end = false};
  const std::vector<std::int64_t> prompt{1};
  if (format != "f32") weights = converted(weights, weight_format(format));
  generate(decoder_source(std::make_shared<const Weights>(std::move(weights))), prompt, options,
           {});
}

}  // namespace

int main(int argc, char* argv[]) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  set_threads(available_processors());
  if (arguments.size() == 1 && arguments[0] == "empty") {
    torch::ones({1});
    std::cout << fmt::format("{{\"peak_mb\": {:.1f}}}\n", peak_megabytes());
  } else if (arguments.size() == 3 && arguments[0] == "write") {
    write(arguments[1], arguments[2]);
  } else if (arguments.size() >= 2) {
    const auto start = std::chrono::steady_clock::now();
    auto weights = Checkpoint::open(arguments[1]).language_model();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (arguments[0] == "decode") decode(std::move(weights), arguments.at(2));
    std::cout << fmt::format("{{\"load_s\": {:.4f}, \"peak_mb\": {:.1f}}}\n", seconds.count(),
                             peak_megabytes());
  } else {
    std::cerr << "one_run empty | write DIR TOKENIZER | load MODEL | decode MODEL f32|q8_0|q4_0\n";
    return 2;
  }
}
