// SPDX-License-Identifier: Apache-2.0
#include "numerics/machine_peak.h"

#include <algorithm>
#include <vector>

#include "base/stopwatch.h"
#include "numerics/gemm.h"
#include "numerics/simd_target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "numerics/machine_peak.cc"
#include <hwy/foreach_target.h>

#include "numerics/gemm_tile-inl.h"
#include "numerics/quant/quant_byte_dot-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

// Independent chains: latency of a fused multiply-add times the number of units, with room.
inline constexpr size_t kChains = HWY_MAX_BYTES >= 64 ? 24 : 12;

// Returns floating-point operations done; `sink` keeps the compiler from dropping them.
double SpinF32(size_t rounds, float* sink) {
  const TileF df;
  TileVec acc[kChains];
  for (auto& a : acc) a = hn::Zero(df);
  const TileVec x = hn::Set(df, sink[0]), y = hn::Set(df, sink[1]);
  for (size_t i = 0; i < rounds; ++i) {
    HWY_UNROLL(32) for (size_t c = 0; c < kChains; ++c) acc[c] = hn::MulAdd(x, y, acc[c]);
  }
  TileVec sum = hn::Zero(df);
  for (auto& a : acc) sum = hn::Add(sum, a);
  sink[2] = hn::GetLane(sum);
  return 2.0 * static_cast<double>(rounds * kChains * hn::Lanes(df));
}

template <bool kBf16Dot>
double SpinBF16Dot(size_t rounds, float* sink) {
  const TileF df;
  const TileU du;
  TileVec acc[kChains];
  for (auto& a : acc) a = hn::Zero(df);
  const auto x = hn::BitCast(du, hn::Set(df, sink[0])), y = hn::BitCast(du, hn::Set(df, sink[1]));
  for (size_t i = 0; i < rounds; ++i) {
    HWY_UNROLL(32) for (size_t c = 0; c < kChains; ++c) acc[c] = DotPair<kBf16Dot>(x, y, acc[c]);
  }
  TileVec sum = hn::Zero(df);
  for (auto& a : acc) sum = hn::Add(sum, a);
  sink[2] = hn::GetLane(sum);
  return 4.0 * static_cast<double>(rounds * kChains * hn::Lanes(df));
}

double SpinBF16(size_t rounds, float* sink, bool bf16_dot) {
#if HWY_TARGET == HWY_AVX3
  if (bf16_dot) return SpinBF16Dot<true>(rounds, sink);
#endif
  (void)bf16_dot;
  return SpinBF16Dot<false>(rounds, sink);
}

// Makes the compiler forget what x holds: else it would take products of it out of a loop.
HWY_INLINE void Forget(VecU8& x) {
#if HWY_ARCH_ARM
  asm volatile("" : "+w"(x.raw));
#elif HWY_TARGET == HWY_AVX3
  asm volatile("" : "+v"(x.raw));
#else
  asm volatile("" : "+x"(x.raw));
#endif
}

template <ByteProducts kProducts>
double SpinByteDot(size_t rounds, float* sink) {
  const TileI di;
  VecI32 acc[kChains];
  HWY_UNROLL(32) for (size_t c = 0; c < kChains; ++c) acc[c] = hn::Zero(di);
  const auto word = static_cast<uint32_t>(0x01020301 + static_cast<int>(sink[0] * 64));
  VecU8 x = hn::BitCast(ByteTag(), hn::Set(TileU(), word));
  for (size_t i = 0; i < rounds; ++i) {
    HWY_UNROLL(32) for (size_t c = 0; c < kChains; ++c) {
#if HWY_ARCH_ARM
      if constexpr (kProducts == ByteProducts::kMatrix) {
        acc[c] = MatrixDot(acc[c], x, x);
        continue;
      }
#endif
      acc[c] = ByteDot<kProducts, CodeForm::kOffset>(acc[c], x, x);
      Forget(x);
    }
  }
  VecI32 sum = hn::Zero(di);
  HWY_UNROLL(32) for (size_t c = 0; c < kChains; ++c) sum = hn::Add(sum, acc[c]);
  sink[2] = static_cast<float>(hn::GetLane(sum));
  const double per_lane = kProducts == ByteProducts::kMatrix ? 16.0 : 8.0;
  return per_lane * static_cast<double>(rounds * kChains * hn::Lanes(di));
}

double SpinBytes(size_t rounds, float* sink, ByteProducts products) {
#if HWY_ARCH_ARM
  if (products == ByteProducts::kMatrix) return SpinByteDot<ByteProducts::kMatrix>(rounds, sink);
#endif
  return products == ByteProducts::kPortable ? SpinByteDot<ByteProducts::kPortable>(rounds, sink)
                                             : SpinByteDot<ByteProducts::kDot>(rounds, sink);
}

void ReadAll(const float* data, size_t size, float* sink) {
  const TileF df;
  const size_t lanes = hn::Lanes(df);
  TileVec acc[4] = {hn::Zero(df), hn::Zero(df), hn::Zero(df), hn::Zero(df)};
  for (size_t i = 0; i + 4 * lanes <= size; i += 4 * lanes) {
    for (size_t c = 0; c < 4; ++c) acc[c] = hn::Add(acc[c], hn::LoadU(df, data + i + c * lanes));
  }
  *sink = hn::GetLane(hn::Add(hn::Add(acc[0], acc[1]), hn::Add(acc[2], acc[3])));
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium {
namespace {

HWY_EXPORT(SpinF32);
HWY_EXPORT(SpinBF16);
HWY_EXPORT(SpinBytes);
HWY_EXPORT(ReadAll);

// Repeats run(), which returns a rate, for the given time, and at least five times: the median.
template <typename Fn>
double MedianRate(double milliseconds, const Fn& run) {
  std::vector<double> rates;
  const Clock::time_point start = Clock::now();
  run();
  while (rates.size() < 5 || SecondsSince(start) * 1000 < milliseconds) rates.push_back(run());
  return Median(std::move(rates));
}

struct alignas(64) Sink {
  float values[16] = {1e-3f, 1e-3f};
};

}  // namespace

MachinePeak MeasureMachinePeak(ThreadPool& pool, double milliseconds) {
  MachinePeak peak;
  const size_t threads = pool.num_threads();
  std::vector<Sink> sinks(threads);
  const bool bf16_dot = ActiveSimdTarget() == SimdTarget::kAvx512Bf16;
  constexpr size_t kRounds = 100'000;
  const auto flops_rate = [&](const auto& spin) {
    return MedianRate(milliseconds, [&] {
      std::vector<double> flops(threads);
      const Clock::time_point start = Clock::now();
      pool.ParallelFor(threads,
                       [&](size_t task, size_t) { flops[task] = spin(sinks[task].values); });
      double total = 0;
      for (const double f : flops) total += f;
      return total / SecondsSince(start);
    });
  };
  peak.f32_flops_per_s =
      flops_rate([&](float* sink) { return HWY_DYNAMIC_DISPATCH(SpinF32)(kRounds, sink); });
  peak.bf16_flops_per_s = flops_rate(
      [&](float* sink) { return HWY_DYNAMIC_DISPATCH(SpinBF16)(kRounds, sink, bf16_dot); });
  const ByteProducts products = ActiveByteProducts();
  peak.byte_ops_per_s = flops_rate(
      [&](float* sink) { return HWY_DYNAMIC_DISPATCH(SpinBytes)(kRounds, sink, products); });
  return peak;
}

double MeasureReadSpeed(ThreadPool& pool, double milliseconds) {
  std::vector<Sink> sinks(pool.num_threads());
  // Several times a large last-level cache.
  constexpr size_t kReadFloats = size_t{64} << 20;
  Scratch memory;
  float* data = memory.Get<float>(kReadFloats);
  std::fill_n(data, kReadFloats, 1.0f);
  constexpr size_t kPiece = size_t{1} << 20;
  return MedianRate(milliseconds, [&] {
    const Clock::time_point start = Clock::now();
    pool.ParallelFor(kReadFloats / kPiece, [&](size_t task, size_t thread) {
      HWY_DYNAMIC_DISPATCH(ReadAll)(data + task * kPiece, kPiece, &sinks[thread].values[3]);
    });
    return static_cast<double>(kReadFloats * sizeof(float)) / SecondsSince(start);
  });
}

}  // namespace cambium
#endif  // HWY_ONCE
