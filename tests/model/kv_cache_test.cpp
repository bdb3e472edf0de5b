#include "minillama/model/kv_cache.h"

#include "minillama/model/llama.h"

#include "support/catch.h"
#include "support/small_model.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

using Ids = std::vector<std::int64_t>;

/// A row of a cache, and what is appended to it.
struct Piece {
  std::int64_t row;
  Ids ids;
};

/// A Llama in float64, which computes rows by themselves and through a cache.
struct Rows {
  Rows() : llama(test::small_config(), make_generator(3)) {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : llama->parameters()) parameter.mul_(8);
    llama->to(torch::kDouble);
    llama->eval();
  }

  /// Appends to the rows of `cache` and compares with passes over each whole row.
  std::string append(const std::vector<Piece>& pieces) {
    const torch::NoGradGuard no_grad;
    Ids packed;
    Ids lengths;
    Ids numbers;
    std::vector<torch::Tensor> expected;
    for (const auto& [row, ids] : pieces) {
      packed.insert(packed.end(), ids.begin(), ids.end());
      lengths.push_back(std::ssize(ids));
      numbers.push_back(row);
      auto& whole = held[static_cast<std::size_t>(row)];
      whole.insert(whole.end(), ids.begin(), ids.end());
      expected.push_back(llama(torch::tensor(whole).unsqueeze(0))[0].slice(0, -std::ssize(ids)));
    }
    const auto hidden =
        llama->forward_packed(torch::tensor(packed), Sequences(lengths), cache, numbers);
    return test::difference(hidden, torch::cat(expected), 0, 1e-11);
  }

  Llama llama;
  KVCache cache{test::small_config(), 3, 12, torch::kDouble};
  std::vector<Ids> held = std::vector<Ids>(3);
};

}  // namespace

TEST_CASE("KV cache: rows of lengths of their own, all or some of them at a time") {
  Rows rows;
  CHECK(rows.append({{0, {1, 7, 30}}, {1, {1}}, {2, {1, 9, 4, 4, 2}}}) == "");
  CHECK(rows.append({{0, {5}}, {1, {6}}, {2, {7}}}) == "");
  CHECK(rows.append({{1, {8, 9, 10}}}) == "");
  CHECK(rows.append({{0, {11, 12}}, {2, {3}}}) == "");
  CHECK(rows.cache.lengths() == Ids{6, 5, 7});
}

TEST_CASE("KV cache: a copied row and a truncated one go on behind what they hold") {
  Rows rows;
  CHECK(rows.append({{0, {1, 7, 30, 3}}, {2, {1, 9}}}) == "");
  rows.cache.copy(0, 1);
  rows.cache.copy(2, 2);
  rows.held[1] = rows.held[0];
  rows.cache.truncate(0, 2);
  rows.held[0].resize(2);
  CHECK(rows.cache.lengths() == Ids{2, 4, 2});
  CHECK(rows.append({{0, {5, 5}}, {1, {6}}, {2, {7}}}) == "");
  rows.cache.truncate(1, 0);
  rows.held[1].clear();
  CHECK(rows.append({{1, {1, 2}}}) == "");
}
