#include "minillama/io/peft_config.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const Json json = parse_json(input, "input");
  read_peft_config(json, "input");
}
