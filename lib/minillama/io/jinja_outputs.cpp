#include "minillama/io/jinja_outputs.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

std::string_view stripped(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

/// The position behind the literal that begins at `begin` with a quotation mark; the end of the
/// text if it does not end.
std::size_t literal_end(std::string_view text, std::size_t begin) {
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == text[begin]) {
      return i + 1;
    }
  }
  return text.size();
}

bool is_quote(char c) {
  return c == '\'' || c == '"';
}

std::string with_doubled_braces(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == '{' ? 2 : 1, c);
  return out;
}

/// What a literal, with its quotation marks, stands for.
std::string decoded(std::string_view literal) {
  literal = literal.substr(1, literal.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] != '\\' || i + 1 == literal.size()) {
      out += literal[i];
      continue;
    }
    const char c = literal[++i];
    const std::string_view plain = "\\'\"";
    if (c == 'n') {
      out += '\n';
    } else if (c == 't') {
      out += '\t';
    } else if (c == 'r') {
      out += '\r';
    } else if (plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      (out += '\\') += c;  // as in Python
    }
  }
  return with_doubled_braces(out);
}

/// Names that have a meaning here, without spaces and with one kind of quotation marks.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kNames = {{
    {"message['content']", "content"},
    {"message.content", "content"},
    {"content", "content"},
    {"message['role']", "role"},
    {"message.role", "role"},
    {"role", "role"},
    {"messages[0]['content']", "system"},
    {"messages[0].content", "system"},
    {"system_message", "system"},
    {"system", "system"},
    {"bos_token", "bos"},
    {"eos_token", "eos"},
}};

/// A name without filters, as kNames has it.
std::string normalized(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != ' ') out += c == '"' ? '\'' : c;
  }
  return out;
}

/// Takes "| trim" or ".strip()" off the end of a term. Whether it was there.
bool take_trim(std::string_view& term) {
  for (const std::string_view end : {".strip()", "trim"}) {
    if (!term.ends_with(end)) continue;
    auto rest = stripped(term.substr(0, term.size() - end.size()));
    if (end == "trim") {
      if (!rest.ends_with('|')) continue;
      rest = stripped(rest.substr(0, rest.size() - 1));
    }
    term = rest;
    return true;
  }
  return false;
}

/// The parts between the signs "+" and "~" that are in no literal and no brackets.
std::vector<std::string_view> terms_of(std::string_view expression) {
  std::vector<std::string_view> terms;
  std::size_t begin = 0, depth = 0;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (is_quote(c)) {
      i = literal_end(expression, i) - 1;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      depth -= depth > 0 ? 1 : 0;
    } else if ((c == '+' || c == '~') && depth == 0) {
      terms.push_back(stripped(expression.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  terms.push_back(stripped(expression.substr(begin)));
  return terms;
}

/// Whether the bracket that a term begins with ends at its end.
bool is_in_brackets(std::string_view term) {
  if (!term.starts_with('(')) return false;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (is_quote(term[i])) {
      i = literal_end(term, i) - 1;
    } else if (term[i] == '(') {
      ++depth;
    } else if (term[i] == ')' && --depth == 0) {
      return i + 1 == term.size();
    }
  }
  return false;
}

std::string text_of(std::string_view expression, int depth = 0) {
  constexpr int kDeepest = 8;
  std::string out;
  for (auto term : terms_of(expression)) {
    if (depth < kDeepest && is_in_brackets(term)) {
      out += text_of(term.substr(1, term.size() - 2), depth + 1);
      continue;
    }
    const bool is_literal = term.size() >= 2 && is_quote(term[0]) &&
                            literal_end(term, 0) == term.size() && term.back() == term[0];
    if (is_literal) {
      out += decoded(term);
      continue;
    }
    const bool trims = take_trim(term);
    const auto name = std::ranges::find(kNames, normalized(term),
                                        &std::pair<std::string_view, std::string_view>::first);
    out += fmt::format("{{{}{}}}", name == kNames.end() ? "?" : name->second, trims ? "|trim" : "");
  }
  return out;
}

/// A block of Jinja: "{{ … }}", "{% … %}" or "{# … #}".
struct Block {
  char kind = '{';           ///< the second character
  std::string_view content;  ///< without "-" and white space around it
  std::size_t begin = 0, end = 0;
  bool trims_before = false, trims_behind = false;
};

/// The next block from `from` on; none at the end of the text if there is none.
Block next_block(std::string_view jinja, std::size_t from, const std::filesystem::path& path) {
  Block block{.begin = jinja.size(), .end = jinja.size()};
  for (std::size_t i = from; i + 1 < jinja.size(); ++i) {
    const char kind = jinja[i + 1];
    if (jinja[i] != '{' || (kind != '{' && kind != '%' && kind != '#')) continue;
    const std::array close = {kind == '{' ? '}' : kind, '}'};
    std::size_t end = i + 2;
    while (end < jinja.size() && jinja.substr(end, 2) != std::string_view(close.data(), 2)) {
      end = kind != '#' && is_quote(jinja[end]) ? literal_end(jinja, end) : end + 1;
    }
    if (end >= jinja.size()) {
      throw FileError(path, fmt::format("its chat template has a block that does not end: {}",
                                        quote(jinja.substr(i), 20)));
    }
    auto content = jinja.substr(i + 2, end - i - 2);
    block = {.kind = kind, .begin = i, .end = end + 2};
    block.trims_before = content.starts_with('-');
    if (block.trims_before) content.remove_prefix(1);
    block.trims_behind = content.ends_with('-');
    if (block.trims_behind) content.remove_suffix(1);
    block.content = stripped(content);
    return block;
  }
  return block;
}

/// "content" of "set content = …", whose expression is left in `statement`; "" of others.
std::string take_variable(std::string_view& statement) {
  if (!statement.starts_with("set ")) return {};
  const auto equals = statement.find('=');
  if (equals == std::string_view::npos) return {};
  const std::string name(stripped(statement.substr(4, equals - 4)));
  statement = stripped(statement.substr(equals + 1));
  return name;
}

class Reader {
 public:
  void add(std::string_view text) { text_ += text; }

  void add_statement(std::string_view statement) {
    // Marks what is trained on, and writes nothing.
    if (statement == "generation" || statement == "endgeneration") return;
    end_output();
    auto expression = statement;
    auto variable = take_variable(expression);
    if (!variable.empty()) {
      outputs_.push_back({text_of(expression), statement_, std::move(variable), depth_ > 0});
      return;
    }
    statement_ = statement;
    if (statement.starts_with("if") || statement.starts_with("macro")) ++depth_;
    const bool ends = statement == "endif" || statement.starts_with("endmacro");
    if (ends && depth_ > 0) --depth_;
  }

  std::vector<JinjaOutput> outputs() {
    end_output();
    return std::move(outputs_);
  }

 private:
  void end_output() {
    if (!text_.empty()) outputs_.push_back({std::exchange(text_, {}), statement_, {}, depth_ > 0});
  }

  std::vector<JinjaOutput> outputs_;
  std::string text_, statement_;
  std::size_t depth_ = 0;  // of "if" and "macro"
};

}  // namespace

std::vector<JinjaOutput> read_jinja_outputs(std::string_view jinja,
                                            const std::filesystem::path& path) {
  constexpr std::size_t kLargest = std::size_t{1} << 20;
  if (jinja.size() > kLargest) {
    throw FileError(path, fmt::format("its chat template has {} bytes", jinja.size()));
  }
  if (jinja.ends_with('\n')) jinja.remove_suffix(1);  // as Jinja does
  Reader reader;
  Block before{.kind = ' '};
  while (true) {
    const auto block = next_block(jinja, before.end, path);
    auto plain = jinja.substr(before.end, block.begin - before.end);
    if (before.trims_behind) {
      plain.remove_prefix(std::min(plain.find_first_not_of(kSpaces), plain.size()));
    } else if ((before.kind == '%' || before.kind == '#') && plain.starts_with('\n')) {
      plain.remove_prefix(1);
    }
    if (block.trims_before) {
      plain = plain.substr(0, plain.find_last_not_of(kSpaces) + 1);
    } else if (block.begin < jinja.size() && block.kind != '{') {
      // White space between the beginning of a line and a statement.
      const auto last = plain.find_last_not_of(" \t");
      const bool begins_line =
          last == std::string_view::npos
              ? before.end == 0 || jinja[block.begin - plain.size() - 1] == '\n'
              : plain[last] == '\n';
      if (begins_line) plain = plain.substr(0, last + 1);
    }
    reader.add(with_doubled_braces(plain));
    if (block.begin == jinja.size()) return reader.outputs();
    if (block.kind == '{') reader.add(text_of(block.content));
    if (block.kind == '%') reader.add_statement(block.content);
    before = block;
  }
}

}  // namespace minillama
