#pragma once

// Not part of the public interface: whether dropout acts.

#include <memory>
#include <utility>
#include <vector>

#include <torch/nn/module.h>

namespace minillama {

enum class Mode {
  training,    ///< dropout acts
  evaluation,  ///< nothing is random
};

/// Puts a module and all modules in it into a mode, and on destruction, also by an exception, each
/// back into the one that it was in. Not for modules that another thread computes with meanwhile.
class ModeScope {
 public:
  ModeScope(torch::nn::Module& module, Mode mode) {
    for (const auto& part : module.modules(/*include_self=*/false)) {
      before_.emplace_back(part, part->is_training());
    }
    self_ = &module;
    self_was_training_ = module.is_training();
    module.train(mode == Mode::training);
  }
  ~ModeScope() {
    self_->train(self_was_training_);
    for (const auto& [part, was_training] : before_) part->train(was_training);
  }
  ModeScope(const ModeScope&) = delete;
  ModeScope& operator=(const ModeScope&) = delete;

 private:
  torch::nn::Module* self_;
  bool self_was_training_;
  std::vector<std::pair<std::shared_ptr<torch::nn::Module>, bool>> before_;  // outer ones first
};

}  // namespace minillama
