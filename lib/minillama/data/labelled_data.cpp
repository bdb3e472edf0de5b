#include "minillama/data/labelled_data.h"

#include "minillama/data/label_names.h"

namespace minillama {

LabelledData read_labelled_data(const std::filesystem::path& path, const DataOptions& options) {
  const auto data = read_data_records(path, options);
  auto names = find_label_names(data);
  auto examples = label_records(data, names);
  return {std::move(examples), std::move(names)};
}

std::vector<LabelledSentence> read_labelled_data(const std::filesystem::path& path,
                                                 std::span<const std::string> label_names,
                                                 const DataOptions& options) {
  return label_records(read_data_records(path, options), label_names);
}

std::vector<LabelledSentence> label_records(const DataRecords& data,
                                            std::span<const std::string> label_names) {
  const LabelIndex labels(label_names);
  std::vector<LabelledSentence> examples;
  examples.reserve(data.records.size());
  for (const auto& record : data.records) {
    const auto label = labels.find(record.label);
    if (!label) throw record_error(data, record, labels.problem(record.label));
    examples.push_back({record.text, *label});
  }
  return examples;
}

}  // namespace minillama
