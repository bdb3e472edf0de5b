#include "minillama/io/peft_config.h"

#include "minillama/core/error.h"
#include "minillama/io/mapped_file.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/files.h"

using namespace minillama;

namespace {

PeftConfig read_config(const std::filesystem::path& path) {
  const MappedFile file(path);
  return read_peft_config(parse_json(as_text(file.bytes()), path), path);
}

std::filesystem::path golden() {
  return test::repository_file("tests/reference/formats_peft/adapter_config.json");
}

}  // namespace

TEST_CASE("peft config: rank, scale and dropout are read") {
  const auto config = read_config(golden());
  CHECK(config.rank == 2);
  CHECK(config.alpha == 3);
  CHECK(config.dropout == 0);
  const Json least{{"peft_type", "LORA"}, {"r", 4}, {"lora_alpha", 8}};
  CHECK(read_peft_config(least, "a").dropout == 0);
}

TEST_CASE("peft config: every truncation and every wrong byte is survived") {
  std::string content = test::read_text(golden());
  if (content.ends_with("\n")) content.pop_back();  // which JSON does not need
  test::check_every_truncation(content, read_config);
  CHECK(test::check_every_flip(content, read_config) > 0);
}
