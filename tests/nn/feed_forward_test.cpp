#include "minillama/nn/feed_forward.h"

#include "minillama/core/random.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/tensors.h"

using namespace minillama;

TEST_CASE("feed forward: computes what PyTorch computes, with its gradients") {
  const auto expected = test::load_fixture(test::repository_file("tests/reference/nn.pt"));
  FeedForward network(ModelConfig{.dim = 8, .n_heads = 2, .hidden_dim = 24}.resolved(),
                      make_generator(0));
  network->to(torch::kDouble);
  for (auto& item : network->named_parameters()) {
    item.value().set_data(expected.at("feed_forward." + item.key()).clone());
  }
  const auto& x = expected.at("feed_forward.x");
  CHECK(test::difference(network(x), expected.at("feed_forward.y"), 0, 1e-12) == "");
  CHECK(test::gradient_difference([&](const auto& in) { return network(in[0]); }, {x}) == "");
  CHECK(test::parameter_gradient_difference(*network, [&] { return network(x); }) == "");
}
