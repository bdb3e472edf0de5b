// Models that convert writes, as the other apps read them.

#include "minillama/io/safetensors.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama;
using namespace minillama::test;
using Catch::Matchers::StartsWith;

TEST_CASE("convert: writes a directory that the apps read") {
  const TemporaryDirectory directory;
  CHECK(run_app("convert", {"--out", "copy"}, directory.path()).exit_code == 0);
  const std::vector<std::string> prompt{"-p", "This movie is", "-n", "5", "--temp", "0"};
  auto with_copy = prompt;
  with_copy.insert(with_copy.end(), {"-m", "copy"});
  CHECK(run_app("generate", with_copy, directory.path()).out ==
        run_app("generate", prompt, directory.path()).out);
}

TEST_CASE("convert: --verify compares what is left of a vocabulary with padding") {
  const TemporaryDirectory directory;
  const SafetensorsFile file(repository_file("tests/reference/formats_hf/model.safetensors"));
  auto tensors = file.tensors();
  const auto embeddings =
      std::ranges::find(tensors, "model.embed_tokens.weight", &TensorRecord::name);
  REQUIRE(embeddings != tensors.end());
  std::vector<std::byte> padded(embeddings->data.begin(), embeddings->data.end());
  padded.resize(padded.size() / 268 * 272, std::byte{63});
  embeddings->shape[0] = 272;
  embeddings->data = padded;
  std::filesystem::create_directory(directory.path() / "m");
  write_safetensors(directory.path() / "m/model.safetensors", tensors, {});
  auto config = read_text(repository_file("tests/reference/formats_hf/config.json"));
  config.replace(config.find("268"), 3, "272");
  directory.file("m/config.json", config);
  for (const auto* to : {"gguf", "hf"}) {
    const auto outcome =
        run_app("convert",
                {"-m", "m", "--tokenizer", repository_file("tests/reference/formats_f32.gguf"),
                 "--to", to, "--out", to, "--verify"},
                directory.path());
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.out, StartsWith("largest logit difference: "));
  }
}
