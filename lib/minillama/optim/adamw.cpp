#include "minillama/optim/adamw.h"

#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/optim/adamw.h>

#include "minillama/core/check.h"
#include "minillama/core/require.h"
#include "minillama/core/torch_compat.h"
#include "minillama/optim/adamw_update.h"
#include "minillama/optim/clipping.h"

namespace minillama {
namespace {

using torch::optim::AdamWParamState;

void require_group(std::size_t group, std::size_t count) {
  if (group < count) return;
  throw OptionError(fmt::format("adamw: group is {}, must be less than {}", group, count));
}

void validate(const AdamWOptions& options) {
  const auto not_negative = [](std::string_view field, double value) {
    require(std::isfinite(value) && value >= 0, field, value, "be finite and not negative");
  };
  not_negative("adamw: lr", options.lr);
  not_negative("adamw: eps", options.resolved_eps());
  not_negative("adamw: weight_decay", options.weight_decay);
  require(options.beta1 >= 0 && options.beta1 < 1, "adamw: beta1", options.beta1, "lie in [0, 1)");
  require(options.beta2 >= 0 && options.beta2 < 1, "adamw: beta2", options.beta2, "lie in [0, 1)");
  require(options.max_grad_norm >= 0, "adamw: max_grad_norm", options.max_grad_norm,
          "not be negative");
}

/// AdamWOptions in the form in which LibTorch stores and copies options.
class GroupOptions : public torch::optim::OptimizerCloneableOptions<GroupOptions> {
 public:
  explicit GroupOptions(const AdamWOptions& options) : values(options) {}
  explicit GroupOptions(double lr) { values.lr = lr; }  // LibTorch's reader makes one to read into

  double get_lr() const override { return values.lr; }
  void set_lr(double lr) override { values.lr = lr; }

  void serialize(torch::serialize::OutputArchive& archive) const override {
    archive.write("lr", torch::IValue(values.lr));
    archive.write("beta1", torch::IValue(values.beta1));
    archive.write("beta2", torch::IValue(values.beta2));
    archive.write("eps", torch::IValue(values.resolved_eps()));
    archive.write("weight_decay", torch::IValue(values.weight_decay));
    archive.write("max_grad_norm", torch::IValue(values.max_grad_norm));
    archive.write("cmu2025", torch::IValue(values.variant == AdamWVariant::cmu2025));
  }

  void serialize(torch::serialize::InputArchive& archive) override {
    const auto read = [&](const char* key) {
      torch::IValue value;
      archive.read(key, value);
      return value;
    };
    values = {
        .lr = read("lr").toDouble(),
        .beta1 = read("beta1").toDouble(),
        .beta2 = read("beta2").toDouble(),
        .eps = read("eps").toDouble(),
        .weight_decay = read("weight_decay").toDouble(),
        .max_grad_norm = read("max_grad_norm").toDouble(),
        .variant = read("cmu2025").toBool() ? AdamWVariant::cmu2025 : AdamWVariant::decoupled};
  }

  AdamWOptions values;
};

AdamWOptions& options_of(torch::optim::OptimizerParamGroup& group) {
  auto* options = dynamic_cast<GroupOptions*>(&group.options());
  if (options == nullptr) {
    throw OptionError("adamw: a parameter group has another optimizer's options");
  }
  return options->values;
}

std::vector<torch::optim::OptimizerParamGroup> checked(const std::vector<AdamWGroup>& groups,
                                                       double max_grad_norm) {
  require(max_grad_norm >= 0, "adamw: max_grad_norm", max_grad_norm, "not be negative");
  std::vector<torch::optim::OptimizerParamGroup> out;
  std::map<const void*, std::size_t> group_of;
  for (const AdamWGroup& group : groups) {
    validate(group.options);
    require(max_grad_norm == 0 || group.options.max_grad_norm == 0,
            "adamw: max_grad_norm of a group", group.options.max_grad_norm,
            "be 0 where the norm over all groups is clipped");
    std::vector<torch::Tensor> parameters;
    for (const torch::Tensor& parameter : group.parameters) {
      if (!parameter.defined() || !parameter.is_floating_point()) {
        throw OptionError(fmt::format("adamw: a parameter is {}, must be a tensor of real numbers",
                                      describe(parameter)));
      }
      const auto [found, is_new] =
          group_of.try_emplace(parameter.unsafeGetTensorImpl(), out.size());
      if (is_new) parameters.push_back(parameter);
      if (found->second != out.size()) {
        throw OptionError(
            fmt::format("adamw: groups {} and {} share a parameter", found->second, out.size()));
      }
    }
    out.emplace_back(std::move(parameters), std::make_unique<GroupOptions>(group.options));
  }
  return out;
}

/// Zero moments of the parameter's shape; float32 if the parameter's own type is narrower.
AdamWParamState initial_state(const torch::Tensor& parameter) {
  const auto dtype = parameter.element_size() < 4 ? torch::kFloat : parameter.scalar_type();
  AdamWParamState state;
  state.exp_avg(torch::zeros_like(parameter, torch::TensorOptions(dtype).requires_grad(false)));
  state.exp_avg_sq(torch::zeros_like(state.exp_avg()));
  return state;
}

}  // namespace

double AdamWOptions::resolved_eps() const {
  return eps.value_or(variant == AdamWVariant::cmu2025 ? 1e-6 : 1e-8);
}

AdamW::AdamW(std::vector<torch::Tensor> parameters, AdamWOptions options)
    : AdamW(std::vector<AdamWGroup>{{std::move(parameters), options}}) {}

AdamW::AdamW(std::vector<AdamWGroup> groups, double max_grad_norm)
    : Optimizer(
          checked(groups, max_grad_norm),
          std::make_unique<GroupOptions>(groups.empty() ? AdamWOptions{} : groups.front().options)),
      max_grad_norm_(max_grad_norm) {
  // LibTorch 2.14 knows the options of its own optimizers only, and gives others the first group's.
  for (std::size_t i = 0; i < groups.size(); ++i) {
    param_groups_[i].set_options(std::make_unique<GroupOptions>(groups[i].options));
  }
}

torch::Tensor AdamW::step(LossClosure closure) {
  torch::Tensor loss;
  if (closure) {
    const torch::AutoGradMode enable_grad(true);
    loss = closure();
  }
  const torch::NoGradGuard no_grad;
  const std::vector<double> grad_scales = clip();
  std::vector<AdamWUpdate> updates;
  for (std::size_t i = 0; i < param_groups_.size(); ++i) {
    const AdamWOptions& options = options_of(param_groups_[i]);
    for (const torch::Tensor& parameter : param_groups_[i].params()) {
      const torch::Tensor& grad = parameter.grad();
      if (!grad.defined()) continue;
      if (grad.is_sparse()) throw OptionError("adamw: a gradient is sparse, must be dense");
      auto& slot = state_[optimizer_state_key(parameter)];
      if (!slot) slot = std::make_unique<AdamWParamState>(initial_state(parameter));
      auto& state = static_cast<AdamWParamState&>(*slot);
      state.step(state.step() + 1);
      updates.push_back({options, state.step(), grad_scales[i], parameter, grad, state.exp_avg(),
                         state.exp_avg_sq()});
    }
  }
  adamw_update(updates);
  return loss;
}

std::vector<double> AdamW::clip() {
  last_grad_norm_.reset();
  std::vector<double> scales;
  for (auto& group : param_groups_) {
    const AdamWOptions& options = options_of(group);
    validate(options);  // again: LibTorch's schedulers write to them
    scales.push_back(1);
    if (options.max_grad_norm == 0 && max_grad_norm_ == 0) continue;
    const double norm = grad_norm(group.params());
    last_grad_norm_ = std::hypot(last_grad_norm_.value_or(0), norm);
    if (max_grad_norm_ == 0) scales.back() = clip_coefficient(norm, options.max_grad_norm);
  }
  if (max_grad_norm_ > 0) {
    scales.assign(scales.size(), clip_coefficient(last_grad_norm_.value_or(0), max_grad_norm_));
  }
  return scales;
}

const AdamWOptions& AdamW::options(std::size_t group) const {
  require_group(group, param_groups_.size());
  return static_cast<const GroupOptions&>(param_groups_[group].options()).values;
}

void AdamW::set_lr(double lr) {
  for (std::size_t i = 0; i < param_groups_.size(); ++i) set_lr(i, lr);
}

void AdamW::set_lr(std::size_t group, double lr) {
  require_group(group, param_groups_.size());
  AdamWOptions& options = options_of(param_groups_[group]);
  AdamWOptions changed = options;
  changed.lr = lr;
  validate(changed);
  options = changed;
}

std::vector<std::pair<std::string, torch::Tensor>> AdamW::export_state() const {
  std::vector<std::pair<std::string, torch::Tensor>> out;
  std::size_t index = 0;
  for (const auto& group : param_groups_) {
    for (const torch::Tensor& parameter : group.params()) {
      const std::string prefix = fmt::format("{}.", index++);
      const auto found = state_.find(optimizer_state_key(parameter));
      if (found == state_.end()) continue;
      const auto& state = static_cast<const AdamWParamState&>(*found->second);
      out.emplace_back(prefix + "step", torch::scalar_tensor(state.step(), torch::kLong));
      out.emplace_back(prefix + "exp_avg", state.exp_avg());
      out.emplace_back(prefix + "exp_avg_sq", state.exp_avg_sq());
    }
  }
  return out;
}

void AdamW::import_state(const std::vector<std::pair<std::string, torch::Tensor>>& state) {
  std::map<std::string, torch::Tensor> given(state.begin(), state.end());
  if (given.size() != state.size()) throw InputError("adamw state: a name is there twice");
  const auto take = [&](const std::string& name, const torch::Tensor& like) {
    const auto found = given.find(name);
    if (found == given.end()) throw InputError(fmt::format("adamw state: {} is missing", name));
    torch::Tensor tensor = found->second;
    given.erase(found);
    if (!tensor.defined()) throw InputError(fmt::format("adamw state: {} is undefined", name));
    if (tensor.sizes() != like.sizes() || tensor.scalar_type() != like.scalar_type()) {
      throw InputError(
          fmt::format("adamw state: {} is {} {}, must be {} {}", name,
                      torch::toString(tensor.scalar_type()), fmt::join(tensor.sizes(), "x"),
                      torch::toString(like.scalar_type()), fmt::join(like.sizes(), "x")));
    }
    return tensor;
  };

  const torch::NoGradGuard no_grad;
  decltype(state_) imported;
  std::size_t index = 0;
  for (const auto& group : param_groups_) {
    for (const torch::Tensor& parameter : group.params()) {
      const std::string prefix = fmt::format("{}.", index++);
      if (given.lower_bound(prefix) == given.end() ||
          !given.lower_bound(prefix)->first.starts_with(prefix)) {
        continue;  // never stepped
      }
      AdamWParamState fresh = initial_state(parameter);
      fresh.step(take(prefix + "step", torch::scalar_tensor(0, torch::kLong)).item<std::int64_t>());
      if (fresh.step() < 0) {
        throw InputError(
            fmt::format("adamw state: {}step is {}, must not be negative", prefix, fresh.step()));
      }
      fresh.exp_avg().copy_(take(prefix + "exp_avg", fresh.exp_avg()));
      fresh.exp_avg_sq().copy_(take(prefix + "exp_avg_sq", fresh.exp_avg_sq()));
      imported[optimizer_state_key(parameter)] = std::make_unique<AdamWParamState>(fresh);
    }
  }
  if (!given.empty()) {
    throw InputError(fmt::format("adamw state: {} belongs to none of the {} parameters",
                                 quote(given.begin()->first), index));
  }
  state_ = std::move(imported);
}

void AdamW::save(torch::serialize::OutputArchive& archive) const {
  torch::optim::serialize<AdamWParamState, GroupOptions>(archive, *this);
}

void AdamW::load(torch::serialize::InputArchive& archive) {
  try {
    torch::optim::serialize<AdamWParamState, GroupOptions>(archive, *this);
  } catch (const std::exception& error) {  // c10::Error, and others of TorchScript's
    std::string_view problem = error.what();
    problem = problem.substr(0, problem.find('\n'));
    throw InputError(fmt::format("adamw state: {}", printable(problem)));
  }
}

}  // namespace minillama
