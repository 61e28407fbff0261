// SPDX-License-Identifier: Apache-2.0
#include "numerics/simd_target.h"

#include <hwy/targets.h>

#include <atomic>

#include "base/error.h"

namespace cambium {
namespace {

#if defined(__x86_64__)
int64_t HwyTargets(SimdTarget target) {
  return target == SimdTarget::kAvx2 ? HWY_AVX2 : (HWY_AVX2 | HWY_AVX3);
}
#endif

std::vector<SimdTarget> Detect() {
  std::vector<SimdTarget> targets;
#if defined(__x86_64__)
  const int64_t supported = hwy::SupportedTargets();
  targets.push_back(SimdTarget::kAvx2);
  if ((supported & HWY_AVX3) != 0) {
    targets.push_back(SimdTarget::kAvx512);
    if (__builtin_cpu_supports("avx512bf16")) targets.push_back(SimdTarget::kAvx512Bf16);
  }
#else
  targets.push_back(SimdTarget::kNeon);
#endif
  return targets;
}

// Detected before any SetSupportedTargetsForTest narrows what Highway reports.
const std::vector<SimdTarget>& Detected() {
  static const std::vector<SimdTarget> targets = Detect();
  return targets;
}

std::atomic<int> g_active{-1};

std::string AvailableNames() {
  std::string names;
  for (const SimdTarget target : Detected()) {
    if (!names.empty()) names += ", ";
    names += SimdTargetName(target);
  }
  return names;
}

}  // namespace

const char* SimdTargetName(SimdTarget target) {
  switch (target) {
    case SimdTarget::kAvx2:
      return "avx2";
    case SimdTarget::kAvx512:
      return "avx512";
    case SimdTarget::kAvx512Bf16:
      return "avx512bf16";
    case SimdTarget::kNeon:
      return "neon";
  }
  return "unknown";
}

std::vector<SimdTarget> AvailableSimdTargets() { return Detected(); }

SimdTarget ActiveSimdTarget() {
  const int active = g_active.load(std::memory_order_relaxed);
  return active < 0 ? Detected().back() : static_cast<SimdTarget>(active);
}

void SetSimdTarget(SimdTarget target) {
  bool available = false;
  for (const SimdTarget candidate : Detected()) available |= candidate == target;
  if (!available) {
    Fail(ErrorCode::kUnsupported,
         "this CPU or build cannot run the instruction set '{}'; it has {}", SimdTargetName(target),
         AvailableNames());
  }
#if defined(__x86_64__)
  hwy::SetSupportedTargetsForTest(HwyTargets(target));
#endif
  g_active.store(static_cast<int>(target), std::memory_order_relaxed);
}

void SetSimdTarget(std::string_view name) {
  for (const SimdTarget target :
       {SimdTarget::kAvx2, SimdTarget::kAvx512, SimdTarget::kAvx512Bf16, SimdTarget::kNeon}) {
    if (name == SimdTargetName(target)) return SetSimdTarget(target);
  }
  Fail(ErrorCode::kInvalidArgument, "unknown instruction set '{}'; this machine has {}", name,
       AvailableNames());
}

}  // namespace cambium
