#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace minillama {

/// What a value of a pickle is.
enum class PickleKind {
  none,
  boolean,
  integer,
  real,
  string,
  bytes,
  list,
  tuple,
  set,
  dict,
  global,      ///< the name of a class or function; never looked up
  object,      ///< what calling `callable` with `args` would have made; never called
  persistent,  ///< a reference to something outside the pickle; its id is item(0)
};

/// A value in a pickle's arena. Values refer to each other by position, so shared and cyclic ones
/// need no care. `text` and `module` lie in the pickle's bytes.
struct PickleNode {
  PickleKind kind = PickleKind::none;
  std::uint32_t callable = 0;  ///< of an object, as are args and state
  std::uint32_t args = 0;
  std::uint32_t state = 0;
  std::int64_t integer = 0;  ///< also 0 and 1 for a boolean
  double real = 0;
  std::string_view text = {};             ///< of a string, bytes, or a global's name
  std::string_view module = {};           ///< of a global
  std::vector<std::uint32_t> items = {};  ///< elements; key, value, key, … of a dict or object
};

/// One value of a Pickle: a cheap view, valid as long as the Pickle is. The getters named after a
/// type are empty if the value has another one.
///
/// Values may contain themselves, and few bytes may describe exponentially many paths: follow named
/// paths, never walk the whole value.
class PickleValue {
 public:
  PickleValue(const PickleNode* arena, std::uint32_t id) : arena_(arena), id_(id) {}

  PickleKind kind() const { return node().kind; }
  bool is_none() const { return kind() == PickleKind::none; }
  std::optional<bool> boolean() const;
  std::optional<std::int64_t> integer() const;
  std::optional<double> real() const;
  std::optional<std::string_view> string() const;

  /// Of bytes; empty for all other kinds.
  std::string_view text() const {
    return kind() == PickleKind::bytes ? node().text : std::string_view();
  }

  /// Whether this is the class or function `name` of `module`.
  bool is_global(std::string_view module, std::string_view name) const;

  /// Whether this is list, tuple or set.
  bool is_sequence() const;
  /// Whether this is a dict, or an object made by collections.OrderedDict.
  bool is_mapping() const;

  /// Number of elements, or of key-value pairs of a dict or object.
  std::size_t size() const;
  PickleValue item(std::size_t i) const { return at(node().items.at(i)); }
  PickleValue key(std::size_t i) const { return at(node().items.at(2 * i)); }
  PickleValue value(std::size_t i) const { return at(node().items.at(2 * i + 1)); }
  /// The value that a dict or object has last been given for a string key.
  std::optional<PickleValue> find(std::string_view key) const;

  /// Of an object: what was called with what (a tuple), and what BUILD gave to its __setstate__
  /// (None if nothing). None for all other kinds.
  PickleValue callable() const { return at(node().callable); }
  PickleValue args() const { return at(node().args); }
  PickleValue state() const { return at(node().state); }

  /// The module and name of a global, else empty.
  std::string_view module() const { return node().module; }
  std::string_view name() const;

 private:
  const PickleNode& node() const { return arena_[id_]; }
  PickleValue at(std::uint32_t id) const { return {arena_, id}; }

  const PickleNode* arena_;
  std::uint32_t id_;
};

}  // namespace minillama
