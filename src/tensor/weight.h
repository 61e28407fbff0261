// SPDX-License-Identifier: Apache-2.0
// A parameter of a model as operations see it: its values in one or more forms, and its gradient.
// A plain view; memory is owned by the model (model/parameters.h).
#pragma once

#include <cstdint>
#include <vector>

#include "numerics/gemm.h"
#include "numerics/quant/dequantize.h"
#include "numerics/quant/quant_gemm.h"
#include "tensor/tensor.h"

namespace cambium {

// A matrix as a file holds it: rows of whole blocks, in memory that outlives the view.
struct StoredMatrix {
  QuantBlocks blocks;  // no bytes: there is none
  // Row n of the matrix is row row_order[n] of the blocks; empty: row n.
  std::vector<uint32_t> row_order;

  bool empty() const { return blocks.bytes.empty(); }
  // Rows [begin, begin + out.size() / cols) as floats.
  void ReadRows(size_t begin, size_t cols, std::span<float> out) const;
};

struct Weight {
  // Row-major f32: [C] of a norm, [V, C] of an embedding, [out, in] of a linear map. Empty for a
  // matrix that is held packed or stored only (inference).
  Tensor value;
  // The matrix in its file, instead of a value.
  StoredMatrix stored;
  // The same matrix as a B operand with reduction over `in`, rounded to the compute type. Null
  // data: operations pack from `value` when they need it (training: the value changes every step).
  PackedB<float> packed_f32;
  PackedB<BFloat16> packed_bf16;
  // The same for a matrix stored in f16 that meets f32 activations.
  PackedB<Float16> packed_f16;
  // The same for a stored matrix in a format that is multiplied as integers (quant_gemm.h).
  PackedQuant packed_quant;

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
