// SPDX-License-Identifier: Apache-2.0
// A parameter of a model as operations see it: its values in one or more forms, and its gradient.
// A plain view; memory is owned by the model (model/parameters.h).
#pragma once

#include "numerics/gemm.h"
#include "tensor/tensor.h"

namespace cambium {

struct Weight {
  // Row-major f32: [C] of a norm, [V, C] of an embedding, [out, in] of a linear map. Empty for a
  // matrix that is held packed only (inference).
  Tensor value;
  // The same matrix as a B operand with reduction over `in`, rounded to the compute type. Null
  // data: operations pack from `value` when they need it (training: the value changes every step).
  PackedB<float> packed_f32;
  PackedB<BFloat16> packed_bf16;

  // Room for packed forms that are made on first use and kept until the values change (the owner
  // clears `cached`): worth it when several passes share the values. Null: packed in scratch every
  // time. PackedSize(rows, cols) and PackedSize(cols, rows) elements of the compute type.
  struct PackCache {
    void* data = nullptr;
    bool cached = false;
  };
  PackCache forward_cache, backward_cache;

  // f32, the shape of value; empty when nothing is learned here.
  Tensor grad;
  // The gradient is zero whatever its memory holds: the first contribution of a step overwrites.
  bool grad_is_zero = true;

  size_t rows = 0;  // out
  size_t cols = 0;  // in
};

}  // namespace cambium
