#include "minillama/ops/sequences.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("sequences: places of tokens") {
  const Sequences sequences({2, 3, 1});
  CHECK(sequences.size() == 3);
  CHECK(sequences.longest() == 3);
  CHECK(sequences.n_tokens() == 6);
  CHECK_FALSE(sequences.all_equal());
  CHECK(sequences.positions().equal(torch::tensor({0, 1, 0, 1, 2, 0})));
  CHECK(sequences.last_tokens().equal(torch::tensor({1, 4, 5})));
  CHECK(sequences.padding().equal(
      torch::tensor({0, 0, 1, 0, 0, 0, 0, 1, 1}).view({3, 3}).to(torch::kBool)));
}

TEST_CASE("sequences: to rows and back") {
  const Sequences sequences({2, 3, 1});
  const auto tokens = torch::arange(1, 13).view({6, 2});
  const auto rows = sequences.to_rows(tokens);
  CHECK(rows.equal(
      torch::tensor({1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0}).view({3, 3, 2})));
  CHECK(sequences.to_tokens(rows).equal(tokens));
}

TEST_CASE("sequences: rows of equal length are a view") {
  const auto sequences = Sequences::rectangle(2, 3);
  CHECK(sequences.all_equal());
  const auto tokens = torch::arange(12).view({6, 2});
  const auto rows = sequences.to_rows(tokens);
  CHECK(rows.equal(tokens.view({2, 3, 2})));
  CHECK(rows.data_ptr() == tokens.data_ptr());
  CHECK(sequences.to_tokens(rows).equal(tokens));
}

TEST_CASE("sequences: nothing and empty sequences are refused") {
  CHECK_THROWS(Sequences({}));
  CHECK_THROWS(Sequences({3, 0}));
}
