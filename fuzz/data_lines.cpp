#include "minillama/text/labelled_sentences.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const MemoryFile memory(input);
  try {
    read_label_names(memory.path());
  } catch (const InputError&) {
  }
  read_labelled_sentences(memory.path(), 5);
}
