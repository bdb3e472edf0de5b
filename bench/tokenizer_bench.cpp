// How fast a tokenizer encodes a text, line by line on one thread, as bench/tokenizer.py compares
// it with Python's tokenizers. Prints the seconds that opening it and encoding took, the bytes, the
// number of ids, and the CRC-32 of all of them as 32-bit numbers.
//
//     tokenizer_bench TOKENIZER TEXT [BYTES]

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "minillama/io/crc32.h"
#include "minillama/io/mapped_file.h"
#include "minillama/text/tokenizer.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace minillama;
  if (argc < 3) {
    fmt::print(stderr, "usage: tokenizer_bench TOKENIZER TEXT [BYTES]\n");
    return 2;
  }
  const MappedFile file(argv[2]);
  std::string_view text = as_text(file.bytes());
  if (argc > 3) text = text.substr(0, std::strtoull(argv[3], nullptr, 10));
  text = text.substr(0, text.rfind('\n') + 1);  // whole lines

  auto start = Clock::now();
  const auto tokenizer = Tokenizer::load(argv[1]);
  const double open_seconds = seconds_since(start);

  std::vector<std::int32_t> ids;
  start = Clock::now();
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    for (const auto id : tokenizer.encode(line)) ids.push_back(static_cast<std::int32_t>(id));
    rest.remove_prefix(line.size() + 1);
  }
  const double seconds = seconds_since(start);
  const std::string_view bytes(reinterpret_cast<const char*>(ids.data()), ids.size() * 4);
  fmt::print("{:.4f} {:.4f} {} {} {:08x}\n", open_seconds, seconds, text.size(), ids.size(),
             crc32(as_bytes(bytes)));
}
