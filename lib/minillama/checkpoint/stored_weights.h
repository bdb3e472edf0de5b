#pragma once

// Not part of the public interface.

#include "minillama/checkpoint/stored_model.h"
#include "minillama/weights/weights.h"

namespace minillama {

/// The language model of `stored`, or the Llama of its classifier, as its bytes lie. What nothing
/// computes with as it lies (float64, a view with strides, elements at odd addresses) is copied, as
/// float32 if need be; norms become float32. An active adapter stands beside the matrices that it
/// adapts. One that is no term beside a matrix or its bias is merged into its numbers, float32.
/// Throws FileError unless the tensors are those of the config and adapters, and if the active one
/// is not affine (AdapterOptions::is_affine()).
Weights weights_of(const StoredModel& stored);

/// The head of a classifier, which `stored` is; a bias that is absent is 0. Throws FileError unless
/// its tensors are those of the config.
ClassifierHead head_of(const StoredModel& stored);

}  // namespace minillama
