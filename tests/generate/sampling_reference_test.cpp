// Every step of sampling against its definition in Python: tests/reference/sampling.py.

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "minillama/core/json.h"
#include "minillama/generate/filters.h"
#include "minillama/generate/sampling_steps.h"

#include "support/catch.h"
#include "support/files.h"

using namespace minillama;

namespace {

using Floats = std::vector<float>;
using Options = GenerationOptions;
constexpr float kRuledOut = -std::numeric_limits<float>::infinity();

const Json& reference() {
  static const Json json = parse_json(
      test::read_text(test::repository_file("tests/reference/sampling.json")), "sampling.json");
  return json;
}

const std::map<std::string, double Options::*> kNumbers{
    {"top_p", &Options::top_p},
    {"min_p", &Options::min_p},
    {"typical_p", &Options::typical_p},
    {"epsilon", &Options::epsilon},
    {"eta", &Options::eta},
    {"top_n_sigma", &Options::top_n_sigma},
    {"xtc_probability", &Options::xtc_probability},
    {"xtc_threshold", &Options::xtc_threshold},
    {"mirostat", &Options::mirostat},
    {"mirostat_rate", &Options::mirostat_rate},
    {"repetition_penalty", &Options::repetition_penalty},
    {"presence_penalty", &Options::presence_penalty},
    {"frequency_penalty", &Options::frequency_penalty},
    {"dry_multiplier", &Options::dry_multiplier},
    {"dry_base", &Options::dry_base}};
const std::map<std::string, std::int64_t Options::*> kIntegers{
    {"top_k", &Options::top_k},
    {"dry_allowed_length", &Options::dry_allowed_length},
    {"no_repeat_ngram", &Options::no_repeat_ngram},
    {"min_new_tokens", &Options::min_new_tokens}};

Options options_of(const Json& json) {
  Options options;
  for (const auto& [name, value] : json.items()) {
    if (name == "dry_breakers") {
      options.dry_breakers = value.get<std::vector<std::int64_t>>();
    } else if (name == "banned") {
      options.banned = value.get<std::vector<std::vector<std::int64_t>>>();
    } else if (name == "logit_bias") {
      for (const auto& pair : value) {
        options.logit_bias.push_back({pair[0], pair[1].is_null() ? kRuledOut : double(pair[1])});
      }
    } else if (kIntegers.count(name) > 0) {
      options.*kIntegers.at(name) = value;
    } else {
      options.*kNumbers.at(name) = value;
    }
  }
  options.validate();
  return options;
}

Floats floats(const Json& json) {
  Floats values;
  for (const auto& value : json) values.push_back(value.is_null() ? kRuledOut : float(value));
  return values;
}

Floats logits_of(const Json& one) {
  return floats(reference()["logits"][std::size_t(one["logits"])]);
}

void check_close(const Floats& found, const Json& expected) {
  const auto values = floats(expected);
  REQUIRE(found.size() == values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    INFO("token " << i);
    if (values[i] == kRuledOut || values[i] == 0) {
      CHECK(found[i] == values[i]);
    } else {
      CHECK(found[i] == Approx(values[i]).epsilon(1e-6).margin(1e-6));
    }
  }
}

/// The one step besides the temperature that the options ask for.
std::string name_of_step(const Options& options) {
  auto steps = sampling_steps(options);
  std::erase(steps, "temp 0.8");
  REQUIRE(steps.size() == 1);
  for (const auto& name : sampling_steps()) {
    if (steps.front().starts_with(name + " ")) return name;
  }
  return "";
}

}  // namespace

TEST_CASE("sampling: processors compute what their definitions say") {
  const auto stop_ids = reference()["stop_ids"].get<std::vector<std::int64_t>>();
  for (const auto& one : reference()["processors"]) {
    INFO(one["options"].dump());
    const auto processors = make_processors(options_of(one["options"]));
    REQUIRE(processors.size() == 1);
    const auto tokens = one["tokens"].get<std::vector<std::int64_t>>();
    auto logits = logits_of(one);
    processors[0]->clone()->apply(
        logits, {.tokens = tokens, .prompt = reference()["prompt"], .stop_ids = stop_ids});
    check_close(logits, one["expected"]);
  }
}

TEST_CASE("sampling: filters keep what their definitions say") {
  for (const auto& one : reference()["filters"]) {
    INFO(one["options"].dump());
    const auto filters = make_filters(options_of(one["options"]));
    REQUIRE(filters.size() == 1);
    auto probabilities = logits_of(one);
    softmax(probabilities, 1);
    std::mt19937_64 random;
    filters[0]->clone()->apply(probabilities, random);
    check_close(probabilities, one["expected"]);
  }
}

TEST_CASE("sampling: mirostat adapts to the tokens that are chosen, and so does its clone") {
  for (const auto& text : reference()["mirostat"]) {
    INFO(text["options"].dump());
    auto filters = make_filters(options_of(text["options"]));
    REQUIRE(filters.size() == 1);
    std::mt19937_64 random;
    for (const auto& step : text["steps"]) {
      auto probabilities = logits_of(step);
      softmax(probabilities, 1);
      filters[0]->apply(probabilities, random);
      check_close(probabilities, step["expected"]);
      // Goes on from here, whatever becomes of the original.
      auto clone = filters[0]->clone();
      for (int i = 0; i < 3; ++i) filters[0]->accept(step["token"]);
      filters[0] = std::move(clone);
      filters[0]->accept(step["token"]);
    }
  }
}

TEST_CASE("sampling: every step has a definition to be compared with") {
  // What a constraint allows is compared in tests/grammar/constraint_test.cpp.
  std::set<std::string> compared{"temp", "constraint"};
  for (const auto* kind : {"processors", "filters", "mirostat"}) {
    for (const auto& one : reference()[kind]) {
      compared.insert(name_of_step(options_of(one["options"])));
    }
  }
  const auto steps = sampling_steps();
  CHECK(compared == std::set<std::string>(steps.begin(), steps.end()));
}
