// SPDX-License-Identifier: Apache-2.0
// Tensor: a typed, contiguous, row-major view of memory that somebody else owns (a parameter store,
// an arena, a file map). Copying a Tensor copies the view. No arithmetic lives here: see ops/.
//
// Legend of dimensions, used everywhere in tensor/ops and model:
//   B batch, T tokens, C channels, H heads, D head dim, F FFN width, V vocabulary, L layers,
//   E experts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "base/check.h"
#include "numerics/bfloat16.h"

namespace cambium {

enum class DType : uint8_t { kF32, kBF16 };

inline size_t DTypeBytes(DType dtype) { return dtype == DType::kF32 ? 4 : 2; }
inline const char* DTypeName(DType dtype) { return dtype == DType::kF32 ? "f32" : "bf16"; }

template <typename T>
constexpr DType DTypeOf();
template <>
constexpr DType DTypeOf<float>() {
  return DType::kF32;
}
template <>
constexpr DType DTypeOf<BFloat16>() {
  return DType::kBF16;
}

struct Tensor {
  void* data = nullptr;
  DType dtype = DType::kF32;
  std::array<size_t, 3> dims = {0, 1, 1};  // outermost first; unused trailing dims are 1

  Tensor() = default;
  Tensor(void* data_in, DType dtype_in, std::initializer_list<size_t> dims_in)
      : data(data_in), dtype(dtype_in) {
    CHECK(dims_in.size() >= 1 && dims_in.size() <= dims.size());
    dims = {1, 1, 1};
    size_t i = 0;
    for (const size_t dim : dims_in) dims[i++] = dim;
    rank = i;
  }

  size_t rank = 1;
  bool empty() const { return data == nullptr; }
  size_t size() const { return dims[0] * dims[1] * dims[2]; }
  size_t size_bytes() const { return size() * DTypeBytes(dtype); }
  // A tensor of rank 2 or 3 seen as a matrix: all but the last dim are rows.
  size_t cols() const { return dims[rank - 1]; }
  size_t rows() const { return rank == 1 ? 1 : size() / (cols() == 0 ? 1 : cols()); }

  template <typename T>
  T* ptr() const {
    CHECK(DTypeOf<T>() == dtype);
    return static_cast<T*>(data);
  }
  float* f32() const { return ptr<float>(); }
  BFloat16* bf16() const { return ptr<BFloat16>(); }
};

}  // namespace cambium
