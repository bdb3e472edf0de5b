#include "minillama/io/pickle_value.h"

namespace minillama {

std::optional<bool> PickleValue::boolean() const {
  if (kind() != PickleKind::boolean) return std::nullopt;
  return node().integer != 0;
}

std::optional<std::int64_t> PickleValue::integer() const {
  if (kind() != PickleKind::integer) return std::nullopt;
  return node().integer;
}

std::optional<double> PickleValue::real() const {
  if (kind() != PickleKind::real) return std::nullopt;
  return node().real;
}

std::optional<std::string_view> PickleValue::string() const {
  if (kind() != PickleKind::string) return std::nullopt;
  return node().text;
}

std::string_view PickleValue::name() const {
  return kind() == PickleKind::global ? node().text : std::string_view();
}

bool PickleValue::is_global(std::string_view module, std::string_view name) const {
  return kind() == PickleKind::global && node().module == module && node().text == name;
}

bool PickleValue::is_sequence() const {
  return kind() == PickleKind::list || kind() == PickleKind::tuple || kind() == PickleKind::set;
}

bool PickleValue::is_mapping() const {
  return kind() == PickleKind::dict ||
         (kind() == PickleKind::object && callable().is_global("collections", "OrderedDict"));
}

std::size_t PickleValue::size() const {
  const bool pairs = kind() == PickleKind::dict || kind() == PickleKind::object;
  return pairs ? node().items.size() / 2 : node().items.size();
}

std::optional<PickleValue> PickleValue::find(std::string_view key) const {
  if (kind() != PickleKind::dict && kind() != PickleKind::object) return std::nullopt;
  for (std::size_t i = size(); i-- > 0;) {
    if (this->key(i).string() == key) return value(i);
  }
  return std::nullopt;
}

}  // namespace minillama
