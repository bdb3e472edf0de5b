#include "common/wise_ft.h"

#include "minillama/core/json.h"

#include "common/evaluate.h"
#include "common/output.h"

namespace minillama::app {
void choose_interpolation(ModuleTextClassifier& classifier, WeightInterpolation& weights,
                          std::span<const LabelledSentence> dev, std::int64_t n_steps, bool json) {
  double best_alpha = 1;
  double best_accuracy = -1;
  for (std::int64_t step = n_steps; step >= 0; --step) {
    const double alpha = static_cast<double>(step) / static_cast<double>(n_steps);
    weights.set(alpha);
    const auto matrix = confusion_of(classifier, dev);
    if (json) {
      print("{}\n", Json{{"alpha", alpha},
                         {"dev_accuracy", matrix.accuracy()},
                         {"dev_macro_f1", matrix.macro_f1()}}
                        .dump());
    } else {
      print("alpha {:.3f}: dev accuracy {:.4f}, macro-F1 {:.4f}\n", alpha, matrix.accuracy(),
            matrix.macro_f1());
    }
    if (matrix.accuracy() <= best_accuracy) continue;
    best_accuracy = matrix.accuracy();
    best_alpha = alpha;
  }
  weights.set(best_alpha);
  if (!json) print("alpha {:.3f} is kept\n", best_alpha);
}

}  // namespace minillama::app
