// JSON schemas: which texts they allow, that what is written obeys them, and what is refused.

#include "minillama/grammar/json_schema.h"

#include <cmath>
#include <random>
#include <regex>

#include "minillama/core/json.h"
#include "minillama/core/utf8.h"
#include "minillama/grammar/byte_automaton.h"
#include "minillama/grammar/shortest_completions.h"

#include "support/catch.h"
#include "support/option_error.h"

using namespace minillama;
using test::option_error;

namespace {

bool accepts(const ByteAutomaton& automaton, std::string_view text) {
  return automaton.is_accepting(automaton.next(ByteAutomaton::kStart, text));
}

std::size_t n_characters(std::string_view text) {
  std::size_t n = 0;
  for (; !text.empty(); ++n) text.remove_prefix(utf8_character_length(text));
  return n;
}

bool is_of_type(const Json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  return type == "number" ? value.is_number() : type == value.type_name();
}

/// Whether a value obeys a schema: written from the specification, draft 2020-12, for the keywords
/// that the library knows.
bool obeys(const Json& value, const Json& schema, const Json& document) {
  if (schema.is_boolean()) return schema.get<bool>();
  const auto has = [&](const char* keyword) { return schema.contains(keyword); };
  const auto all_of = [&](const Json& parts) {
    return std::all_of(parts.begin(), parts.end(),
                       [&](const Json& part) { return obeys(value, part, document); });
  };
  const auto one_of = [&](const Json& parts) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](const Json& part) { return obeys(value, part, document); });
  };
  if (has("$ref")) {
    const auto pointer = schema["$ref"].get<std::string>().substr(1);
    if (!obeys(value, document.at(Json::json_pointer(pointer)), document)) return false;
  }
  if (has("allOf") && !all_of(schema["allOf"])) return false;
  if (has("anyOf") && !one_of(schema["anyOf"])) return false;
  if (has("oneOf") && !one_of(schema["oneOf"])) return false;
  if (has("const") && value != schema["const"]) return false;
  if (has("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end()) return false;
  if (has("type")) {
    const auto types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
    const bool is_one = std::any_of(types.begin(), types.end(), [&](const Json& type) {
      return is_of_type(value, type.get<std::string>());
    });
    if (!is_one) return false;
  }
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    const auto n = n_characters(text);
    if (has("minLength") && n < schema["minLength"]) return false;
    if (has("maxLength") && n > schema["maxLength"]) return false;
    if (has("pattern") &&
        !std::regex_search(text, std::regex(schema["pattern"].get<std::string>()))) {
      return false;
    }
  }
  if (value.is_number()) {
    const double x = value;
    if (has("minimum") && x < schema["minimum"]) return false;
    if (has("maximum") && x > schema["maximum"]) return false;
    if (has("exclusiveMinimum") && x <= schema["exclusiveMinimum"]) return false;
    if (has("exclusiveMaximum") && x >= schema["exclusiveMaximum"]) return false;
  }
  if (value.is_array()) {
    if (has("minItems") && value.size() < schema["minItems"]) return false;
    if (has("maxItems") && value.size() > schema["maxItems"]) return false;
    for (const auto& item : value) {
      if (has("items") && !obeys(item, schema["items"], document)) return false;
    }
  }
  if (value.is_object()) {
    for (const auto& name : schema.value("required", Json::array())) {
      if (!value.contains(name.get<std::string>())) return false;
    }
    for (const auto& [name, part] : value.items()) {
      if (has("properties") && schema["properties"].contains(name)) {
        if (!obeys(part, schema["properties"][name], document)) return false;
      } else if (has("additionalProperties") &&
                 !obeys(part, schema["additionalProperties"], document)) {
        return false;
      }
    }
  }
  return true;
}

/// A tree of the 256 bytes, each a token.
const TokenTrie& byte_tokens() {
  static const TokenTrie trie = [] {
    std::vector<std::string> bytes;
    for (int byte = 0; byte < 256; ++byte) bytes.emplace_back(1, static_cast<char>(byte));
    return TokenTrie(bytes);
  }();
  return trie;
}

/// A random text of the automaton's, which is brought to an end behind some bytes.
std::string walk(const ByteAutomaton& automaton, const std::vector<std::uint32_t>& shortest,
                 std::mt19937& random) {
  std::string text;
  auto state = ByteAutomaton::kStart;
  const std::size_t length = random() % 120;
  while (!automaton.is_accepting(state) || (text.size() < length && automaton.goes_on(state))) {
    // Mostly what can be read.
    const auto byte =
        static_cast<std::uint8_t>(random() % 4 == 0 ? random() % 256 : ' ' + random() % 95);
    const auto next = automaton.next(state, byte);
    if (next == ByteAutomaton::kDead) continue;
    if (text.size() >= length && shortest[next] >= shortest[state]) continue;
    text += static_cast<char>(byte);
    state = next;
  }
  return text;
}

Json random_schema(std::mt19937& random, int depth) {
  const auto below = [&](int end) { return static_cast<int>(random() % unsigned(end)); };
  switch (below(depth > 0 ? 13 : 8)) {
    case 0:
      return {{"type", "string"}};
    case 1: {
      const int least = below(4);
      return {{"type", "string"}, {"minLength", least}, {"maxLength", least + below(4)}};
    }
    case 2: {
      const char* const patterns[] = {"^[a-z]{1,3}$", "ab|^c", "[\\\\\"]", "^\\d+$|x$", "^[^a]*$"};
      return {{"type", "string"}, {"pattern", patterns[below(5)]}};
    }
    case 3: {
      const int least = below(2000) - 1000;
      Json schema{{"type", "integer"}, {"minimum", least}};
      if (below(2) == 0) schema["maximum"] = least + below(300);
      if (below(3) == 0) schema["exclusiveMinimum"] = least - 0.5;
      if (below(3) == 0) schema["exclusiveMaximum"] = least + 400;
      return schema;
    }
    case 4:
      return {{"type", Json::array({"number", "null"})}};
    case 5:
      return {{"type", below(2) == 0 ? "boolean" : "integer"}};
    case 6:
      return {{"enum", Json::array({"a\"\n", 1, -2.5, true, nullptr, Json::array({1, "é"})})}};
    case 7:
      return {{"const", Json{{"x", Json::array({1, 2})}, {"y", "\\"}}}};
    case 8: {
      const int least = below(3);
      Json schema{{"type", "array"}, {"items", random_schema(random, depth - 1)}};
      if (below(2) == 0) schema["minItems"] = least;
      if (below(2) == 0) schema["maxItems"] = least + below(3);
      return schema;
    }
    case 9:
      return {{"anyOf",
               Json::array({random_schema(random, depth - 1), random_schema(random, depth - 1)})}};
    case 10:
      return {{"type", "object"}, {"additionalProperties", random_schema(random, depth - 1)}};
    default: {
      Json properties = Json::object(), required = Json::array();
      for (const auto* name : {"a", "b c", "\"é\"", "d"}) {
        if (below(4) == 0) continue;
        properties[name] = random_schema(random, depth - 1);
        if (below(2) == 0) required.push_back(name);
      }
      return {{"type", "object"}, {"properties", properties}, {"required", required}};
    }
  }
}

}  // namespace

TEST_CASE("JSON schema: whatever is written parses, and obeys the schema") {
  std::mt19937 random(1);
  for (int round = 0; round < 250; ++round) {
    const auto schema = random_schema(random, 3);
    INFO(schema.dump());
    const ByteAutomaton automaton(parse_json_schema(schema.dump()));
    const auto shortest = shortest_completions(automaton, byte_tokens());
    for (int i = 0; i < 12; ++i) {
      const auto text = walk(automaton, shortest, random);
      INFO(text);
      REQUIRE(accepts(automaton, text));
      const auto value = Json::parse(text);
      CHECK(obeys(value, schema, schema));
    }
  }
}

TEST_CASE("JSON schema: any value is written in its texts, to a depth") {
  const ByteAutomaton automaton(parse_json_schema("true"));
  const auto shortest = shortest_completions(automaton, byte_tokens());
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    const auto text = walk(automaton, shortest, random);
    INFO(text);
    CHECK_NOTHROW(Json::parse(text));
  }
  CHECK(accepts(automaton, R"({"a": [1,2, {"b": null}],"c":"\n\"é"})"));
  CHECK(accepts(automaton, "-0.25e-10"));
  CHECK(accepts(automaton, "[[[1]]]"));
  CHECK_FALSE(accepts(automaton, "[[[[1]]]]"));
  CHECK_FALSE(accepts(automaton, "01"));
  CHECK_FALSE(accepts(automaton, "1e999"));
  CHECK_FALSE(accepts(automaton, "\"\\ud800\""));
  CHECK_FALSE(accepts(automaton, "\"\n\""));
  CHECK_FALSE(accepts(automaton, "[1,]"));
  CHECK_FALSE(accepts(automaton, " 1"));
}

TEST_CASE("JSON schema: each keyword allows these texts and not those") {
  struct Case {
    std::string schema;
    std::vector<std::string> right;
    std::vector<std::string> wrong;
  };
  const std::vector<Case> cases{
      {R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "null"},
          "c": {"type": "boolean"}}, "required": ["b"]})",
       {R"({"b":null})", R"({"a": 1, "b": null, "c": true})", R"({"a":1,"b":null})",
        R"({"b": null,"c":false})"},
       {"{}", R"({"b":null,"a":1})", R"({"a":1})", R"({"b":null,})", R"({"b" : null})",
        R"({"b":null,"d":1})", R"({ "b":null})", R"({"b":  null})"}},
      {R"({"type": "object", "properties": {"a": true}, "additionalProperties": false})",
       {"{}", R"({"a":[1,{"b":""}]})"},
       {R"({"b":1})"}},
      {R"({"type": "object"})", {"{}", R"({"":1,"x": [{"y":[]}]})"}, {"[]", "null"}},
      {R"({"type": "object", "additionalProperties": false})", {"{}"}, {R"({"a":1})"}},
      {R"({"additionalProperties": {"type": "integer"}})",
       {R"({"a":1, "é":-2})"},
       {R"({"a":"1"})"}},
      {R"({"type": "array", "items": {"const": 1}, "minItems": 2, "maxItems": 3})",
       {"[1,1]", "[1, 1,1]"},
       {"[]", "[1]", "[1,1,1,1]", "[1 ,1]", "[1,1"}},
      {R"({"items": {"type": "null"}})", {"[]", "[null,null,null]"}, {"null", "[1]"}},
      {R"({"type": "array"})", {"[]", R"([1,"a",{"b":[null]}])"}, {"{}"}},
      {R"({"type": "string", "minLength": 2, "maxLength": 3})",
       {R"("ab")", R"("é😀\n")", R"("\"\\\b")"},
       {R"("a")", R"("abcd")", R"("\/\/")", "\"a\tb\"", R"("\u0041b")"}},
      {R"({"type": "string", "pattern": "^a.c$"})",
       {R"("abc")", R"("a\"c")", R"("a\\c")", R"("a\tc")"},
       {R"("ac")", R"("abcd")", R"("a"c")", R"("a\c")", R"("a\nc")"}},
      {R"({"type": "string", "pattern": "b"})", {R"("b")", R"("abc")", R"("\nb\"")"}, {R"("a")"}},
      {R"({"type": "string", "pattern": "^\u0001\\x02$"})", {R"("\u0001\u0002")"}, {R"("")"}},
      {R"({"pattern": "^(é|[^\\x00-\\uFFFF])$"})", {R"("é")", R"("😀")"}, {R"("e")"}},
      {R"({"type": "integer"})",
       {"0", "-1", "999999999999999999"},
       {"-0", "01", "1.0", "1e2", "1000000000000000000", "+1", ""}},
      {R"({"type": "integer", "minimum": 1, "maximum": 5})",
       {"1", "3", "5"},
       {"0", "6", "-1", "10"}},
      {R"({"minimum": -12, "exclusiveMaximum": 105})",
       {"-12", "-9", "-1", "0", "9", "99", "104"},
       {"-13", "-20", "-100", "105", "110", "-0"}},
      {R"({"type": "integer", "minimum": 0.5, "maximum": 2.5})", {"1", "2"}, {"0", "3"}},
      {R"({"type": "integer", "exclusiveMinimum": 7})", {"8", "10", "123456"}, {"7", "0", "-8"}},
      {R"({"type": "integer", "maximum": -5})", {"-5", "-17"}, {"-4", "0", "5"}},
      {R"({"type": "number"})",
       {"0", "-1.5", "1e5", "0.1E+10"},
       {".5", "1.", "00", "NaN", "1e100"}},
      {R"({"type": ["boolean", "null"]})", {"true", "false", "null"}, {"0", "\"\""}},
      {R"({"enum": ["a", 1, null, {"b": [1, 2]}]})",
       {R"("a")", "1", "null", R"({"b":[1,2]})"},
       {"a", "2", R"({"b": [1,2]})"}},
      {R"({"type": "string", "enum": ["a", 1]})", {R"("a")"}, {"1"}},
      {R"({"const": "\u00e9\n"})", {R"("é\n")"}, {R"("\u00e9\n")"}},
      {R"({"anyOf": [{"type": "null"}, {"type": "integer"}]})", {"null", "12"}, {"true"}},
      {R"({"oneOf": [{"const": 1}, {"const": 2}]})", {"1", "2"}, {"3"}},
      {R"({"allOf": [{"const": 1}]})", {"1"}, {"2"}},
      {R"({"$ref": "#/$defs/x", "$defs": {"x": {"type": "array", "items": {"$ref": "#/$defs/y"}},
          "y": {"const": "~"}}, "title": "t", "description": "d", "$schema": "s"})",
       {"[]", R"(["~", "~"])"},
       {"[1]"}},
      {R"({"$ref": "#/$defs/a~1b~0c/0", "$defs": {"a/b~c": [{"const": 1}]}})", {"1"}, {"0"}},
      {R"({"default": 1})", {"1", "[[[]]]", R"({"a":[2]})", "true"}, {"x", "[[[[]]]]"}}};
  for (const auto& [schema, right, wrong] : cases) {
    const ByteAutomaton automaton(parse_json_schema(schema));
    const auto document = Json::parse(schema);
    for (const auto& text : right) {
      INFO(schema << " " << text);
      CHECK(accepts(automaton, text));
      // There a pattern is one of bytes.
      if (schema.find("é") == std::string::npos)
        CHECK(obeys(Json::parse(text), document, document));
    }
    for (const auto& text : wrong) {
      INFO(schema << " " << text);
      CHECK_FALSE(accepts(automaton, text));
    }
  }
}

TEST_CASE("JSON schema: of a range every integer is written, and no other") {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    const int least = static_cast<int>(random() % 3000) - 1500;
    const int most = least + static_cast<int>(random() % (round % 2 == 0 ? 30 : 2000));
    const ByteAutomaton automaton(
        parse_json_schema(Json{{"minimum", least}, {"maximum", most}}.dump()));
    std::size_t n_wrong = 0;
    for (int x = -2000; x <= 4000; ++x) {
      if (accepts(automaton, std::to_string(x)) != (x >= least && x <= most)) ++n_wrong;
    }
    INFO(least << " " << most);
    CHECK(n_wrong == 0);
  }
}

TEST_CASE("JSON schema: what is not supported or wrong is refused with its place") {
  const auto error = [](const std::string& schema) {
    return option_error([&] { parse_json_schema(schema); });
  };
  const std::string at = "the JSON schema at ";
  CHECK(error(R"({"type": "string", "format": "date"})") ==
        at + "# has the keyword \"format\", which is not supported beside maxLength, minLength, "
             "pattern, type");
  CHECK(
      error(R"({"properties": {"a": {"items": {"type": "null", "minLength": 1}}}})") ==
      at +
          "#/properties/a/items has the keyword \"minLength\", which is not supported beside type");
  CHECK_THAT(error(R"({"patternProperties": {}})"),
             contains("\"patternProperties\", which is not supported"));
  CHECK_THAT(error(R"({"not": {}})"), contains("\"not\", which is not supported"));
  CHECK(error(R"({"anyOf": [{"const": 1}], "type": "integer"})") ==
        at + "# has the keyword \"type\", which is not supported beside anyOf");
  CHECK(error(R"({"enum": [1], "minimum": 0})") ==
        at + "# has the keyword \"minimum\", which is not supported beside enum, type");
  CHECK(error(R"({"$ref": "#/$defs/a", "minimum": 1, "$defs": {"a": true}})") ==
        at + "# has the keyword \"minimum\", which is not supported beside $ref");
  CHECK(error(R"({"$ref": "other.json"})") ==
        at + "#/$ref is \"other.json\", must be a place in this schema, as \"#/$defs/name\"");
  CHECK_THAT(error(R"({"$ref": "#/$defs/a"})"), contains("must be a place in this schema"));
  CHECK_THAT(error(R"({"$ref": "#x"})"), contains("must be a place in this schema"));
  CHECK_THAT(error(R"({"$ref": 1})"), contains("#/$ref is 1, must be a text"));
  CHECK_THAT(error(R"({"properties": {"a": {"$ref": "#"}}})"),
             contains("#/properties/a/$ref is in itself, so that its values have no end"));
  CHECK_THAT(error(R"({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}})"),
             contains("#/$defs/a/items/$ref is in itself"));
  CHECK(error("false") == at + "# is false, which no value obeys");
  CHECK(error("1") == at + "# is 1, must be a schema: an object, true or false");
  CHECK(error(R"({"type": "text"})") ==
        at + "#/type is \"text\", must be the name of a type of JSON, or several");
  CHECK_THAT(error(R"({"type": []})"), contains("#/type is [], must be the name of a type"));
  CHECK_THAT(error(R"({"type": [1]})"), contains("#/type is [1], must be the name of a type"));
  CHECK(error(R"({"properties": []})") == at + "#/properties is [], must be an object of schemas");
  CHECK(error(R"({"properties": {"a": true}, "required": ["b"]})") ==
        at + "#/required has \"b\", which is none of the properties");
  CHECK(error(R"({"required": ["b"]})") ==
        at + "#/required has \"b\", which is none of the properties");
  CHECK(error(R"({"required": [1]})") == at + "#/required is [1], must be a list of names");
  CHECK(error(R"({"required": "a"})") == at + "#/required is \"a\", must be a list of names");
  CHECK(error(R"({"minItems": 2, "maxItems": 1})") ==
        at + "# has maxItems 1, less than minItems, which is 2");
  CHECK(error(R"({"maxLength": -1})") ==
        at + "#/maxLength is -1, must be a whole number from 0 to 1000000");
  CHECK_THAT(error(R"({"maxLength": 1.5})"),
             contains("#/maxLength is 1.5, must be a whole number"));
  CHECK_THAT(error(R"({"maxLength": 1e99})"), contains("must be a whole number from 0"));
  CHECK(error(R"({"pattern": "a", "maxLength": 3})") ==
        at + "# has a pattern, which is not supported beside minLength and maxLength");
  CHECK(error(R"({"pattern": 1})") == at + "#/pattern is 1, must be a text");
  CHECK(error(R"({"properties": {"x": {"pattern": "a("}}})") ==
        at + "#/properties/x/pattern is wrong: the regular expression \"a(\" at byte 1: \"(\" is "
             "not closed");
  CHECK(error(R"({"minimum": "a"})") ==
        at + "#/minimum is \"a\", must be a number from -1e15 to 1e15");
  CHECK(error(R"({"minimum": 3, "maximum": 2})") == at + "# has no integer between its bounds");
  CHECK(error(R"({"minimum": 2.1, "maximum": 2.9})") == at + "# has no integer between its bounds");
  CHECK(error(R"({"type": "number", "minimum": 3})") ==
        at + "# has the keyword \"minimum\", which is not supported beside type");
  CHECK(error(R"({"enum": []})") == at + "#/enum is [], must be a list of values");
  CHECK(error(R"({"enum": 1})") == at + "#/enum is 1, must be a list of values");
  CHECK(error(R"({"enum": [1], "type": "string"})") == at + "#/enum has no value of the type");
  CHECK(error(R"({"anyOf": []})") == at + "#/anyOf is [], must be a list of schemas");
  CHECK_THAT(error(R"({"anyOf": [true, 1]})"), contains("#/anyOf/1 is 1, must be a schema"));
  CHECK(error(R"({"allOf": [true, true]})") ==
        at + "#/allOf has several schemas, which is not supported");
  CHECK_THAT(error("{"), contains("the JSON schema: not valid JSON: it ends too early"));
  CHECK_THAT(error("{\"a\": x}"), contains("the JSON schema:1: not valid JSON at byte 6"));
  CHECK_THAT(error("\"\xFF\""), contains("not valid JSON"));
  CHECK(error(std::string((1 << 20) + 1, ' ')) ==
        "the JSON schema has 1048577 bytes, must have at most 1048576");
}

TEST_CASE("JSON schema: those that would take too long are refused") {
  const auto error = [](const std::string& schema) {
    return option_error([&] { ByteAutomaton(parse_json_schema(schema)); });
  };
  const auto nested = [](std::size_t n) {
    std::string schema;
    for (std::size_t i = 0; i < n; ++i) schema += R"({"items":)";
    return schema + "true" + std::string(n, '}');
  };
  CHECK_THAT(error(nested(70)), contains("is more than 64 schemas deep"));
  CHECK_THAT(error(nested(50'000)), contains("the JSON schema is more than 128 levels deep"));
  CHECK_THAT(error(R"({"const": )" + std::string(1000, '[') + std::string(1000, ']') + "}"),
             contains("is more than 128 levels deep"));
  // Each of 25 definitions is an object with the next one twice in it.
  std::string definitions;
  for (int i = 0; i < 25; ++i) {
    const auto next = R"({"$ref": "#/$defs/)" + std::to_string(i + 1) + "\"}";
    definitions += "\"" + std::to_string(i) + R"(": {"properties": {"a": )" + next + R"(, "b": )" +
                   next + "}},";
  }
  CHECK_THAT(error(R"({"$ref": "#/$defs/0", "$defs": {)" + definitions + R"("25": true}})"),
             contains("the constraint is too large"));
  CHECK_THAT(error(R"({"items": {"maxLength": 1000}, "maxItems": 1000})"),
             contains("the constraint is too large"));
  CHECK(error(R"({"type": "string", "maxLength": 2000})") == "accepted");
}
