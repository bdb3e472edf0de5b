#include "minillama/train/parallel_gradients.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include <torch/autograd.h>

#include "minillama/ops/parallel_parts.h"

namespace minillama {
namespace {

/// Takes the results of parts in their order. Parts begin in that order too, so a thread that waits
/// here waits for threads that compute, and never for one that has not begun.
class InOrder {
 public:
  /// Calls `add` when that of every part before `part` has been called, or not at all if one of
  /// them failed.
  void take(std::int64_t part, const std::function<void()>& add) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failed_ || next_ == part; });
    if (failed_) return;
    add();
    ++next_;
    changed_.notify_all();
  }

  /// A part has failed: nobody waits for it any more.
  void fail() {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t next_ = 0;
  bool failed_ = false;
};

/// Adds `gradients` to those that `parameters` have.
void accumulate(const std::vector<torch::Tensor>& parameters,
                torch::autograd::variable_list& gradients) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto& gradient = gradients[i];
    if (!gradient.defined()) continue;
    auto& sum = parameters[i].mutable_grad();
    if (sum.defined()) {
      sum.add_(gradient);
      continue;
    }
    // The next part's are added in place: another parameter's gradient must not be the same tensor
    // nor a view of it, and no number may stand for several elements.
    const bool alone = gradient.use_count() == 1 && gradient.is_non_overlapping_and_dense();
    sum = alone ? std::move(gradient) : gradient.clone(torch::MemoryFormat::Contiguous);
  }
}

}  // namespace

double parallel_gradients(const std::vector<torch::Tensor>& parameters, std::int64_t n_parts,
                          const std::function<torch::Tensor(std::int64_t part)>& loss_of_part) {
  double sum = 0;
  InOrder results;
  const auto compute = [&](std::int64_t part) {
    try {
      double value = 0;
      torch::autograd::variable_list gradients;
      {
        const auto loss = loss_of_part(part);
        value = loss.item<double>();
        gradients = torch::autograd::grad({loss}, parameters, {}, /*retain_graph=*/{},
                                          /*create_graph=*/false, /*allow_unused=*/true);
      }  // the graph is gone before this thread waits
      results.take(part, [&] {
        sum += value;
        accumulate(parameters, gradients);
      });
    } catch (...) {
      results.fail();
      throw;
    }
  };
  parallel_parts(parameters.front().device(), n_parts, compute);
  return sum;
}

}  // namespace minillama
