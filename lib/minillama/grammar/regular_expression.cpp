#include "minillama/grammar/regular_expression.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"

namespace minillama {
namespace {

/// As deep as groups may stand in each other.
constexpr std::size_t kMostDepth = 100;
constexpr std::size_t kMostBytes = std::size_t{1} << 16;
/// More repetitions take too many states anyway.
constexpr std::size_t kMostRepetitions = 100'000;

const CharacterSet& digits() {
  static const CharacterSet set{{'0', '9'}};
  return set;
}

const CharacterSet& word_characters() {
  static const CharacterSet set{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  return set;
}

const CharacterSet& white_space() {
  static const CharacterSet set{
      {'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
      {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
  return set;
}

const CharacterSet& line_breaks() {
  static const CharacterSet set{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};
  return set;
}

class PatternParser {
 public:
  PatternParser(std::string_view pattern, const PatternReading& reading)
      : pattern_(pattern), reading_(reading) {}

  Language parse() {
    if (pattern_.size() > kMostBytes) {
      throw OptionError(fmt::format("{} has {} bytes, must have at most {}", reading_.name,
                                    pattern_.size(), kMostBytes));
    }
    at_ = utf8_valid_prefix(pattern_);
    if (at_ < pattern_.size()) refuse("is not UTF-8");
    at_ = 0;
    auto language = alternatives(0);
    if (at_ < pattern_.size()) refuse("closes nothing");
    return language;
  }

 private:
  /// Says of what stands here, or at `place`, what is wrong with it.
  [[noreturn]] void refuse(std::string_view problem) const { refuse(problem, at_); }
  [[noreturn]] void refuse(std::string_view problem, std::size_t place) const {
    const auto rest = pattern_.substr(place);
    throw OptionError(fmt::format("{} {} at byte {}: {} {}", reading_.name, quote(pattern_), place,
                                  rest.empty() ? "its end" : quote(rest, 12), problem));
  }

  bool is_next(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  bool take(std::string_view text) {
    if (!is_next(text)) return false;
    at_ += text.size();
    return true;
  }
  std::uint32_t take_character() {
    const auto rest = pattern_.substr(at_);
    if (rest.empty()) refuse("comes too early");
    const auto character = rest.substr(0, utf8_character_length(rest));
    at_ += character.size();
    return utf8_code_point(character);
  }

  bool is_at_end(std::size_t depth) const {
    return at_ == pattern_.size() || is_next("|") || (is_next(")") && depth > 0);
  }

  Language alternatives(std::size_t depth) {
    std::vector<Language> all;
    do {
      all.push_back(sequence(depth));
    } while (take("|"));
    return any_of(std::move(all));
  }

  Language sequence(std::size_t depth) {
    const auto anything = [&] {
      return repeated(reading_.character(CharacterSet::all()), 0, std::nullopt);
    };
    const bool may_anchor = depth == 0;
    std::vector<Language> parts;
    const bool has_begin = may_anchor && take("^");
    if (may_anchor && !has_begin && reading_.is_search) parts.push_back(anything());
    bool has_end = false;
    while (!has_end && !is_at_end(depth)) {
      if (may_anchor && take("$")) {
        if (!is_at_end(depth)) refuse("stands behind the end, $");
        has_end = true;
      } else {
        parts.push_back(quantified(depth));
      }
    }
    if (may_anchor && !has_end && reading_.is_search) parts.push_back(anything());
    return in_sequence(std::move(parts));
  }

  Language quantified(std::size_t depth) {
    auto language = atom(depth);
    std::size_t least = 0;
    std::optional<std::size_t> most;
    if (take("?")) {
      most = 1;
    } else if (take("+")) {
      least = 1;
    } else if (is_next("{")) {
      counts(least, most);
    } else if (!take("*")) {
      return language;
    }
    take("?");  // how much is taken first makes no difference to which texts there are
    return repeated(std::move(language), least, most);
  }

  /// {m}, {m,} or {m,n}.
  void counts(std::size_t& least, std::optional<std::size_t>& most) {
    const auto begin = at_;
    take("{");
    least = number(begin);
    most = least;
    if (take(",")) {
      most.reset();
      if (!is_next("}")) most = number(begin);
    }
    if (!take("}")) refuse("is no number of repetitions", begin);
    if (most && *most < least) refuse("has its numbers in the wrong order", begin);
  }

  std::size_t number(std::size_t begin) {
    if (at_ == pattern_.size() || !digits().contains(static_cast<unsigned char>(pattern_[at_]))) {
      refuse("is no number of repetitions", begin);
    }
    std::size_t value = 0;
    for (; at_ < pattern_.size() && pattern_[at_] >= '0' && pattern_[at_] <= '9'; ++at_) {
      value = 10 * value + static_cast<std::size_t>(pattern_[at_] - '0');
      if (value > kMostRepetitions) {
        refuse(fmt::format("is more than {} repetitions", kMostRepetitions), begin);
      }
    }
    return value;
  }

  Language atom(std::size_t depth) {
    const auto begin = at_;
    if (take("(")) return group(begin, depth);
    if (take("[")) return reading_.character(character_class(begin));
    if (take(".")) return reading_.character(line_breaks().complement());
    if (take("\\")) return reading_.character(escape(begin, false));
    const auto refuse_if = [&](std::string_view characters, std::string_view problem) {
      if (characters.find(pattern_[at_]) != std::string_view::npos) refuse(problem);
    };
    refuse_if("*+?{", "repeats nothing");
    refuse_if("]}", "must have a \\ in front to stand for itself");
    refuse_if("^$", "stands neither at the beginning nor at the end of the whole pattern");
    refuse_if(")", "closes nothing");
    const auto character = take_character();
    return reading_.character({{character, character}});
  }

  Language group(std::size_t begin, std::size_t depth) {
    if (depth == kMostDepth) refuse(fmt::format("is more than {} groups deep", kMostDepth), begin);
    if (!take("?:") && is_next("?")) refuse("is a group that is not supported", begin);
    auto language = alternatives(depth + 1);
    if (!take(")")) refuse("is not closed", begin);
    return language;
  }

  /// Behind "[".
  CharacterSet character_class(std::size_t begin) {
    const bool is_negated = take("^");
    CharacterSet set;
    while (!take("]")) {
      if (at_ == pattern_.size()) refuse("is not closed", begin);
      const auto first_at = at_;
      const auto first = class_atom();
      // A "-" in front of the end stands for itself.
      if (!is_next("-") || is_next("-]")) {
        set.add(first);
        continue;
      }
      take("-");
      const auto last = class_atom();
      const auto from = single(first, first_at), to = single(last, first_at);
      if (from > to) refuse("is a range in the wrong order", first_at);
      set.add({from, to});
    }
    if (is_negated) set = set.complement();
    if (set.empty()) refuse("has no character", begin);
    return set;
  }

  CharacterSet class_atom() {
    const auto begin = at_;
    if (take("\\")) return escape(begin, true);
    const auto character = take_character();
    return {{character, character}};
  }

  std::uint32_t single(const CharacterSet& set, std::size_t place) const {
    const auto ranges = set.ranges();
    if (ranges.size() != 1 || ranges[0].first != ranges[0].last) {
      refuse("is a range of which an end is no character", place);
    }
    return ranges[0].first;
  }

  /// Behind "\", which stands at `begin`.
  CharacterSet escape(std::size_t begin, bool in_class) {
    const auto c = take_character();
    const auto one = [](std::uint32_t character) { return CharacterSet{{character, character}}; };
    switch (c) {
      case 'd':
        return digits();
      case 'D':
        return digits().complement();
      case 'w':
        return word_characters();
      case 'W':
        return word_characters().complement();
      case 's':
        return white_space();
      case 'S':
        return white_space().complement();
      case 'n':
        return one('\n');
      case 'r':
        return one('\r');
      case 't':
        return one('\t');
      case 'f':
        return one('\f');
      case 'v':
        return one('\v');
      case 'x':
        return one(hexadecimal(2, begin));
      case 'u':
        return one(unicode(begin));
      default:
        break;
    }
    constexpr std::string_view kSyntax = "^$\\.*+?()[]{}|/";
    const bool is_syntax = c < 0x80 && kSyntax.find(static_cast<char>(c)) != std::string_view::npos;
    if (is_syntax || c == '-') return one(c);
    if (in_class && c == 'b') return one('\b');
    refuse("is an escape that is not supported", begin);
  }

  std::uint32_t hexadecimal(std::size_t n_digits, std::size_t begin) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < n_digits; ++i) value = 16 * value + hexadecimal_digit(begin);
    return value;
  }

  std::uint32_t hexadecimal_digit(std::size_t begin) {
    const char c = at_ < pattern_.size() ? pattern_[at_++] : ' ';
    if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint32_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::uint32_t>(c - 'A' + 10);
    refuse("is no hexadecimal number", begin);
  }

  /// Behind "\u": four digits, twice of a character above U+FFFF, or {digits}.
  std::uint32_t unicode(std::size_t begin) {
    std::uint32_t value = 0;
    if (take("{")) {
      do {
        value = 16 * value + hexadecimal_digit(begin);
        if (value > 0x10FFFF) refuse("is no character", begin);
      } while (!take("}"));
    } else {
      value = hexadecimal(4, begin);
      if (value >= 0xD800 && value <= 0xDBFF && take("\\u")) {
        const auto low = hexadecimal(4, begin);
        if (low < 0xDC00 || low > 0xDFFF) refuse("is half a character", begin);
        value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
      }
    }
    if (value >= 0xD800 && value <= 0xDFFF) refuse("is half a character", begin);
    return value;
  }

  std::string_view pattern_;
  const PatternReading& reading_;
  std::size_t at_ = 0;
};

}  // namespace

Language parse_regular_expression(std::string_view pattern, const PatternReading& reading) {
  return PatternParser(pattern, reading).parse();
}

}  // namespace minillama
