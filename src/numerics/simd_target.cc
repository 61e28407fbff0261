// SPDX-License-Identifier: Apache-2.0
#include "numerics/simd_target.h"

#include <hwy/targets.h>
#if defined(__x86_64__)
#include <cpuid.h>
#else
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <atomic>

#include "base/error.h"

namespace cambium {
namespace {

constexpr struct {
  SimdTarget target;
  const char* name;
  // Whether float kernels, and byte kernels, have code of their own for it.
  bool has_floats, has_bytes;
} kTargets[] = {
    {SimdTarget::kAvx2, "avx2", true, true},
    {SimdTarget::kAvx2Vnni, "avx2vnni", false, true},
    {SimdTarget::kAvx512, "avx512", true, true},
    {SimdTarget::kAvx512Vnni, "avx512vnni", false, true},
    {SimdTarget::kAvx512Bf16, "avx512bf16", true, false},
    {SimdTarget::kNeon, "neon", true, true},
    {SimdTarget::kNeonDot, "neondot", false, true},
    {SimdTarget::kNeonI8mm, "neoni8mm", false, true},
};

#if defined(__x86_64__)
int64_t HwyTargets(SimdTarget target) {
  const bool avx2 = target == SimdTarget::kAvx2 || target == SimdTarget::kAvx2Vnni;
  return avx2 ? HWY_AVX2 : (HWY_AVX2 | HWY_AVX3);
}

// VPDPBUSD in its VEX form: CPUID leaf 7, subleaf 1, EAX bit 4 (Intel SDM, table 3-8).
bool HasAvxVnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && ((a >> 4) & 1) != 0;
}
#endif

std::vector<SimdTarget> Detect() {
  std::vector<SimdTarget> targets;
#if defined(__x86_64__)
  const int64_t supported = hwy::SupportedTargets();
  targets.push_back(SimdTarget::kAvx2);
  if (HasAvxVnni()) targets.push_back(SimdTarget::kAvx2Vnni);
  if ((supported & HWY_AVX3) != 0) {
    targets.push_back(SimdTarget::kAvx512);
    if (__builtin_cpu_supports("avx512vnni")) {
      targets.push_back(SimdTarget::kAvx512Vnni);
      if (__builtin_cpu_supports("avx512bf16")) targets.push_back(SimdTarget::kAvx512Bf16);
    }
  }
#else
  targets.push_back(SimdTarget::kNeon);
  if ((getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0) {
    targets.push_back(SimdTarget::kNeonDot);
    if ((getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0) targets.push_back(SimdTarget::kNeonI8mm);
  }
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
  for (const auto& row : kTargets) {
    if (row.target == target) return row.name;
  }
  return "unknown";
}

std::vector<SimdTarget> AvailableSimdTargets(Arithmetic arithmetic) {
  std::vector<SimdTarget> targets;
  for (const SimdTarget target : Detected()) {
    for (const auto& row : kTargets) {
      if (row.target != target) continue;
      if (arithmetic == Arithmetic::kFloat && !row.has_floats) continue;
      if (arithmetic == Arithmetic::kBytes && !row.has_bytes) continue;
      targets.push_back(target);
    }
  }
  return targets;
}

SimdTarget ActiveSimdTarget() {
  const int active = g_active.load(std::memory_order_relaxed);
  return active < 0 ? Detected().back() : static_cast<SimdTarget>(active);
}

ByteProducts ActiveByteProducts() {
  switch (ActiveSimdTarget()) {
    case SimdTarget::kAvx2Vnni:
    case SimdTarget::kAvx512Vnni:
    case SimdTarget::kAvx512Bf16:
    case SimdTarget::kNeonDot:
      return ByteProducts::kDot;
    case SimdTarget::kNeonI8mm:
      return ByteProducts::kMatrix;
    default:
      return ByteProducts::kPortable;
  }
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
  for (const auto& row : kTargets) {
    if (name == row.name) return SetSimdTarget(row.target);
  }
  Fail(ErrorCode::kInvalidArgument, "unknown instruction set '{}'; this machine has {}", name,
       AvailableNames());
}

}  // namespace cambium
