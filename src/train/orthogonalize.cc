// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tensor/ops/elementwise.h"
#include "tensor/ops/muon.h"
#include "train/optimizer.h"

namespace cambium {
namespace {

// out[c, r] = in[r, c], f32.
void Transpose(const float* in, size_t rows, size_t cols, float* out, ThreadPool& pool) {
  constexpr size_t kBlock = 32;
  pool.ParallelRanges(cols, kBlock, [&](size_t begin, size_t end, size_t) {
    for (size_t c0 = begin; c0 < end; c0 += kBlock) {
      for (size_t r = 0; r < rows; ++r) {
        for (size_t c = c0; c < std::min(end, c0 + kBlock); ++c)
          out[c * rows + r] = in[r * cols + c];
      }
    }
  });
}

}  // namespace

void Orthogonalize(const Tensor& x, Scratch& work, Scratch& packed, ThreadPool& pool) {
  const bool tall = x.rows() > x.cols();
  const size_t m = std::min(x.rows(), x.cols());
  const size_t n = std::max(x.rows(), x.cols());
  constexpr ops::NewtonSchulzCoefficients k;

  // y [m, n] f32, its bf16 rounding, a x x^T and their polynomial [m, m].
  float* memory = work.Get<float>(2 * m * n + 2 * m * m + (m * n + m * m) / 2 + 64);
  const Tensor y(memory, DType::kF32, {m, n});
  const Tensor scaled(y.f32() + m * n, DType::kF32, {m, n});
  const Tensor gram(scaled.f32() + m * n, DType::kF32, {m, m});
  const Tensor poly(gram.f32() + m * m, DType::kF32, {m, m});
  const Tensor y16(poly.f32() + m * m, DType::kBF16, {m, n});
  const Tensor square16(static_cast<char*>(y16.data) + m * n * sizeof(BFloat16), DType::kBF16,
                        {m, m});
  BFloat16* panels = packed.Get<BFloat16>(std::max(PackedSize(m, n), PackedSize(n, m)));

  if (tall) {
    Transpose(x.f32(), x.rows(), x.cols(), y.f32(), pool);
  } else {
    ops::Cast(x, y, pool);
  }
  const double norm = std::sqrt(ops::SumSquares(y, pool));
  ops::Scale(y, static_cast<float>(1.0 / (norm + 1e-7)), y, pool);

  const auto product = [&](const Tensor& a, const PackedB<BFloat16>& b, const Tensor& out,
                           const float* residual) {
    Gemm(a.rows(), RowMajorA(a.bf16(), a.cols()), b,
         {.store = residual == nullptr ? GemmStore::kF32 : GemmStore::kResidual,
          .data = out.data,
          .row_stride = out.cols(),
          .residual = residual},
         pool);
  };
  for (int i = 0; i < ops::kNewtonSchulzSteps; ++i) {
    ops::Cast(y, y16, pool);
    product(y16, PackRows(y16.bf16(), m, n, n, panels, pool), gram, nullptr);
    // poly = b A + c A A, A symmetric: its rows are its columns.
    ops::Cast(gram, square16, pool);
    const PackedB<BFloat16> b = PackRows(square16.bf16(), m, m, m, panels, pool);
    product(square16, b, poly, nullptr);
    ops::Scale(poly, k.c, poly, pool);
    ops::Scale(gram, k.b, gram, pool);
    ops::Add(gram, poly, poly, pool);
    ops::Cast(poly, square16, pool);
    // y = a y + poly y
    ops::Scale(y, k.a, scaled, pool);
    product(square16, PackColumns(y16.bf16(), m, n, n, panels, pool), y, scaled.f32());
  }
  if (tall) {
    Transpose(y.f32(), m, n, x.f32(), pool);
  } else {
    ops::Cast(y, x, pool);
  }
}

}  // namespace cambium
