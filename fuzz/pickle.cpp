#include "minillama/io/pickle.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const Pickle pickle(as_bytes(input), "input");
  const PickleValue root = pickle.root();
  root.find("model");
  if (root.is_sequence()) {
    for (std::size_t i = 0; i < root.size(); ++i) root.item(i).string();
  }
}
