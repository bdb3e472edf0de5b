#include "minillama/text/bpe_merges.h"

#include <map>
#include <random>

#include "support/catch.h"

using namespace minillama;

namespace {

using Symbols = std::vector<std::int32_t>;

/// The definition: again and again the pair of the lowest rank, the leftmost of it.
Symbols merged_plainly(Symbols ids, const std::vector<BpeMerge>& merges) {
  while (true) {
    std::size_t best = merges.size();
    std::size_t place = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      for (std::size_t rank = 0; rank < best; ++rank) {
        if (merges[rank].left != ids[i] || merges[rank].right != ids[i + 1]) continue;
        best = rank;
        place = i;
      }
    }
    if (best == merges.size()) return ids;
    ids[place] = merges[best].result;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
}

/// Merges of pieces over three letters, as training makes them: each of two that there are.
std::vector<BpeMerge> random_merges(std::mt19937& random, int count) {
  std::vector<std::string> texts = {"a", "b", "c"};
  std::map<std::string, std::int32_t> ids = {{"a", 0}, {"b", 1}, {"c", 2}};
  std::map<std::pair<std::int32_t, std::int32_t>, bool> seen;
  std::vector<BpeMerge> merges;
  while (std::ssize(merges) < count) {
    const auto left = static_cast<std::int32_t>(random() % texts.size());
    const auto right = static_cast<std::int32_t>(random() % texts.size());
    const auto text =
        texts[static_cast<std::size_t>(left)] + texts[static_cast<std::size_t>(right)];
    if (text.size() > 8 || seen[{left, right}]) continue;
    seen[{left, right}] = true;
    const auto [place, is_new] = ids.emplace(text, static_cast<std::int32_t>(texts.size()));
    if (is_new) texts.push_back(text);
    merges.push_back({left, right, place->second});
  }
  return merges;
}

}  // namespace

TEST_CASE("byte-pair merges: as merging one pair after the other") {
  std::mt19937 random(5);
  BpeMerges::Workspace workspace;
  for (int round = 0; round < 200; ++round) {
    const auto merges = random_merges(random, 1 + static_cast<int>(random() % 40));
    const BpeMerges table(merges);
    Symbols ids(random() % 60);
    for (auto& id : ids) id = static_cast<std::int32_t>(random() % 3);
    const auto expected = merged_plainly(ids, merges);
    table.apply(ids, workspace);
    CHECK(ids == expected);
  }
}

TEST_CASE("byte-pair merges: without merges everything stays") {
  BpeMerges::Workspace workspace;
  Symbols ids = {1, 2, 3};
  BpeMerges({}).apply(ids, workspace);
  CHECK(ids == Symbols{1, 2, 3});
  ids.clear();
  BpeMerges({}).apply(ids, workspace);
  CHECK(ids.empty());
}
