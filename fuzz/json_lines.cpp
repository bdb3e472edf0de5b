// Labelled texts in JSON Lines, compressed or not.

#include "minillama/data/labelled_data.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const MemoryFile memory(input);
  try {
    read_labelled_data(memory.path(), {.format = "jsonl", .keep_empty = true});
  } catch (const InputError&) {
  }
  read_data_records(memory.path(), {.format = "jsonl", .columns = {.text = "a", .label = "text"}});
}
