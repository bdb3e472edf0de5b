#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minillama/data/data_records.h"

namespace minillama {

/// `text` as an integer of 64 bits, if it is one.
std::optional<std::int64_t> integer_label(std::string_view text);

/// The different labels of `data`, sorted: as numbers if all are integers, else by their bytes.
/// Throws FileError unless there are 2 to 4096.
std::vector<std::string> find_label_names(const DataRecords& data);

/// Which number a label has.
class LabelIndex {
 public:
  /// Throws OptionError unless `names` has at least two, all different.
  explicit LabelIndex(std::span<const std::string> names);

  /// The number of a name or, where no name is an integer, of an integer from 0 to the number of
  /// names less 1, which stands for itself. Nothing if `label` is neither.
  std::optional<std::int64_t> find(const std::string& label) const;

  /// What is wrong with a label that is neither: one line that lists those that are known.
  std::string problem(const std::string& label) const;

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::int64_t, std::less<>> numbers_;
  bool takes_integers_;
};

}  // namespace minillama
