#include "common/adapter_arguments.h"

#include <charconv>
#include <map>
#include <string>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/weights/bitfit_options.h"
#include "minillama/weights/bottleneck_options.h"
#include "minillama/weights/dora_options.h"
#include "minillama/weights/ia3_options.h"
#include "minillama/weights/lora_options.h"
#include "minillama/weights/prefix_options.h"

#include "common/comma_list.h"

namespace minillama::app {
namespace {

/// "w1=4,compute_query=16"
template <typename Number>
std::map<std::string, Number> numbers_by_name(const Arguments& arguments,
                                              const std::string& option) {
  std::map<std::string, Number> numbers;
  if (!arguments.given(option)) return numbers;
  for (const auto& part : split_at_commas(arguments.text(option))) {
    const auto equals = part.find('=');
    const auto name = part.substr(0, equals);
    const auto value = equals == std::string::npos ? "" : part.substr(equals + 1);
    const auto* const end = value.data() + value.size();
    Number number{};
    const auto [read_to, error] = std::from_chars(value.data(), end, number);
    if (name.empty() || error != std::errc() || read_to != end) {
      throw OptionError(fmt::format("--{}: {} is no NAME=NUMBER", option, quote(part)));
    }
    if (!numbers.emplace(name, number).second) {
      throw OptionError(fmt::format("--{}: {} is named twice", option, quote(name)));
    }
  }
  return numbers;
}

LoraOptions read_lora(const Arguments& arguments, bool compatible) {
  LoraOptions lora;
  if (compatible) {
    lora.rank = 4;
    lora.alpha = 1;
  }
  if (arguments.given("lora-rank")) lora.rank = arguments.integer("lora-rank");
  if (arguments.given("lora-alpha")) lora.alpha = arguments.number("lora-alpha");
  lora.dropout = arguments.number("lora-dropout");
  lora.rank_stabilized = arguments.is_set("rslora");
  lora.ranks = numbers_by_name<std::int64_t>(arguments, "lora-ranks");
  lora.alphas = numbers_by_name<double>(arguments, "lora-alphas");
  lora.init = lora_init(arguments.choice("lora-init", {"normal", "pissa"}));
  return lora;
}

}  // namespace

void add_adapter_arguments(Arguments& arguments) {
  arguments.group("Adapters, with --option lora (ours; with --compat cmu2025)");
  arguments.option("adapter",
                   "What is trained: lora; dora: lengths of rows and LoRA for their directions; "
                   "ia3: a factor for each output or input; bitfit: a bias for each output; "
                   "bottleneck: a narrow network behind attention and feed-forward network; "
                   "prefix: keys and values of virtual tokens before each sentence",
                   "KIND", "lora");
  arguments.option(
      "lora-targets",
      "What gets an adapter, by name, with commas between (default: compute_query,"
      "compute_key,compute_value,compute_output; ia3: compute_key,compute_value,w2; "
      "bitfit: all seven; bottleneck: compute_output,w2; prefix: compute_key,compute_value)",
      "NAMES");
  arguments.option("lora-rank,rank", "Rank of the adapters (8; 4)", "N");
  arguments.option("lora-alpha", "Their output is multiplied with alpha / rank (16; 1)", "X");
  arguments.flag("rslora", "Multiply with alpha / sqrt(rank) instead, so that large ranks learn");
  arguments.option("lora-ranks", "Other ranks of some targets, as w1=16,compute_key=2",
                   "NAME=N,...");
  arguments.option("lora-alphas", "Other alphas of some targets, likewise", "NAME=X,...");
  arguments.option("lora-init",
                   "normal: begin with noise that is multiplied with 0; pissa: with the largest "
                   "singular values of the weights (kept as LoRA of twice the rank)",
                   "NAME", "normal");
  arguments.option("lora-dropout", "Dropout on their input", "P", "0");
  arguments.option("lora-plus-ratio",
                   "Learning rate of the matrices B by that of all else (LoRA+: 16)", "X", "1");
  arguments.option("bottleneck-width", "Width of the narrow networks of bottleneck", "N", "16");
  arguments.option("virtual-tokens", "How many of them prefix has", "N", "10");
}

std::vector<OptionRule> adapter_rules() {
  const std::string lora = "option=lora";
  std::vector<OptionRule> rules;
  for (const auto* option : {"adapter", "lora-targets"}) {
    rules.push_back({.option = option, .needs = {lora}});
  }
  for (const auto* option : {"lora-rank", "lora-alpha", "rslora", "lora-ranks", "lora-alphas",
                             "lora-dropout", "lora-plus-ratio"}) {
    rules.push_back(
        {.option = option, .needs = {lora}, .excludes = {"adapter=ia3|bitfit|bottleneck|prefix"}});
  }
  rules.push_back({.option = "lora-init",
                   .needs = {lora},
                   .excludes = {"adapter=dora|ia3|bitfit|bottleneck|prefix"}});
  rules.push_back({.option = "bottleneck-width", .needs = {"adapter=bottleneck"}});
  rules.push_back({.option = "virtual-tokens", .needs = {"adapter=prefix"}});
  return rules;
}

AdapterOptions read_adapter_arguments(const Arguments& arguments, bool compatible) {
  const auto kind =
      arguments.choice("adapter", {"lora", "dora", "ia3", "bitfit", "bottleneck", "prefix"});
  const auto lora = read_lora(arguments, compatible);
  AdapterOptions adapter = lora;
  if (kind == "dora") adapter = DoraOptions{lora};
  if (kind == "ia3") adapter = Ia3Options();
  if (kind == "bitfit") adapter = BitfitOptions();
  if (kind == "bottleneck") {
    adapter = BottleneckOptions{.width = arguments.integer("bottleneck-width")};
  }
  if (kind == "prefix") {
    adapter = PrefixOptions{.n_virtual_tokens = arguments.integer("virtual-tokens")};
  }
  if (arguments.given("lora-targets")) {
    adapter = adapter.with_targets(split_at_commas(arguments.text("lora-targets")));
  }
  adapter.validate();
  return adapter;
}

}  // namespace minillama::app
