#include "minillama/io/jinja_outputs.h"

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

namespace {

/// What is written, one after the other with bars in between; what is given to a variable is
/// "name=…".
std::string shown(std::string_view jinja) {
  std::string all;
  for (const auto& [text, statement, variable, is_conditional] :
       read_jinja_outputs(jinja, "model.gguf")) {
    all += (all.empty() ? "" : "|") + (variable.empty() ? "" : variable + "=") + text;
  }
  return all;
}

}  // namespace

TEST_CASE("jinja: literals, names and what is put together of them") {
  CHECK(shown("plain {{ 'a\\n\\'\\\\' }}") == "plain a\n'\\");
  CHECK(shown("{{'<' + message['role'] + \"}}\" + message[\"content\"]}}") == "<{role}}}{content}");
  CHECK(shown("{{ message.content | trim + ' ' + message['content'].strip() }}") ==
        "{content|trim} {content|trim}");
  CHECK(shown("{{ ('a' ~ (bos_token + eos_token)) }}{{ system_message }}") ==
        "a{bos}{eos}{system}");
  CHECK(shown("{{ messages[1]['content'] }}") == "{?}");
  CHECK(shown("{{ content | upper }}") == "{?}");
  CHECK(shown("{{ 'a' if b else 'c' }}") == "{?}");
  CHECK(shown("{{ 'x{content}' }}{y") == "x{{content}{{y");
  CHECK(shown("{% set content = '<' + message['content'] %}{{ content }}") ==
        "content=<{content}|{content}");
}

TEST_CASE("jinja: statements end what is written, and are kept with what follows") {
  const auto outputs = read_jinja_outputs(
      "a{% if loop.first %}b{{ 'c' }}{# a note #}d{% endif %}{% generation %}e{% endgeneration %}f",
      "model.gguf");
  REQUIRE(outputs.size() == 3);
  CHECK(outputs[0].text == "a");
  CHECK(outputs[0].statement.empty());
  CHECK(outputs[1].text == "bcd");
  CHECK(outputs[1].statement == "if loop.first");
  CHECK(outputs[2].text == "ef");
  CHECK(outputs[2].statement == "endif");
  CHECK_FALSE(outputs[0].is_conditional);
  CHECK(outputs[1].is_conditional);
  CHECK_FALSE(outputs[2].is_conditional);
}

TEST_CASE("jinja: white space around blocks is as transformers has it") {
  CHECK(shown("{% if a %}\nb\n{% endif %}\nc\n") == "b\n|c");
  CHECK(shown("  {% if a %}  \n  b {{ 'c' }}\n  {% endif %}") == "  \n  b c\n");
  CHECK(shown("a \n {%- if b -%} \n c") == "a|c");
  CHECK(shown("a {{- 'b' -}} \n c") == "abc");
  CHECK(shown("{{ 'a' }}\n{{ 'b' }}\n") == "a\nb");
  CHECK(shown("x {% if a %}\n  {% if b %}c") == "x |c");
}

TEST_CASE("jinja: what does not end, or is far too large, is refused") {
  for (const auto* jinja : {"{{ 'a'", "{% if a }}", "{{ 'a }}", "{#", "a{{"}) {
    CHECK_THROWS_WITH(read_jinja_outputs(jinja, "model.gguf"),
                      contains("model.gguf: its chat template has a block that does not end"));
  }
  CHECK_THROWS_WITH(read_jinja_outputs(std::string((1 << 20) + 1, 'a'), "model.gguf"),
                    contains("1048577 bytes"));
  const std::string deep(100000, '(');
  CHECK(shown("{{ " + deep + "'a'" + std::string(100000, ')') + " }}") == "{?}");
  CHECK(shown("{{ " + deep + " }}") == "{?}");
}
