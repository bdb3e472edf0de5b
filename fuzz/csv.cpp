// A table of labelled texts, compressed or not: read as each format of tables, and as whatever it
// is recognised as.

#include "minillama/data/labelled_data.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const MemoryFile memory(input);
  for (const auto* format : {"csv", "semicolons", "tsv", "tsv-unquoted", ""}) {
    try {
      const auto data = read_labelled_data(memory.path(), {.format = format, .keep_empty = true});
      if (data.examples.size() < data.label_names.size()) std::abort();
    } catch (const InputError&) {
    }
  }
  read_data_records(memory.path(), {.format = "csv", .columns = {.text = "2", .label = "text"}});
}
