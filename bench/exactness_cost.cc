// SPDX-License-Identifier: Apache-2.0
// What the fixed order of sums costs: the micro-kernel of matrix products (6 rows x 64 columns,
// bf16 pairs) in the contract's order against the same kernel with a free order, interleaved.
//
//   contract   one accumulator per output over all pairs, the odd element of a pair first
//   even first the other order inside a pair (where two instructions make a pair)
//   split k    the pairs in four parts with sums of their own, added at the end
//   small tile two sums at once for half as many rows: twice the independent chains per output
//
// On x86 with AVX-512 BF16 a pair is one VDPBF16PS, whose order inside the pair is the contract's,
// so even first is the contract there. All variants do the same number of multiply-adds on the same
// packed operands, which stay in the caches as they do in a blocked product.
//
// Build: cmake --build build/release --target bench_exactness. Run: pinned to one CPU; the argument
// is an instruction set (avx2), the best one without.
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/stopwatch.h"
#include "numerics/gemm.h"
#include "numerics/simd_target.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cambium {
namespace {

constexpr size_t kRows = kTileRows, kCols = kPanelCols;

struct Operands {
  size_t pairs;
  const BFloat16* a;  // [rows, 2 * pairs]
  const BFloat16* b;  // a packed panel: per pair 64 lanes of two
  float* c;           // [rows, 64]
};

using Kernel = void (*)(const Operands&);

uint32_t PairWord(const BFloat16* a) {
  uint32_t word;
  std::memcpy(&word, a, sizeof word);
  return word;
}

#if defined(__x86_64__)

// Rows first_row to first_row + kNumRows, with kSums sums per output that take turns at the pairs
// (or each a contiguous part of them).
template <size_t kNumRows, size_t kSums>
__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) void DotRows(const Operands& o,
                                                                             size_t first_row) {
  __m512 acc[kSums][kNumRows][4];
  for (size_t s = 0; s < kSums; ++s) {
    for (size_t r = 0; r < kNumRows; ++r) {
      for (size_t v = 0; v < 4; ++v) acc[s][r][v] = _mm512_setzero_ps();
    }
  }
  for (size_t p = 0; p + kSums <= o.pairs; p += kSums) {
#pragma GCC unroll 4
    for (size_t s = 0; s < kSums; ++s) {
      const BFloat16* panel = o.b + (p + s) * 2 * kCols;
      __m512bh b[4];
#pragma GCC unroll 4
      for (size_t v = 0; v < 4; ++v) b[v] = (__m512bh)_mm512_loadu_si512(panel + v * 32);
#pragma GCC unroll 8
      for (size_t r = 0; r < kNumRows; ++r) {
        const __m512bh a = (__m512bh)_mm512_set1_epi32(
            static_cast<int>(PairWord(o.a + ((first_row + r) * o.pairs + p + s) * 2)));
#pragma GCC unroll 4
        for (size_t v = 0; v < 4; ++v) acc[s][r][v] = _mm512_dpbf16_ps(acc[s][r][v], a, b[v]);
      }
    }
  }
  for (size_t r = 0; r < kNumRows; ++r) {
    for (size_t v = 0; v < 4; ++v) {
      __m512 sum = acc[0][r][v];
      for (size_t s = 1; s < kSums; ++s) sum = _mm512_add_ps(sum, acc[s][r][v]);
      _mm512_storeu_ps(o.c + (first_row + r) * kCols + v * 16, sum);
    }
  }
}

// One accumulator per output, `parts` parts of k one after the other, their sums added through
// memory.
template <size_t kParts>
__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) void SplitK(const Operands& o) {
  alignas(64) static float parts[kParts][kRows * kCols];
  const size_t length = o.pairs / kParts;
  for (size_t part = 0; part < kParts; ++part) {
    __m512 acc[kRows][4];
    for (size_t r = 0; r < kRows; ++r) {
      for (size_t v = 0; v < 4; ++v) acc[r][v] = _mm512_setzero_ps();
    }
    for (size_t p = part * length; p < (part + 1) * length; ++p) {
      __m512bh b[4];
#pragma GCC unroll 4
      for (size_t v = 0; v < 4; ++v) {
        b[v] = (__m512bh)_mm512_loadu_si512(o.b + p * 2 * kCols + v * 32);
      }
#pragma GCC unroll 8
      for (size_t r = 0; r < kRows; ++r) {
        const __m512bh a =
            (__m512bh)_mm512_set1_epi32(static_cast<int>(PairWord(o.a + (r * o.pairs + p) * 2)));
#pragma GCC unroll 4
        for (size_t v = 0; v < 4; ++v) acc[r][v] = _mm512_dpbf16_ps(acc[r][v], a, b[v]);
      }
    }
    for (size_t r = 0; r < kRows; ++r) {
      for (size_t v = 0; v < 4; ++v) {
        _mm512_storeu_ps(parts[part] + r * kCols + v * 16, acc[r][v]);
      }
    }
  }
  for (size_t i = 0; i < kRows * kCols; i += 16) {
    __m512 sum = _mm512_load_ps(parts[0] + i);
    for (size_t part = 1; part < kParts; ++part) {
      sum = _mm512_add_ps(sum, _mm512_load_ps(parts[part] + i));
    }
    _mm512_storeu_ps(o.c + i, sum);
  }
}

void SmallTile(const Operands& o) {
  DotRows<3, 2>(o, 0);
  DotRows<3, 2>(o, 3);
}

// AVX2: a pair is two multiply-adds; 6 rows x 16 columns at once.
template <bool kOddFirst>
__attribute__((target("avx2,fma"))) void PairOrder(const Operands& o) {
  const __m256i high = _mm256_set1_epi32(static_cast<int>(0xffff0000u));
  for (size_t group = 0; group < kCols; group += 16) {
    __m256 acc[kRows][2];
    for (size_t r = 0; r < kRows; ++r) acc[r][0] = acc[r][1] = _mm256_setzero_ps();
    for (size_t p = 0; p < o.pairs; ++p) {
      __m256 odd[2], even[2];
#pragma GCC unroll 2
      for (size_t v = 0; v < 2; ++v) {
        const __m256i b = _mm256_loadu_si256(
            reinterpret_cast<const __m256i*>(o.b + (p * kCols + group + v * 8) * 2));
        odd[v] = _mm256_castsi256_ps(_mm256_and_si256(b, high));
        even[v] = _mm256_castsi256_ps(_mm256_slli_epi32(b, 16));
      }
#pragma GCC unroll 8
      for (size_t r = 0; r < kRows; ++r) {
        const uint32_t word = PairWord(o.a + (r * o.pairs + p) * 2);
        const __m256 a_odd =
            _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(word & 0xffff0000u)));
        const __m256 a_even = _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(word << 16)));
#pragma GCC unroll 2
        for (size_t v = 0; v < 2; ++v) {
          if (kOddFirst) {
            acc[r][v] = _mm256_fmadd_ps(a_odd, odd[v], acc[r][v]);
            acc[r][v] = _mm256_fmadd_ps(a_even, even[v], acc[r][v]);
          } else {
            acc[r][v] = _mm256_fmadd_ps(a_even, even[v], acc[r][v]);
            acc[r][v] = _mm256_fmadd_ps(a_odd, odd[v], acc[r][v]);
          }
        }
      }
    }
    for (size_t r = 0; r < kRows; ++r) {
      for (size_t v = 0; v < 2; ++v) _mm256_storeu_ps(o.c + r * kCols + group + v * 8, acc[r][v]);
    }
  }
}

#endif

struct Variant {
  const char* name;
  Kernel kernel;
  std::vector<double> seconds;
};

std::vector<Variant> Variants(SimdTarget target) {
#if defined(__x86_64__)
  if (target == SimdTarget::kAvx512Bf16) {
    return {{"contract", [](const Operands& o) { DotRows<kRows, 1>(o, 0); }, {}},
            {"free: split k by 4", SplitK<4>, {}},
            {"free: small tile, two sums", SmallTile, {}}};
  }
  return {{"contract", PairOrder<true>, {}}, {"free: even first", PairOrder<false>, {}}};
#else
  (void)target;
  return {};
#endif
}

int Main(int argc, char** argv) {
  if (argc > 1) SetSimdTarget(argv[1]);
  const SimdTarget target = ActiveSimdTarget();
  std::vector<Variant> variants = Variants(target);
  if (variants.empty()) {
    std::printf("no free-order kernels for %s\n", SimdTargetName(target));
    return 0;
  }
  std::printf("%s, one thread; medians of interleaved rounds\n", SimdTargetName(target));
  ThreadPool pool(1);
  for (const size_t depth : {size_t{256}, size_t{768}, size_t{2048}}) {
    Scratch memory[4];
    BFloat16* a = memory[0].Get<BFloat16>(kRows * depth);
    BFloat16* source = memory[1].Get<BFloat16>(kCols * depth);
    BFloat16* b = memory[2].Get<BFloat16>(PackedSize(kCols, depth));
    float* c = memory[3].Get<float>(kRows * kCols);
    for (size_t i = 0; i < kRows * depth; ++i) {
      a[i] = ToBFloat16(static_cast<float>(i * 37 % 101) * 0.02f - 1);
    }
    for (size_t i = 0; i < kCols * depth; ++i) {
      source[i] = ToBFloat16(static_cast<float>(i * 53 % 103) * 0.02f - 1);
    }
    const PackedB<BFloat16> packed = PackRows(source, kCols, depth, depth, b, pool);
    const Operands operands = {depth / 2, a, b, c};
    // The contract's variant is the product's kernel: same bits.
    std::vector<float> expected(kRows * kCols);
    Gemm(kRows, RowMajorA(a, depth), packed, {.data = expected.data(), .row_stride = kCols}, pool);
    variants[0].kernel(operands);
    if (std::memcmp(c, expected.data(), expected.size() * sizeof(float)) != 0) {
      std::printf("the contract's kernel here has other bits than numerics::Gemm\n");
      return 1;
    }
    const size_t calls = (size_t{1} << 27) / (kRows * kCols * depth) + 1;
    for (Variant& variant : variants) variant.seconds.clear();
    double gemm_seconds = 0;
    std::vector<double> gemm;
    for (int round = 0; round < 101; ++round) {
      for (Variant& variant : variants) {
        const Clock::time_point begin = Clock::now();
        for (size_t i = 0; i < calls; ++i) variant.kernel(operands);
        variant.seconds.push_back(SecondsSince(begin));
      }
      const Clock::time_point begin = Clock::now();
      for (size_t i = 0; i < calls; ++i) {
        Gemm(kRows, RowMajorA(a, depth), packed, {.data = c, .row_stride = kCols}, pool);
      }
      gemm.push_back(SecondsSince(begin));
    }
    gemm_seconds = Median(gemm);
    const double flops = 2.0 * static_cast<double>(calls * kRows * kCols * depth);
    const double contract = Median(variants[0].seconds);
    for (const Variant& variant : variants) {
      const double seconds = Median(variant.seconds);
      std::printf("k %5zu  %-28s %7.1f GFLOP/s  contract / this = %.4f\n", depth, variant.name,
                  flops / seconds * 1e-9, contract / seconds);
    }
    std::printf("k %5zu  %-28s %7.1f GFLOP/s  (with its call and dispatch)\n", depth,
                "numerics::Gemm", flops / gemm_seconds * 1e-9);
  }
  return 0;
}

}  // namespace
}  // namespace cambium

int main(int argc, char** argv) { return cambium::Main(argc, argv); }
