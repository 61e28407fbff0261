// SPDX-License-Identifier: Apache-2.0
// Which instruction set the kernels use. The bits of every result are the same on all of them
// (numerics contract); the choice is speed, and for tests, proof.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cambium {

enum class SimdTarget {
  kAvx2,        // x86-64-v3: AVX2 + FMA, two FMAs for a bf16 pair
  kAvx512,      // AVX-512 F/BW/DQ/VL, two FMAs for a bf16 pair
  kAvx512Bf16,  // AVX-512 with VDPBF16PS
  kNeon,        // AArch64
};

// "avx2", "avx512", "avx512bf16", "neon".
const char* SimdTargetName(SimdTarget target);

// Targets of this build that this CPU can run, from the least to the most capable.
std::vector<SimdTarget> AvailableSimdTargets();

// The most capable one, unless SetSimdTarget said otherwise.
SimdTarget ActiveSimdTarget();

// For the whole process; not while kernels run. Throws kUnsupported (SetSimdTarget by name:
// kInvalidArgument for an unknown one), naming what is available.
void SetSimdTarget(SimdTarget target);
void SetSimdTarget(std::string_view name);

}  // namespace cambium
