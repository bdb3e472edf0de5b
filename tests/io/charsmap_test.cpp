#include "minillama/io/charsmap.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "support/catch.h"
#include "support/file_error.h"

using namespace minillama;

namespace {

constexpr std::uint32_t kLeaf = 1U << 8;

constexpr std::uint32_t offset(std::uint32_t value) {
  return value << 10;
}

/// A double array in which byte 'a' leads from the root to a state whose value is `value`.
std::vector<std::uint32_t> one_rule(std::uint32_t value) {
  std::vector<std::uint32_t> units(512, 1U << 31);
  units[0] = offset(256);                      // the root's state is 256
  units[256 ^ 'a'] = offset(3) | kLeaf | 'a';  // to the state 256 ^ 'a' ^ 3
  units[256 ^ 'a' ^ 3] = 1U << 31 | value;     // which holds the value
  return units;
}

std::string charsmap(const std::vector<std::uint32_t>& units, std::string_view replacements) {
  const auto size = static_cast<std::uint32_t>(units.size() * sizeof(units[0]));
  std::string out(sizeof(size) + size, '\0');
  std::memcpy(out.data(), &size, sizeof(size));
  std::memcpy(out.data() + sizeof(size), units.data(), size);
  return out.append(replacements);
}

std::string error_of(std::string_view map) {
  return test::file_error([&] { check_charsmap(map, "m.model"); });
}

using namespace std::string_view_literals;
constexpr std::string_view kReplacements = "x\0yz\0"sv;

}  // namespace

TEST_CASE("charsmap: rules that stay inside are accepted") {
  CHECK(error_of("") == "accepted");
  CHECK(error_of(charsmap(one_rule(0), kReplacements)) == "accepted");
  CHECK(error_of(charsmap(one_rule(2), kReplacements)) == "accepted");
  CHECK(error_of(charsmap(one_rule(4), kReplacements)) == "accepted");  // removes the character
}

TEST_CASE("charsmap: sizes are compared with what is there") {
  CHECK_THAT(error_of("ab"), contains("truncated"));
  CHECK_THAT(error_of("\x10\x00\x00\x00"sv), contains("truncated"));
  CHECK_THAT(error_of("\xff\xff\xff\xff    "sv), contains("no multiple of 4"));
  CHECK_THAT(error_of("\x00\x00\x00\x00x\x00"sv), contains("its trie is empty"));
}

TEST_CASE("charsmap: a way out of the trie is refused") {
  auto units = one_rule(0);
  units.resize(511);  // a text's byte may be 255
  CHECK_THAT(error_of(charsmap(units, kReplacements)), contains("leads outside of itself"));
  units = one_rule(0);
  units[0] = offset(512);
  CHECK_THAT(error_of(charsmap(units, kReplacements)), contains("leads outside of itself"));
  units = one_rule(0);
  units[256 ^ 'a'] |= 1U << 9;  // the offset counts in 256s
  CHECK_THAT(error_of(charsmap(units, kReplacements)), contains("leads outside of itself"));
}

TEST_CASE("charsmap: a replacement must lie inside, end and be UTF-8") {
  CHECK_THAT(error_of(charsmap(one_rule(5), kReplacements)), contains("lies outside of it"));
  CHECK_THAT(error_of(charsmap(one_rule(0x7FFFFFFF), kReplacements)), contains("lies outside"));
  CHECK_THAT(error_of(charsmap(one_rule(0), "xyz")), contains("does not end"));
  CHECK_THAT(error_of(charsmap(one_rule(1), "\u00e9\0"sv)), contains("not UTF-8"));
  CHECK_THAT(error_of(charsmap(one_rule(0), std::string(2000, 'x') + '\0')),
             contains("does not end"));
}

TEST_CASE("charsmap: a trie that leads back to itself is refused if that gives matches") {
  auto units = one_rule(0);
  // 'a' leads to the state that it came from.
  units[256 ^ 'a'] = offset('a') | kLeaf | 'a';
  units[256] = 1U << 31;
  CHECK_THAT(error_of(charsmap(units, kReplacements)), contains("too many rules that begin alike"));
  units[256 ^ 'a'] = offset('a') | 'a';
  CHECK(error_of(charsmap(units, kReplacements)) == "accepted");
}
