#include "minillama/io/pickle.h"

#include <string>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/zip_writer.h"

using namespace minillama;
using namespace std::string_literals;
using test::little_endian;

namespace {

const std::filesystem::path kName = "data.pkl";

/// A pickle of protocol 2 with that body, which outlives what is read from it.
struct Read {
  explicit Read(const std::string& body)
      : text("\x80\x02"s + body + "."), pickle(as_bytes(text), kName) {}
  PickleValue operator*() const { return pickle.root(); }

  std::string text;
  Pickle pickle;
};

void read_body(const std::string& body) {
  Read{body};
}

std::string repeated(const std::string& part, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += part;
  return out;
}

}  // namespace

TEST_CASE("pickle: scalars") {
  CHECK((*Read("N")).is_none());
  CHECK((*Read("\x88")).boolean() == true);
  CHECK((*Read("\x89")).boolean() == false);
  CHECK_FALSE((*Read("\x88")).integer());
  CHECK((*Read("K\xff")).integer() == 255);
  CHECK((*Read("M\xff\xff")).integer() == 65535);
  CHECK((*Read("J\xff\xff\xff\xff")).integer() == -1);
  CHECK((*Read("\x8a\x00"s)).integer() == 0);
  CHECK((*Read("\x8a\x01\x80"s)).integer() == -128);
  CHECK((*Read("\x8a\x02\xff\x00"s)).integer() == 255);
  CHECK((*Read("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"s)).integer() == INT64_MAX);
  CHECK((*Read("\x8b"s + little_endian(3, 4) + "\x00\x00\xff"s)).integer() == -65536);
  CHECK((*Read("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00"s)).kind() == PickleKind::bytes);
  CHECK((*Read("G\x3f\xf8\x00\x00\x00\x00\x00\x00"s)).real() == 1.5);
  CHECK_FALSE((*Read("G\x3f\xf8\x00\x00\x00\x00\x00\x00"s)).integer());
}

TEST_CASE("pickle: text and bytes") {
  CHECK((*Read("X\x03\x00\x00\x00"s + "abc")).string() == "abc");
  CHECK((*Read("\x8c\x01q")).string() == "q");
  CHECK((*Read("\x8d"s + little_endian(2, 8) + "ab")).string() == "ab");
  CHECK((*Read("U\x02hi")).string() == "hi");
  CHECK((*Read("T\x02\x00\x00\x00hi"s)).string() == "hi");
  CHECK((*Read("C\x01q")).kind() == PickleKind::bytes);
  CHECK((*Read("B"s + little_endian(1, 4) + "q")).kind() == PickleKind::bytes);
  CHECK((*Read("\x8e"s + little_endian(1, 8) + "q")).kind() == PickleKind::bytes);
  CHECK((*Read("\x96"s + little_endian(1, 8) + "q")).kind() == PickleKind::bytes);
}

TEST_CASE("pickle: containers") {
  const Read tuple("K\x01K\x02K\x03\x87");
  CHECK((*tuple).kind() == PickleKind::tuple);
  CHECK((*tuple).size() == 3);
  CHECK((*tuple).item(2).integer() == 3);
  CHECK((*Read(")")).size() == 0);
  CHECK((*Read("K\x01\x85")).size() == 1);
  CHECK((*Read("K\x01K\x02\x86")).size() == 2);
  CHECK((*Read("(NNNNt")).size() == 4);
  CHECK((*Read("](K\x01K\x02"
               "eK\x03"
               "a"))
            .item(2)
            .integer() == 3);
  CHECK((*Read("(K\x07l")).item(0).integer() == 7);
  CHECK((*Read("\x8f(K\x01\x90")).size() == 1);
  CHECK((*Read("(K\x01\x91")).kind() == PickleKind::set);
  CHECK_THROWS_AS((*tuple).item(3), std::out_of_range);

  const Read dict("}\x8c\x01xK\x01s(\x8c\x01yK\x02K\x05K\x03u");
  CHECK((*dict).is_mapping());
  CHECK((*dict).size() == 3);
  CHECK((*dict).key(1).string() == "y");
  CHECK((*dict).value(2).integer() == 3);
  REQUIRE((*dict).find("y"));
  CHECK((*dict).find("y")->integer() == 2);
  CHECK_FALSE((*dict).find("z"));
  CHECK((*Read("(\x8c\x01xK\x01\x64")).find("x")->integer() == 1);
  // As in Python the last value for a key counts.
  CHECK((*Read("}(\x8c\x01xK\x01\x8c\x01xK\x02u")).find("x")->integer() == 2);
}

TEST_CASE("pickle: calls become inert objects") {
  const Read system("cos\nsystem\n\x8c\x02ls\x85R");
  CHECK((*system).kind() == PickleKind::object);
  CHECK((*system).callable().is_global("os", "system"));
  CHECK((*system).args().item(0).string() == "ls");
  CHECK((*system).state().is_none());

  const Read ordered("ccollections\nOrderedDict\n)R(\x8c\x01xK\x01u}\x8c\x09_metadataNsb");
  CHECK((*ordered).is_mapping());
  CHECK((*ordered).find("x")->integer() == 1);
  CHECK((*ordered).state().find("_metadata")->is_none());

  const Read made("\x8c\x01m\x8c\x01n\x93)\x81");
  CHECK((*made).callable().module() == "m");
  CHECK((*made).callable().name() == "n");
  CHECK_FALSE((*made).is_mapping());
  CHECK((*Read("cm\nn\n)}\x92")).kind() == PickleKind::object);

  const Read persistent("\x8c\x01pQ");
  CHECK((*persistent).kind() == PickleKind::persistent);
  CHECK((*persistent).item(0).string() == "p");
}

TEST_CASE("pickle: memo and stack operations") {
  CHECK((*Read("K\x05q\x00"
               "0h\x00"s))
            .integer() == 5);
  CHECK((*Read("K\x05r\x03\x00\x00\x00"
               "0j\x03\x00\x00\x00"s))
            .integer() == 5);
  CHECK((*Read("K\x05\x94K\x06\x94"
               "00h\x01"))
            .integer() == 6);
  CHECK((*Read("K\x05"
               "2\x86"))
            .item(0)
            .integer() == 5);
  CHECK((*Read("K\x05(K\x06"
               "1"))
            .integer() == 5);
  CHECK((*Read("K\x05(0")).integer() == 5);
  CHECK((*Read("\x95"s + little_endian(3, 8) + "K\x05")).integer() == 5);
}

TEST_CASE("pickle: values may contain themselves") {
  const Read list(
      "]q\x00h\x00"
      "a"s);
  CHECK((*list).item(0).item(0).item(0).size() == 1);
  const Read dict("}q\x00\x8c\x01xh\x00s"s);
  CHECK((*dict).find("x")->find("x")->size() == 1);
}

TEST_CASE("pickle: depth costs no stack") {
  CHECK((*Read(repeated("]", 1'000'000) + repeated("a", 999'999))).size() == 1);
  CHECK((*Read("N"s + repeated("\x85", 1'000'000))).size() == 1);
  CHECK_THROWS_AS(read_body(repeated("(", 1'000'000)), FileError);
}

TEST_CASE("pickle: sharing does not multiply") {
  // Each list holds the one before twice: 2^1000 paths.
  std::string body = "]q\x00"s;
  for (int i = 1; i <= 200; ++i) {
    body += "0](h"s + little_endian(i - 1, 1) + "h"s + little_endian(i - 1, 1) + "eq" +
            little_endian(i, 1);
  }
  CHECK((*Read(body)).size() == 2);
}

TEST_CASE("pickle: counts are compared with what is there") {
  CHECK_THROWS_AS(read_body("X\xff\xff\xff\xff"
                            "abc"),
                  FileError);
  CHECK_THROWS_AS(read_body("\x8d"s + little_endian(UINT64_MAX, 8)), FileError);
  CHECK_THROWS_AS(read_body("\x96"s + little_endian(INT64_MAX, 8)), FileError);
  CHECK_THROWS_AS(read_body("\x8b"s + little_endian(UINT32_MAX, 4)), FileError);
  CHECK_THROWS_AS(read_body("\x95"s + little_endian(UINT64_MAX, 8) + "N"), FileError);
  CHECK_THROWS_WITH(read_body("Nr\xff\xff\xff\xff"),
                    contains("memo index 4294967295 in a pickle of 9"));
  CHECK_THROWS_AS(read_body("h\x00"s), FileError);
  CHECK_THROWS_AS(read_body("Nq\x02h\x01"), FileError);
  CHECK_THROWS_AS(read_body("cmodule"), FileError);
}

TEST_CASE("pickle: operations need what they work on") {
  for (const std::string body : {"",
                                 "NN",
                                 "(N",
                                 "0",
                                 "1",
                                 "2",
                                 "t",
                                 "e",
                                 "a",
                                 "s",
                                 "u",
                                 "b",
                                 "R",
                                 "Q",
                                 "\x85",
                                 "\x87",
                                 "\x93",
                                 "q\x01",
                                 "\x94",
                                 "Na",
                                 "NNa",
                                 "N(Ne",
                                 "}K\x01"
                                 "a",
                                 "]NNs",
                                 "}(Nu",
                                 "(Nd",
                                 "]Nb",
                                 "NNR",
                                 "NN\x93",
                                 "N(\x85",
                                 "](a",
                                 "](b",
                                 "](q\x01",
                                 "\x8f(N"
                                 "e",
                                 "](N\x90",
                                 "(]1",
                                 "N(2"}) {
    CAPTURE(quote(body));
    CHECK_THROWS_AS(read_body(body), FileError);
  }
}

TEST_CASE("pickle: what only other protocols or processes write is refused") {
  for (const char opcode : "IFLSVPgpio\x82\x83\x84\x97\x98\xff"s) {
    CAPTURE(static_cast<int>(opcode));
    CHECK_THROWS_WITH(read_body("N"s + opcode), contains("not supported"));
  }
  CHECK_THROWS_WITH(read_body("I1\n"), "data.pkl: pickle opcode 0x49 at byte 2: not supported");
  const std::string old = "\x80\x01N.";
  CHECK_THROWS_WITH(Pickle(as_bytes(old), kName), contains("protocol 1, must be 2 to 5"));
  const std::string more = "N.N.";
  CHECK_THROWS_WITH(Pickle(as_bytes(more), kName), contains("2 bytes follow"));
  CHECK_THROWS_AS(Pickle({}, kName), FileError);
}
