// SPDX-License-Identifier: Apache-2.0
#include "numerics/float16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/philox.h"
#include "numerics/bfloat16.h"
#include "numerics/convert.h"

namespace cambium {
namespace {

// The definition of binary16, in doubles.
double Float16Value(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int mantissa = bits & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

bool IsNanBits(uint16_t bits) { return (bits & 0x7c00) == 0x7c00 && (bits & 0x3ff) != 0; }

TEST(Float16, EveryValueConvertsExactlyAndBack) {
  for (uint32_t i = 0; i < 65536; ++i) {
    const Float16 half{static_cast<uint16_t>(i)};
    const float value = ToFloat(half);
    if (IsNanBits(half.bits)) {
      ASSERT_TRUE(std::isnan(value)) << i;
      // Made quiet, sign and payload kept.
      ASSERT_EQ(ToFloat16(value).bits, i | 0x200) << i;
      continue;
    }
    if ((i & 0x7fff) == 0x7c00) {
      ASSERT_TRUE(std::isinf(value)) << i;
    } else {
      ASSERT_EQ(static_cast<double>(value), Float16Value(half.bits)) << i;
    }
    ASSERT_EQ(std::signbit(value), (i & 0x8000) != 0) << i;
    ASSERT_EQ(ToFloat16(value).bits, i) << i;
  }
}

TEST(Float16, MidpointsGoToEvenAndTheirNeighboursToTheNearest) {
  for (uint32_t i = 0; i < 0x7c00; ++i) {
    const uint16_t lower = static_cast<uint16_t>(i);
    // The value after 65504 would be 65536: the midpoint 65520 is where infinity begins.
    const double next = i + 1 == 0x7c00 ? 65536.0 : Float16Value(static_cast<uint16_t>(i + 1));
    const float middle = static_cast<float>((Float16Value(lower) + next) / 2);
    const float infinity = std::numeric_limits<float>::infinity();
    const uint32_t even = (i & 1) == 0 ? i : i + 1;
    for (const uint32_t sign : {0u, 0x8000u}) {
      const float factor = sign == 0 ? 1.0f : -1.0f;
      ASSERT_EQ(ToFloat16(factor * middle).bits, even | sign) << i;
      ASSERT_EQ(ToFloat16(factor * std::nextafterf(middle, 0.0f)).bits, i | sign) << i;
      ASSERT_EQ(ToFloat16(factor * std::nextafterf(middle, infinity)).bits, (i + 1) | sign) << i;
    }
  }
}

TEST(Float16, RandomBitsRoundToTheNearest) {
  const Philox random(7, RandomPurpose::kTest);
  for (uint64_t i = 0; i < 500000; ++i) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(random.Bits64(0, i)));
    const uint16_t bits = ToFloat16(x).bits;
    if (std::isnan(x)) {
      ASSERT_TRUE(IsNanBits(bits));
      continue;
    }
    const double magnitude = std::fabs(static_cast<double>(x));
    if (magnitude >= 65520.0) {
      ASSERT_EQ(bits & 0x7fff, 0x7c00) << x;
      continue;
    }
    const double error = std::fabs(Float16Value(bits) - x);
    const uint16_t positive = bits & 0x7fff;
    if (positive > 0) {
      ASSERT_LE(error, std::fabs(Float16Value(static_cast<uint16_t>(positive - 1)) - magnitude))
          << x;
    }
    if (positive < 0x7bff) {
      ASSERT_LE(error, std::fabs(Float16Value(static_cast<uint16_t>(positive + 1)) - magnitude))
          << x;
    }
  }
}

TEST(Convert, ArraysAtAnyAlignmentAgreeWithTheScalars) {
  std::vector<float> values(1001);
  const Philox random(8, RandomPurpose::kTest);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = random.Uniform(0, i) * 200.0f - 100.0f;
  }
  std::vector<uint8_t> bytes(2 * values.size() + 1);
  const std::span<uint8_t> odd = std::span(bytes).subspan(1);
  std::vector<float> back(values.size());
  FloatToFloat16Bytes(values, odd);
  Float16BytesToFloat(odd, back);
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(back[i], ToFloat(ToFloat16(values[i])));
  FloatToBFloat16Bytes(values, odd);
  BFloat16BytesToFloat(odd, back);
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(back[i], ToFloat(ToBFloat16(values[i])));
}

}  // namespace
}  // namespace cambium
