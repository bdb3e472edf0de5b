#include "minillama/weights/adapter_kinds.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const Json json = parse_json(input, "input");
  read_peft_config(json, "input");
}
