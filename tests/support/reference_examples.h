#pragma once

#include "minillama/train/examples.h"

#include "support/tensors.h"

namespace minillama::test {

/// The examples of a fixture: "ids" of all one after the other, "lengths" and "labels".
inline Examples reference_examples(const Fixture& fixture) {
  Examples examples;
  const auto lengths = fixture.at("lengths");
  std::int64_t start = 0;
  for (std::int64_t i = 0; i < lengths.size(0); ++i) {
    const auto end = start + lengths[i].item<std::int64_t>();
    const auto ids = fixture.at("ids").slice(0, start, end).contiguous();
    const auto* data = ids.data_ptr<std::int64_t>();
    examples.ids.emplace_back(data, data + ids.size(0));
    examples.labels.push_back(fixture.at("labels")[i].item<std::int64_t>());
    start = end;
  }
  return examples;
}

}  // namespace minillama::test
