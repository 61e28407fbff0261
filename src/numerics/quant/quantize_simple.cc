// SPDX-License-Identifier: Apache-2.0
// Formats whose scale follows from the largest element, without a search (unless weights are
// given). Source: ggml 0.25.1, ggml-quants.c (quantize_row_*_ref, and *_impl with weights).
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "numerics/quant/quantize_blocks.h"
#include "numerics/quant/scale_search.h"

namespace cambium {
namespace {

// With weights: the trial scales of an affine group of 32.
constexpr AffineSearch kAffine32 = {.first = -0.9f, .step = 0.05f, .count = 36, .absolute = false};

float Inverse(float d) { return d != 0 ? 1.0f / d : 0.0f; }

float LargestAbsolute(std::span<const float> x) { return std::fabs(LargestMagnitude(x)); }

// Weights of the errors: importance, more for large elements.
void ElementWeights(const BlockInput& in, std::span<float> weights) {
  for (size_t i = 0; i < in.x.size(); ++i) {
    weights[i] = in.weights[i] * std::sqrt(in.row_mean_square + in.x[i] * in.x[i]);
  }
}

// The formats of 32 in two kinds, symmetric and affine, with 4 or 5 bits. codes: 0 .. 2^bits - 1.
// Both return what is stored as scale (and minimum).
float SymmetricCodes(const BlockInput& in, int bits, std::span<uint8_t> codes) {
  const int half = 1 << (bits - 1);
  if (!in.weights.empty()) {
    float weights[32];
    int8_t fitted[32];
    ElementWeights(in, weights);
    const float d = FitSymmetric(in.x, weights, half, fitted);
    for (size_t i = 0; i < 32; ++i) codes[i] = static_cast<uint8_t>(fitted[i]);
    return d;
  }
  // The element of largest magnitude gets the lowest code, whichever sign it has.
  const float d = LargestMagnitude(in.x) / static_cast<float>(-half);
  const float inverse = Inverse(d);
  const float middle = static_cast<float>(half) + 0.5f;
  for (size_t i = 0; i < 32; ++i) {
    const int code = static_cast<int8_t>(TruncateToByte(in.x[i] * inverse + middle));
    codes[i] = static_cast<uint8_t>(std::min(code, 2 * half - 1));
  }
  return d;
}

AffineScale AffineCodes(const BlockInput& in, int bits, std::span<uint8_t> codes) {
  const int max = (1 << bits) - 1;
  if (!in.weights.empty()) {
    float weights[32];
    ElementWeights(in, weights);
    const AffineScale fitted = FitAffine(in.x, weights, max, kAffine32, codes);
    return {.scale = fitted.scale, .minimum = -fitted.minimum};
  }
  float low = std::numeric_limits<float>::max(), high = -low;
  for (const float x : in.x) {
    if (x < low) low = x;
    if (x > high) high = x;
  }
  const float d = (high - low) / static_cast<float>(max);
  const float inverse = Inverse(d);
  for (size_t i = 0; i < 32; ++i) {
    const uint8_t code = TruncateToByte((in.x[i] - low) * inverse + 0.5f);
    codes[i] =
        bits == 5 ? code : static_cast<uint8_t>(std::min<int>(static_cast<int8_t>(code), max));
  }
  return {.scale = d, .minimum = low};
}

void StoreFifthBit(int code, uint8_t* qh, size_t i) {
  qh[i / 8] = static_cast<uint8_t>(qh[i / 8] | (((code >> 4) & 1) << (i % 8)));
}

// The first of the E2M1 codes that are nearest to x in units of `half_scale`.
uint8_t NearestFp4(float x, float half_scale) {
  size_t best = 0;
  float best_error = std::fabs(static_cast<float>(kFp4Values[0]) * half_scale - x);
  for (size_t code = 1; code < 16; ++code) {
    const float error = std::fabs(static_cast<float>(kFp4Values[code]) * half_scale - x);
    if (error < best_error) {
      best = code;
      best_error = error;
    }
  }
  return static_cast<uint8_t>(best);
}

// floor of log2(x) rounded to f32, x positive and finite: the exponent of x, or one more where x is
// so close below a power of two 2^n that the logarithm rounds to n.
int FloorOfRoundedLog2(float x) {
  int n;  // x = m 2^n, 1/2 <= m < 1
  const float m = std::frexp(x, &n);
  if (n == 0) return -1;
  // log2 x = n + log2 m, about n - missing / ln 2. It rounds to n when that is less than half of
  // the distance between n and the float next to it: 2^(b - 24) with b the exponent of n, and half
  // of that below a positive power of two.
  const uint32_t missing = static_cast<uint32_t>((1.0f - m) * 16777216.0f);  // in 2^-24, exact
  const uint32_t magnitude = static_cast<uint32_t>(n < 0 ? -n : n);
  uint32_t reach = std::bit_floor(magnitude);
  if (n > 0 && std::has_single_bit(magnitude)) reach /= 2;
  if (n == 1) reach = 0;
  constexpr uint32_t kLn2 = 45426;  // in 2^-16
  return missing <= ((reach * kLn2) >> 16) ? n : n - 1;
}

// Rounds half up, as its 3-bit mantissa is cut; saturates at 448.
uint8_t ToUE4M3(float x) {
  if (!(x > 0.0f)) return 0;
  x = std::min(x, 448.0f);
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const int exponent = static_cast<int>(bits >> 23) - 127 + 7;
  if (exponent <= 0) {  // in units of 2^-9
    return static_cast<uint8_t>(std::min(static_cast<int>(x * 512.0f + 0.5f), 7));
  }
  // Exponent and mantissa as one number, so that a carry goes on. From 256 up all is 448.
  const uint32_t mantissa = ((bits >> 20) & 7u) + ((bits >> 19) & 1u);
  const uint32_t code = (static_cast<uint32_t>(exponent) << 3) + mantissa;
  return static_cast<uint8_t>(code >= 0x78u ? 0x7eu : code);
}

// -1, 0, 1 as 0, 1, 2, for x over the largest magnitude. 1 for infinities and NaN, which are there
// when the inverse of a denormal is infinite: lround gives a long without low bits on x86-64.
int TernaryCode(float x) { return std::fabs(x) < 2.0f ? static_cast<int>(std::round(x)) + 1 : 1; }

}  // namespace

void QuantizeBlock(const BlockInput& in, BlockQ4_0* block) {
  uint8_t codes[32];
  StoreHalf(SymmetricCodes(in, 4, codes), block->d);
  for (size_t i = 0; i < 32; ++i) StoreSplitNibble<16>(codes[i], block->qs, i);
}

void QuantizeBlock(const BlockInput& in, BlockQ4_1* block) {
  uint8_t codes[32];
  const AffineScale affine = AffineCodes(in, 4, codes);
  StoreHalf(affine.scale, block->d);
  StoreHalf(affine.minimum, block->m);
  for (size_t i = 0; i < 32; ++i) StoreSplitNibble<16>(codes[i], block->qs, i);
}

void QuantizeBlock(const BlockInput& in, BlockQ5_0* block) {
  uint8_t codes[32];
  StoreHalf(SymmetricCodes(in, 5, codes), block->d);
  for (size_t i = 0; i < 32; ++i) {
    StoreSplitNibble<16>(codes[i], block->qs, i);
    StoreFifthBit(codes[i], block->qh, i);
  }
}

void QuantizeBlock(const BlockInput& in, BlockQ5_1* block) {
  uint8_t codes[32];
  const AffineScale affine = AffineCodes(in, 5, codes);
  StoreHalf(affine.scale, block->d);
  StoreHalf(affine.minimum, block->m);
  for (size_t i = 0; i < 32; ++i) {
    StoreSplitNibble<16>(codes[i], block->qs, i);
    StoreFifthBit(codes[i], block->qh, i);
  }
}

void QuantizeBlock(const BlockInput& in, BlockQ8_0* block) {
  const float d = LargestAbsolute(in.x) / 127.0f;
  const float inverse = Inverse(d);
  StoreHalf(d, block->d);
  for (size_t i = 0; i < 32; ++i) {
    block->qs[i] = static_cast<int8_t>(TruncateToByte(std::round(in.x[i] * inverse)));
  }
}

void QuantizeBlock(const BlockInput& in, BlockMXFP4* block) {
  const float largest = LargestAbsolute(in.x);
  // The largest magnitude of E2M1 is 6 = 1.5 * 2^2. Below 2^-125 the exponent wraps, as on x86-64
  // in the reference: all codes are then 0.
  if (largest > 0 && std::isfinite(largest)) {
    block->e = static_cast<uint8_t>(FloorOfRoundedLog2(largest) - 2 + 127);
  }
  const float half_scale = HalfOfE8M0(block->e);
  for (size_t i = 0; i < 32; ++i) {
    StoreSplitNibble<16>(NearestFp4(in.x[i], half_scale), block->qs, i);
  }
}

void QuantizeBlock(const BlockInput& in, BlockNVFP4* block) {
  for (size_t g = 0; g < 4; ++g) {
    const std::span<const float> x = in.x.subspan(g * 16, 16);
    block->d[g] = ToUE4M3(LargestAbsolute(x) / 6.0f);
    const float half_scale = block->Scale(g);
    for (size_t i = 0; i < 16; ++i) {
      StoreSplitNibble<8>(NearestFp4(x[i], half_scale), block->qs + g * 8, i);
    }
  }
}

void QuantizeBlock(const BlockInput& in, BlockQ1_0* block) {
  float sum = 0;
  for (const float x : in.x) sum += std::fabs(x);
  StoreHalf(sum / 128.0f, block->d);
  for (size_t i = 0; i < 128; ++i) {
    if (in.x[i] >= 0.0f) block->qs[i / 8] = static_cast<uint8_t>(block->qs[i / 8] | 1 << i % 8);
  }
}

void QuantizeBlock(const BlockInput& in, BlockQ2_0* block) {
  const float d = LargestAbsolute(in.x);
  const float inverse = d > 0.0f ? 1.0f / d : 0.0f;
  StoreHalf(d, block->d);
  for (size_t i = 0; i < 64; ++i) {
    const float rounded = std::round(in.x[i] * inverse);
    // Beyond -1 .. 1 only where 1 / d is infinite; a cast of those is the lowest int on x86-64.
    const int code = std::fabs(rounded) <= 1.0f ? static_cast<int>(rounded) + 1 : 0;
    block->qs[i / 4] = static_cast<uint8_t>(block->qs[i / 4] | code << (i % 4 * 2));
  }
}

void QuantizeBlock(const BlockInput& in, BlockTQ1_0* block) {
  const float d = LargestAbsolute(in.x);
  const float inverse = Inverse(d);
  StoreHalf(d, block->d);
  // Bytes of `digits` elements that are `stride` apart, beginning at element `begin`.
  const auto pack = [&](uint8_t* bytes, size_t stride, size_t digits, size_t begin) {
    for (size_t j = 0; j < stride; ++j) {
      uint32_t value = 0;
      for (size_t n = 0; n < 5; ++n) {
        value *= 3;
        if (n < digits) {
          value += static_cast<uint32_t>(TernaryCode(in.x[begin + j + n * stride] * inverse));
        }
      }
      bytes[j] = static_cast<uint8_t>(((value & 255u) * 256 + 242) / 243);
    }
  };
  pack(block->qs, 32, 5, 0);
  pack(block->qs + 32, 16, 5, 160);
  pack(block->qh, 4, 4, 240);
}

void QuantizeBlock(const BlockInput& in, BlockTQ2_0* block) {
  const float d = LargestAbsolute(in.x);
  const float inverse = Inverse(d);
  StoreHalf(d, block->d);
  for (size_t i = 0; i < 256; ++i) {
    StoreCrumbOf256(TernaryCode(in.x[i] * inverse), block->qs, i);
  }
}

}  // namespace cambium
