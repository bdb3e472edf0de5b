#include "minillama/text/oniguruma.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/text/unicode_additions.h"

namespace minillama {
namespace {

/// Unicode's property White_Space, as the content of a class.
constexpr std::string_view kSpace = R"(\p{Z}\x{9}-\x{D}\x{85})";

/// A general category, such as "L" or "Lu", as the content of a class.
std::string category(std::string_view name) {
  std::string content = fmt::format("\\p{{{}}}", name);
  for (const auto& range : unicode_additions()) {
    if (range.category.starts_with(name)) {
      content += fmt::format("\\x{{{:X}}}-\\x{{{:X}}}", range.first, range.last);
    }
  }
  return content;
}

bool is_category(std::string_view name) {
  constexpr std::array kNames = {"L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc", "Me", "N",
                                 "Nd", "Nl", "No", "P",  "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
                                 "S",  "Sm", "Sc", "Sk", "So", "Z",  "Zs", "Zl", "Zp"};
  return std::ranges::find(kNames, name) != kNames.end();
}

class Translator {
 public:
  Translator(std::string_view pattern, const std::filesystem::path& path)
      : pattern_(pattern), path_(path) {}

  std::string translate() {
    while (!at_end()) {
      const char c = take();
      if (c == '\\') {
        escape();
      } else if (c == '[') {
        begin_class();
      } else if (c == ']' && in_class_) {
        in_class_ = false;
        out_ += c;
      } else if (c == '(' && !in_class_) {
        group();
      } else if (c == '{' && !in_class_) {
        repeat();
      } else {
        if (c == '&' && in_class_ && peek() == '&') fail("an intersection of classes");
        out_ += c;
      }
    }
    return std::move(out_);
  }

 private:
  bool at_end() const { return position_ >= pattern_.size(); }
  /// NUL at the end.
  char peek() const { return at_end() ? '\0' : pattern_[position_]; }
  char take() { return pattern_[position_++]; }

  [[noreturn]] void fail(std::string_view what) const {
    throw FileError(
        path_, fmt::format("the pattern {} has {}, which is not supported", quote(pattern_), what));
  }

  /// Adds characters, given as the content of a class, or all others.
  void add(std::string_view content, bool is_negated) {
    if (!in_class_) {
      out_ += fmt::format("[{}{}]", is_negated ? "^" : "", content);
    } else if (is_negated) {
      fail("a negated escape within a class");
    } else {
      out_ += content;
    }
  }

  void escape() {
    if (at_end()) fail("a backslash at its end");
    const char c = take();
    const bool is_upper = c >= 'A' && c <= 'Z';
    switch (c) {
      case 's':
      case 'S':
        return add(kSpace, is_upper);
      case 'd':
      case 'D':
        return add(category("Nd"), is_upper);
      case 'h':
      case 'H':
        return add("0-9a-fA-F", is_upper);
      case 'p':
      case 'P':
        return property(is_upper);
      case 'v':
        out_ += "\\x{B}";
        return;
      case 'u':
        return code_point();
      default:
        break;
    }
    constexpr std::string_view kSame = "nrtfaexAzZ";
    const bool is_letter_or_digit = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (is_letter_or_digit && kSame.find(c) == std::string_view::npos) {
      fail(fmt::format("the escape {}", quote(std::string{'\\', c})));
    }
    out_ += {'\\', c};
  }

  void property(bool is_negated) {
    const std::size_t end = pattern_.find('}', position_);
    if (peek() != '{' || end == std::string_view::npos) fail("a property without braces");
    std::string_view name = pattern_.substr(position_ + 1, end - position_ - 1);
    if (name.starts_with('^')) {
      is_negated = !is_negated;
      name.remove_prefix(1);
    }
    if (!is_category(name)) fail(fmt::format("the property {}", quote(name)));
    add(category(name), is_negated);
    position_ = end + 1;
  }

  /// `\u` and four digits.
  void code_point() {
    const auto digits = pattern_.substr(position_, 4);
    const auto is_digit = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    if (digits.size() != 4 || !std::ranges::all_of(digits, is_digit)) fail("a broken \\u");
    out_ += fmt::format("\\x{{{}}}", digits);
    position_ += 4;
  }

  void begin_class() {
    if (in_class_) fail("a class within a class");
    in_class_ = true;
    out_ += '[';
    if (peek() == '^') out_ += take();
    if (peek() == ']') {
      out_ += "\\]";
      take();
    }
  }

  void group() {
    out_ += '(';
    if (peek() == '*') fail("a verb");
    if (peek() != '?') return;
    constexpr std::array<std::string_view, 8> kKinds = {
        "?:", "?=", "?!", "?<=", "?<!", "?>", "?i:", "?-i:"};
    for (const auto kind : kKinds) {
      if (!pattern_.substr(position_).starts_with(kind)) continue;
      out_ += kind;
      position_ += kind.size();
      return;
    }
    fail(fmt::format("a group of the kind {}", quote(pattern_.substr(position_, 3))));
  }

  /// "{2}", "{1,3}" and the like. What follows them means something else to PCRE2.
  void repeat() {
    const std::size_t end = pattern_.find('}', position_);
    const auto range = pattern_.substr(position_, std::min(end, pattern_.size()) - position_);
    const bool is_range = end != std::string_view::npos && !range.empty() && range != "," &&
                          range.find_first_not_of("0123456789,") == std::string_view::npos &&
                          std::ranges::count(range, ',') <= 1;
    if (!is_range) fail("a brace that repeats nothing");
    out_ += range.starts_with(',') ? "{0" : "{";
    out_ += range;
    out_ += '}';
    position_ = end + 1;
    const bool is_exact = range.find(',') == std::string_view::npos;
    if (peek() == '+' || (peek() == '?' && is_exact)) fail("a repetition of a repetition");
  }

  std::string_view pattern_;
  const std::filesystem::path& path_;
  std::size_t position_ = 0;
  bool in_class_ = false;
  std::string out_;
};

}  // namespace

std::string pcre2_pattern(std::string_view pattern, const std::filesystem::path& path) {
  return Translator(pattern, path).translate();
}

}  // namespace minillama
