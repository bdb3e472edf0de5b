#include "minillama/model/recomputed_layer.h"

#include <utility>
#include <vector>

#include <torch/autograd.h>
#include <torch/custom_class.h>

#include "minillama/nn/dropout.h"
#include "minillama/ops/fused.h"
#include "minillama/ops/precision.h"

namespace minillama {
namespace {

/// A pass through a layer that can be run again.
struct LayerPass : torch::CustomClassHolder {
  LayerPass(const DecoderLayer& layer_, const AttentionContext& context_, Precision precision_)
      : layer(layer_), context(context_), precision(precision_) {
    if (const auto drawn_from = dropout_generator(); drawn_from.defined()) {
      generator = drawn_from.clone();
    }
  }

  DecoderLayer layer;
  AttentionContext context;
  Precision precision;
  torch::Generator generator;  // in the state before the pass; undefined: nothing is drawn
};

struct RecomputedLayer : torch::autograd::Function<RecomputedLayer> {
  /// `trained` are the layer's, among the arguments so that they get gradients.
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               at::TensorList trained, const c10::intrusive_ptr<LayerPass>& pass) {
    torch::autograd::variable_list kept{x};
    kept.insert(kept.end(), trained.begin(), trained.end());
    context->save_for_backward(std::move(kept));
    context->saved_data["pass"] = torch::IValue::make_capsule(pass);
    return pass->layer->forward(x, pass->context);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    refuse_second_derivative("layer that is computed again");
    const auto pass =
        c10::static_intrusive_pointer_cast<LayerPass>(context->saved_data["pass"].toCapsule());
    auto inputs = context->get_saved_variables();
    const bool x_needed = inputs[0].requires_grad();
    inputs[0] = inputs[0].detach().requires_grad_(x_needed);
    torch::Tensor y;
    {
      const torch::AutoGradMode recorded(true);
      const PrecisionScope precision(pass->precision, inputs[0].device());
      const DropoutScope dropout(pass->generator.defined() ? pass->generator.clone()
                                                           : torch::Generator());
      y = pass->layer->forward(inputs[0], pass->context);
    }
    if (!x_needed) inputs.erase(inputs.begin());
    auto result = torch::autograd::grad({y}, inputs, grads, /*retain_graph=*/{},
                                        /*create_graph=*/false, /*allow_unused=*/true);
    if (!x_needed) result.insert(result.begin(), torch::Tensor());
    result.emplace_back();  // of the pass
    return result;
  }
};

}  // namespace

torch::Tensor recomputed(const DecoderLayer& layer, const torch::Tensor& x,
                         const AttentionContext& context) {
  std::vector<torch::Tensor> trained = layer->parameters();
  std::erase_if(trained, [](const auto& parameter) { return !parameter.requires_grad(); });
  const auto pass = c10::make_intrusive<LayerPass>(layer, context, precision_on(x.device()));
  return RecomputedLayer::apply(x, at::TensorList(trained), pass);
}

}  // namespace minillama
