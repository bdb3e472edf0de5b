#include "minillama/weights/adapter_kinds.h"

#include "minillama/core/error.h"
#include "minillama/io/mapped_file.h"
#include "minillama/weights/lora_options.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

AdapterOptions read_config(const std::filesystem::path& path) {
  const MappedFile file(path);
  return read_peft_config(parse_json(as_text(file.bytes()), path), path);
}

std::filesystem::path golden() {
  return test::repository_file("tests/reference/formats_peft/adapter_config.json");
}

}  // namespace

TEST_CASE("adapter kinds: each is found by its name and reads what it writes") {
  CHECK_FALSE(adapter_kinds().empty());
  for (const auto* kind : adapter_kinds()) {
    INFO(kind->name);
    CHECK(find_adapter_kind(kind->name) == kind);
    const auto options = kind->defaults().with_targets({"w1", "layers.0.attention.compute_key"});
    CHECK(options.kind() == kind->name);
    CHECK(&kind_of(options) == kind);
    CHECK(kind->read(kind->to_json(options), "a") == options);
    Json peft{{"peft_type", kind->peft_type}};
    peft.update(kind->to_peft(options));
    CHECK(peft.at("target_modules") == options.targets());
    CHECK(read_peft_config(peft, "a").with_targets(options.targets()) == options);
  }
  CHECK(find_adapter_kind("ia3") == nullptr);
  CHECK(find_adapter_kind("") == nullptr);
}

TEST_CASE("adapter kinds: LoRA's PEFT config") {
  CHECK((read_config(golden()) == LoraOptions{.rank = 2, .alpha = 3}));
  const Json least{{"peft_type", "LORA"}, {"r", 4}, {"lora_alpha", 8}};
  CHECK((read_peft_config(least, "a") == LoraOptions{.rank = 4, .alpha = 8, .dropout = 0}));
  const Json other{{"peft_type", "IA3"}};
  CHECK(test::file_error([&] { read_peft_config(other, "a"); }) ==
        "a: field \"peft_type\" is \"IA3\", must be \"LORA\"");
}

TEST_CASE("adapter kinds: every truncation and every wrong byte of a PEFT config is survived") {
  std::string content = test::read_text(golden());
  if (content.ends_with("\n")) content.pop_back();  // which JSON does not need
  test::check_every_truncation(content, read_config);
  CHECK(test::check_every_flip(content, read_config) > 0);
}
