// SPDX-License-Identifier: Apache-2.0
// The rows of a tensor that may lie in a wider buffer: row n = (outer, inner) of [outer, inner, C]
// starts at outer * stride + inner * C elements.
#pragma once

#include "tensor/tensor.h"

namespace cambium::ops {

struct RowView {
  void* data = nullptr;
  DType dtype = DType::kF32;
  size_t num_rows = 0;
  size_t cols = 0;
  size_t inner = 1;   // rows per outermost index
  size_t stride = 0;  // elements between outermost indices

  // stride 0: contiguous.
  RowView(const Tensor& t, size_t outer_stride)
      : data(t.data),
        dtype(t.dtype),
        num_rows(t.rows()),
        cols(t.cols()),
        inner(t.rank == 3 ? t.dims[1] : 1),
        stride(outer_stride == 0 ? inner * cols : outer_stride) {
    CHECK(stride >= inner * cols);
  }

  template <typename T>
  T* Row(size_t n) const {
    return static_cast<T*>(data) + (n / inner) * stride + (n % inner) * cols;
  }
};

}  // namespace cambium::ops
