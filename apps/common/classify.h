#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace minillama::app {

/// A data set of sentences with sentiment labels; by default any texts with any labels.
struct Dataset {
  std::string name = {};                      ///< in file names, e.g. "sst"; empty: none
  std::vector<std::string> label_names = {};  ///< unless --label-names says otherwise
  std::int64_t batch_size = 32;               ///< that trains well
  bool test_is_labelled = true;               ///< false: the test file's labels are placeholders
  std::string better_train = {};  ///< what --advanced trains on, as find_data() calls it; empty:
                                  ///< the same as without
  std::vector<std::string> recipe = {};  ///< other options that --advanced stands for

  /// Whether the labels are those of whatever is trained on.
  bool has_any_labels() const { return label_names.empty(); }
};

/// The classification app for `dataset`; `program` is what it is called. It classifies and
/// asks without LibTorch; to train, to evaluate a classifier on data sets, on another device than
/// the processor, and for what depends on how sentences are padded, it becomes "<program>-module".
int classify_main(const char* program, const Dataset& dataset, int argc, char** argv);

}  // namespace minillama::app
