#include "minillama/io/token_file.h"

#include <numeric>
#include <vector>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/files.h"

using namespace minillama;

namespace {

std::filesystem::path write(const test::TemporaryDirectory& directory, std::uint64_t vocab_size,
                            const std::vector<std::int64_t>& ids) {
  const auto path = directory.path() / "ids.tokens";
  TokenFileWriter writer(
      path,
      {.tokenizer_checksum = 7, .text_checksum = 8, .text_size = 9, .vocab_size = vocab_size});
  // In two parts, as a long text is.
  const auto half = ids.size() / 2;
  writer.write(std::span(ids).first(half));
  writer.write(std::span(ids).subspan(half));
  CHECK(!std::filesystem::exists(path));
  writer.commit();
  return path;
}

}  // namespace

TEST_CASE("token_file: gives back what was written, in two or four bytes an id") {
  for (const std::uint64_t vocab_size : {300ULL, 65536ULL, 65537ULL, 1000000ULL}) {
    const test::TemporaryDirectory directory;
    const auto largest = static_cast<std::int64_t>(vocab_size) - 1;
    const std::vector<std::int64_t> ids{0, 5, largest, 255, 256, largest, 1};
    const TokenFile file(write(directory, vocab_size, ids));
    CHECK(file.size() == 7);
    CHECK((file.source() == TokenSource{7, 8, 9, vocab_size}));
    std::vector<std::int64_t> read(7);
    file.copy(0, read);
    CHECK(read == ids);
    read.resize(3);
    file.copy(2, read);
    CHECK(read == std::vector<std::int64_t>{largest, 255, 256});
    CHECK(std::filesystem::file_size(file.path()) == 40 + 7 * (vocab_size > 65536 ? 4 : 2) + 4);
  }
}

TEST_CASE("token_file: damage of any byte is noticed") {
  const test::TemporaryDirectory directory;
  std::vector<std::int64_t> ids(50);
  std::iota(ids.begin(), ids.end(), 0);
  const auto content = test::read_text(write(directory, 300, ids));
  const test::Reader read = [](const std::filesystem::path& path) { TokenFile file(path); };
  test::check_every_truncation(content, read);
  // What is not noticed here changes what the ids were made from, which whoever opens it compares:
  // two checksums and the size, 16 bytes in all, and a few other sizes of the vocabulary.
  const int refused = test::check_every_flip(content, read);
  CHECK(refused >= static_cast<int>((content.size() - 24) * 3));
}

TEST_CASE("token_file: an id outside the vocabulary is refused") {
  const test::TemporaryDirectory directory;
  CHECK_THROWS_WITH(write(directory, 300, {1, 2, 300}),
                    contains("id 300 is not in the vocabulary of 300"));
}
