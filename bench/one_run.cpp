// What must be measured in a process of its own: start, loading, and peak memory.
//
//     one_run empty            a LibTorch program that does nothing
//     one_run write DIR        writes a model of 42 million random float32 parameters
//     one_run load MODEL       reads a model
//     one_run decode MODEL f32|q8_0      reads it and decodes 256 tokens
//
// Prints one JSON object: the seconds that loading took, and the peak memory in MB.

#include <sys/resource.h>

#include <chrono>
#include <iostream>
#include <string>

#include <fmt/format.h>
#include <torch/torch.h>

#include "minillama/checkpoint/directory.h"
#include "minillama/checkpoint/language_model_file.h"
#include "minillama/checkpoint/stored_model.h"
#include "minillama/core/device.h"
#include "minillama/engine/engine_model.h"
#include "minillama/generate/generate.h"

namespace {

using namespace minillama;

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void write(const std::string& directory) {
  LanguageModel model(ModelConfig{.dim = 512, .n_layers = 8, .n_heads = 8}, make_generator(1));
  write_directory(directory, to_stored(model->llama, parameters_of(*model->llama), torch::kFloat),
                  "no tokenizer");
}

void decode(LanguageModel model, const std::string& weights) {
  const GenerationOptions options{.max_new_tokens = 256, .temperature = 0, .stop_at_end = false};
  const std::vector<std::int64_t> prompt{1};
  if (weights == "q8_0") {
    const auto quantized = std::make_shared<const EngineModel>(quantize_weights(model));
    model = nullptr;
    generate(quantized, prompt, options, {});
  } else {
    generate(model, prompt, options, {});
  }
}

}  // namespace

int main(int argc, char* argv[]) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  set_threads(available_processors());
  if (arguments.size() == 1 && arguments[0] == "empty") {
    torch::ones({1});
    std::cout << fmt::format("{{\"peak_mb\": {:.1f}}}\n", peak_megabytes());
  } else if (arguments.size() == 2 && arguments[0] == "write") {
    write(arguments[1]);
  } else if (arguments.size() >= 2) {
    const auto start = std::chrono::steady_clock::now();
    auto model = read_language_model(arguments[1]);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (arguments[0] == "decode") decode(std::move(model), arguments.at(2));
    std::cout << fmt::format("{{\"load_s\": {:.4f}, \"peak_mb\": {:.1f}}}\n", seconds.count(),
                             peak_megabytes());
  } else {
    std::cerr << "one_run empty | write DIR | load MODEL | decode MODEL f32|q8_0\n";
    return 2;
  }
}
