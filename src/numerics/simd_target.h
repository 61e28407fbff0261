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
  kAvx2Vnni,    // the same with VPDPBUSD for bytes (AVX-VNNI)
  kAvx512,      // AVX-512 F/BW/DQ/VL, two FMAs for a bf16 pair
  kAvx512Vnni,  // the same with VPDPBUSD for bytes
  kAvx512Bf16,  // AVX-512 with VPDPBUSD and VDPBF16PS
  kNeon,        // AArch64
  kNeonDot,     // the same with SDOT for bytes
  kNeonI8mm,    // the same with SMMLA for bytes of two rows
};

// "avx2", "avx2vnni", "avx512", "avx512vnni", "avx512bf16", "neon", "neondot", "neoni8mm".
const char* SimdTargetName(SimdTarget target);

// What a kernel computes with: of the targets, some differ only in products of bytes, some only in
// those of bf16.
enum class Arithmetic { kAny, kFloat, kBytes };

// Targets of this build that this CPU can run, from the least to the most capable; of those that
// are the same for an arithmetic, one.
std::vector<SimdTarget> AvailableSimdTargets(Arithmetic arithmetic = Arithmetic::kFloat);

// The most capable one, unless SetSimdTarget said otherwise.
SimdTarget ActiveSimdTarget();

// How the active target multiplies bytes: with instructions for pairs of products, for sums of four
// (VPDPBUSD, SDOT), or for two rows by two columns of eight (SMMLA, and SDOT for single rows).
enum class ByteProducts { kPortable, kDot, kMatrix };
ByteProducts ActiveByteProducts();

// For the whole process; not while kernels run. Throws kUnsupported (SetSimdTarget by name:
// kInvalidArgument for an unknown one), naming what is available.
void SetSimdTarget(SimdTarget target);
void SetSimdTarget(std::string_view name);

}  // namespace cambium
