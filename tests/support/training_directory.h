#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "support/files.h"
#include "support/process.h"

namespace minillama::test {

/// Sentences whose label can be learned, `label ||| sentence` a line.
inline std::string learnable_sentences(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) {
    const int label = i % 5;
    const char* verdicts[] = {"awful", "rather bad", "so so", "good fun", "simply wonderful"};
    lines += std::to_string(label) + " ||| Film number " + std::to_string(i) + " is " +
             verdicts[label] + " .\n";
  }
  return lines;
}

/// A directory with data to train on.
class TrainingDirectory : public TemporaryDirectory {
 public:
  TrainingDirectory() {
    file("train.txt", learnable_sentences(40));
    file("dev.txt", learnable_sentences(10));
  }

  /// Runs classify_sst on the data, two epochs of five steps, with the state saved after each step.
  Outcome train(const std::string& out_dir, const std::vector<std::string>& more = {},
                const Interruption& interruption = {}) const {
    const std::vector<std::string> arguments{
        "--train",   "train.txt", "--dev",        "dev.txt", "--epochs",           "2",
        "--out-dir", out_dir,     "--batch-size", "8",       "--save-every-steps", "1",
        "--option",  "finetune"};
    return run_app("classify_sst", replacing(arguments, more), path(), "", interruption);
  }

  /// Starts training until `signal` stops it between its first save and its end.
  Outcome stop_midway(const std::string& out_dir, int signal) const {
    Outcome outcome;
    for (std::chrono::milliseconds after(100); after < std::chrono::seconds(20);
         after += std::chrono::milliseconds(100)) {
      std::filesystem::remove_all(path() / out_dir);
      outcome = train(out_dir, {}, {.signal = signal, .after = after});
      if (std::filesystem::exists(path() / out_dir / "training.safetensors")) break;
    }
    return outcome;
  }

  /// The classifier in `out_dir`, byte for byte.
  std::string weights(const std::string& out_dir) const {
    return read_text(path() / out_dir / "model.safetensors");
  }
};

}  // namespace minillama::test
