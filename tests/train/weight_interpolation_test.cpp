#include "minillama/train/weight_interpolation.h"

#include <cmath>

#include "minillama/core/error.h"
#include "minillama/model/decoder_layer.h"

#include "support/catch.h"
#include "support/fine_tuning_run.h"
#include "support/tensors.h"

using namespace minillama;

TEST_CASE("weight interpolation: meets both ends to the bit, and is a line between them") {
  test::FineTuningRun run;
  const auto before = test::copy_of_parameters(*run.model);
  WeightInterpolation weights(run.model);
  CHECK_THROWS_WITH(weights.set(1), contains("not known yet"));
  run.tuning.run();
  weights.finish();
  const auto after = test::copy_of_parameters(*run.model);
  const auto check_at = [&](double alpha) {
    weights.set(alpha);
    const auto now = parameters_of(*run.model);
    for (std::size_t i = 0; i < now.size(); ++i) {
      const auto& [name, tensor] = now[i];
      INFO(name << " at " << alpha);
      const auto& end = after[i].second;
      const bool of_head = name.starts_with("classifier_head");
      const auto expected = of_head ? end : (1 - alpha) * before[i].second + alpha * end;
      const bool is_end = alpha == 0 || alpha == 1 || of_head;
      CHECK(test::difference(tensor, expected, is_end ? 0 : 1e-5, is_end ? 0 : 1e-7) == "");
    }
  };
  for (const double alpha : {0.0, 0.25, 0.75, 1.0}) check_at(alpha);
  CHECK_THROWS_AS(weights.set(std::nan("")), OptionError);
}

TEST_CASE("weight interpolation: of an adapter it scales what is added to the weight") {
  test::FineTuningRun run(true);
  WeightInterpolation weights(run.model);
  run.tuning.run();
  weights.finish();
  auto& linear = run.model->llama->layers->at<DecoderLayerImpl>(0).attention->compute_query;
  const torch::NoGradGuard no_grad;
  const auto merged = [&] { return linear->adapters().at("x")->merged_weight(linear->weight); };
  const auto after = merged();
  CHECK(!after.equal(linear->weight));
  weights.set(0);
  CHECK(merged().equal(linear->weight));
  weights.set(0.3);
  const auto expected = linear->weight + 0.3 * (after - linear->weight);
  CHECK(test::difference(merged(), expected, 1e-5, 1e-7) == "");
  weights.set(1);
  CHECK(merged().equal(after));
}
