// SPDX-License-Identifier: Apache-2.0
// Loops over a row in blocks of sixteen: a body is written once and instantiated for whole blocks
// and for the tail, whose lanes beyond the end are filled with a value the operation ignores (0 for
// sums: adding +0 to a partial sum that started at +0 changes nothing).
#if defined(CAMBIUM_NUMERICS_SIMD_LOOP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_NUMERICS_SIMD_LOOP_INL_H_
#undef CAMBIUM_NUMERICS_SIMD_LOOP_INL_H_
#else
#define CAMBIUM_NUMERICS_SIMD_LOOP_INL_H_
#endif

#include "numerics/vec16-inl.h"

// A lambda of a kernel: compiled for the target and always inlined, so that what it captures by
// reference (accumulators) stays in registers.
#ifndef CAMBIUM_KERNEL_LAMBDA
#define CAMBIUM_KERNEL_LAMBDA HWY_ATTR __attribute__((always_inline))
#endif

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

struct WholeBlock {};
struct Tail {
  size_t n;  // 1 to 15
};

template <typename T>
HWY_INLINE Vec16 LoadBlock(const T* p, WholeBlock, float = 0.0f) {
  return Load(p);
}
template <typename T>
HWY_INLINE Vec16 LoadBlock(const T* p, Tail tail, float rest = 0.0f) {
  return LoadPartial(p, tail.n, rest);
}
template <typename T>
HWY_INLINE void StoreBlock(Vec16 a, T* p, WholeBlock) {
  Store(a, p);
}
template <typename T>
HWY_INLINE void StoreBlock(Vec16 a, T* p, Tail tail) {
  StorePartial(a, p, tail.n);
}

// body(i, block) for i = begin, begin + 16, ...; body: [&](size_t i, auto block)
// CAMBIUM_KERNEL_LAMBDA { ... LoadBlock(x + i, block) ... }.
template <class Body>
HWY_INLINE void ForBlocks(size_t begin, size_t end, const Body& body) {
  size_t i = begin;
  for (; i + kLanes <= end; i += kLanes) body(i, WholeBlock{});
  if (i < end) body(i, Tail{end - i});
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // CAMBIUM_NUMERICS_SIMD_LOOP_INL_H_
