#include "minillama/io/sha256.h"

#include <string>

#include "support/catch.h"

using namespace minillama;

TEST_CASE("sha256: the examples of FIPS 180-4") {
  CHECK(sha256(as_bytes("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256(as_bytes(std::string(1'000'000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256: every length of the last block") {
  CHECK(sha256({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // What Python's hashlib makes of the digests, one after the other, of 0 to 130 letters "x".
  std::string digests;
  for (std::size_t n = 0; n <= 130; ++n) digests += sha256(as_bytes(std::string(n, 'x')));
  CHECK(sha256(as_bytes(digests)) ==
        "87aca1c44bc7ba8897768170211f0a02063de70801131ff86c7edb9ce32c6a50");
}
