// The input is a pickle and a storage, put into a zip archive with right checksums, which no fuzzer
// would hit upon.

#include "minillama/io/torch_save.h"

#include "support/zip_writer.h"
#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  constexpr std::size_t kStorage = 64;
  const std::size_t split = input.size() - std::min(input.size(), kStorage);
  const MemoryFile memory(
      test::zip_archive({{.name = "x/data.pkl", .content = std::string(input.substr(0, split))},
                         {.name = "x/data/0", .content = std::string(input.substr(split))}}));
  const TorchSaveFile file(memory.path());
  file.scalars_under("model_args");
  const auto tensors = file.has_mapping("model") ? file.tensors_under("model") : file.tensors();
  for (const TensorRecord& record : tensors) use(record);
}
