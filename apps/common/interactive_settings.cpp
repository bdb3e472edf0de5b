#include "common/interactive_settings.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

#include "common/constraint_arguments.h"
#include "common/generate_arguments.h"
#include "common/sampling_arguments.h"

namespace minillama::app {
namespace {

/// Those with a value, which is what can be changed.
std::vector<std::string> names() {
  auto all = sampling_options();
  all.push_back("max-new-tokens");
  for (auto& name : constraint_options()) all.push_back(std::move(name));
  for (const auto* flag : {"verbose", "no-cache", "json-object"}) std::erase(all, flag);
  std::ranges::sort(all);
  return all;
}

bool is_repeated(const std::string& name) {
  return name == "logit-bias" || name == "ban" || name == "dry-breaker";
}

}  // namespace

InteractiveSettings::InteractiveSettings(const Arguments& given) {
  for (const auto& name : names()) {
    if (!given.given(name)) continue;
    values_[name] = is_repeated(name) ? given.texts(name) : std::vector{given.text(name)};
  }
}

void InteractiveSettings::set(const std::string& name, const std::string& value) {
  if (const auto all = names(); std::ranges::find(all, name) == all.end()) {
    throw OptionError(
        fmt::format("there is no setting {}: there are {}", quote(name), fmt::join(all, ", ")));
  }
  auto changed = *this;
  if (value.empty()) {
    changed.values_.erase(name);
  } else if (is_repeated(name)) {
    changed.values_[name].push_back(value);
  } else {
    changed.values_[name] = {value};
  }
  const auto arguments = changed.arguments();
  check_generate_arguments(arguments);
  read_generation_options(arguments, false);
  *this = std::move(changed);
}

Arguments InteractiveSettings::arguments() const {
  std::vector<std::string> words{"--interactive"};
  for (const auto& [name, values] : values_) {
    for (const auto& value : values) words.push_back(fmt::format("--{}={}", name, value));
  }
  auto arguments = declare_generate_arguments();
  arguments.read(words);
  return arguments;
}

}  // namespace minillama::app
