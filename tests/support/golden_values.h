#pragma once

// What PyTorch computed from the golden files' weights (tests/reference/formats.py), for tests that
// link no LibTorch.

#include <string>
#include <vector>

#include "minillama/io/torch_save.h"

#include "support/catch.h"
#include "support/files.h"

namespace minillama::test {

inline std::filesystem::path golden(const std::string& name) {
  return repository_file("tests/reference/formats" + name);
}

/// A tensor of them, and the length of its second dimension.
template <typename T>
std::vector<T> expected(const std::string& name, std::size_t* length = nullptr) {
  const TorchSaveFile file(golden("_expected.pt"));
  for (const auto& record : file.tensors()) {
    if (record.name != name) continue;
    std::vector<T> values(static_cast<std::size_t>(element_count(record)));
    copy_elements(record, reinterpret_cast<std::byte*>(values.data()));
    if (length != nullptr) *length = static_cast<std::size_t>(record.shape.at(1));
    return values;
  }
  FAIL(name << " is not in the golden file");
  return {};
}

}  // namespace minillama::test
