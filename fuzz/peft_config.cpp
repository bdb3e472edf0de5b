#include "minillama/weights/adapter_kinds.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const Json json = parse_json(input, "input");
  const PeftLinear linears[] = {
      {"layers.0.attention.compute_key", "model.layers.0.self_attn.k_proj"},
      {"layers.0.feed_forward.w2", "model.layers.0.mlp.down_proj"}};
  read_peft_config(json, "input", linears);
}
