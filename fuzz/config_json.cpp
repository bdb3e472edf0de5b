#include "minillama/core/json.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const Json json = parse_json(input, "input");
  read_model_config(json, "input");
}
