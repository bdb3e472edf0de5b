#include "support/adamw.h"

#include <algorithm>

#include "minillama/core/random.h"

#include "support/catch.h"

namespace minillama::test {

std::vector<torch::Tensor> adamw_parameters(torch::ScalarType dtype) {
  auto generator = make_generator(1);
  std::vector<torch::Tensor> parameters;
  const std::vector<std::vector<std::int64_t>> shapes{{300, 301}, {17}, {0}, {1, 2, 3}};
  for (const auto& shape : shapes) {
    parameters.push_back(torch::randn(shape, generator, torch::kDouble).to(dtype));
    parameters.back().requires_grad_();
  }
  return parameters;
}

void set_gradients(const std::vector<torch::Tensor>& parameters, int step) {
  auto generator = make_generator(static_cast<std::uint64_t>(1000 + step));
  for (const auto& p : parameters) {
    p.mutable_grad() = torch::randn(p.sizes(), generator, torch::kDouble).to(p.scalar_type());
  }
}

void run_steps(AdamW& optimizer, const std::vector<torch::Tensor>& parameters, int first,
               int last) {
  for (int step = first; step <= last; ++step) {
    set_gradients(parameters, step);
    optimizer.step();
  }
}

bool equal(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.equal(y); });
}

void check_close(const std::vector<torch::Tensor>& actual,
                 const std::vector<torch::Tensor>& expected, double tolerance) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    INFO("tensor " << i);
    CHECK(torch::allclose(actual[i].to(torch::kDouble), expected[i].to(torch::kDouble), tolerance,
                          tolerance));
  }
}

}  // namespace minillama::test
