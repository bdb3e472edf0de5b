#pragma once

#include <string>

#include "minillama/core/json.h"

#include "support/files.h"

namespace minillama::test {

/// The kinds of tokenizers that tests/reference/byte_pairs.py wrote, with ids and texts.
inline const Json& byte_pairs_reference() {
  static const Json json =
      parse_json(read_text(repository_file("tests/reference/byte_pairs.json")), "byte_pairs.json");
  return json;
}

/// One of its files.
inline std::filesystem::path byte_pairs_file(const std::string& kind) {
  return repository_file("tests/reference/byte_pairs/" + kind + ".json");
}

}  // namespace minillama::test
