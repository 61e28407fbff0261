// SPDX-License-Identifier: Apache-2.0
// Both directions against vectors that ggml made (bench/peers/quant_vectors.py), and what must hold
// for any bytes and any floats.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <map>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/philox.h"
#include "base/thread_pool.h"
#include "numerics/quant/dequantize.h"
#include "numerics/quant/quant_blocks.h"
#include "numerics/quant/quantize.h"

namespace cambium {
namespace {

std::vector<uint8_t> FromHex(const std::string& hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::string HexOf(std::span<const uint8_t> bytes) {
  std::string hex;
  for (const uint8_t byte : bytes) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::vector<float> FloatsOf(const std::string& hex) {
  const std::vector<uint8_t> bytes = FromHex(hex);
  std::vector<float> floats(bytes.size() / 4);
  std::memcpy(floats.data(), bytes.data(), bytes.size());
  return floats;
}

std::span<const uint8_t> BytesOf(const std::vector<float>& floats) {
  return {reinterpret_cast<const uint8_t*>(floats.data()), floats.size() * sizeof(float)};
}

std::string_view TextOf(const std::vector<float>& floats) {
  return {reinterpret_cast<const char*>(floats.data()), floats.size() * sizeof(float)};
}

std::vector<float> Dequantized(GgmlType type, std::span<const uint8_t> bytes) {
  std::vector<float> out(QuantBlocks{type, bytes}.size());
  Dequantize(type, bytes, out);
  return out;
}

std::vector<uint8_t> Quantized(GgmlType type, std::span<const float> rows, uint64_t columns,
                               std::span<const float> importance = {}) {
  std::vector<uint8_t> bytes(GgmlBytes(type, rows.size()), 0xaa);
  QuantizeRows(type, rows, columns, importance, bytes);
  return bytes;
}

// Lines of quant_vectors.txt as words.
std::vector<std::vector<std::string>> VectorLines() {
  std::istringstream file(
      ReadFile(std::string(CAMBIUM_SOURCE_DIR) + "/src/numerics/quant/quant_vectors.txt"));
  std::vector<std::vector<std::string>> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    lines.emplace_back(std::istream_iterator<std::string>(words),
                       std::istream_iterator<std::string>());
  }
  return lines;
}

float Normal(uint64_t i) {
  // Twelve uniform numbers, as good as normal for this.
  const Philox random(7, RandomPurpose::kTest);
  float sum = -6;
  for (uint64_t n = 0; n < 3; ++n) {
    for (const uint32_t bits : random.Block(i, n)) sum += static_cast<float>(bits) * 0x1p-32f;
  }
  return sum;
}

TEST(QuantTypes, TheTableIsThatOfTheBlocks) {
  size_t with_blocks = 0;
  for (const GgmlTypeInfo& info : GgmlTypes()) {
    EXPECT_EQ(GgmlTypeInfoOf(info.type)->name, info.name);
    EXPECT_EQ(FindGgmlType(info.name)->type, info.type);
    EXPECT_TRUE(info.readable || !info.writable) << info.name;
    with_blocks += VisitBlock(info.type, [&]<typename Block>(std::type_identity<Block>) {
      EXPECT_EQ(sizeof(Block), info.block_bytes) << info.name;
      EXPECT_EQ(Block::kSize, info.block_size) << info.name;
      EXPECT_TRUE(info.readable) << info.name;
    });
  }
  EXPECT_EQ(with_blocks, 26u);
  EXPECT_EQ(FindGgmlType("q4_k")->type, GgmlType::kQ4_K);
  EXPECT_FALSE(FindGgmlType("Q4_K_M"));
  EXPECT_FALSE(GgmlTypeInfoOf(GgmlType{4}));
  EXPECT_FALSE(GgmlTypeInfoOf(GgmlType{99}));
  EXPECT_EQ(GgmlTypeName(GgmlType{99}), "type 99");
}

TEST(Quant, DequantizesAsGgml) {
  std::map<std::string, size_t> seen;
  for (const std::vector<std::string>& words : VectorLines()) {
    if (words[0] != "blocks") continue;
    const GgmlType type = FindGgmlType(words[1])->type;
    const std::vector<float> floats = Dequantized(type, FromHex(words[2]));
    std::vector<float> head = floats;
    head.resize(std::min<size_t>(head.size(), 16));
    EXPECT_EQ(HexOf(BytesOf(head)), words[4]) << words[1] << ' ' << words[2];
    EXPECT_EQ(ToHex(Sha256Of(TextOf(floats))), words[3]) << words[1] << ' ' << words[2];
    ++seen[words[1]];
  }
  for (const GgmlTypeInfo& info : GgmlTypes()) {
    if (info.readable && info.type != GgmlType::kF32) {
      EXPECT_GE(seen[info.name], 6u) << info.name;
    }
  }
}

TEST(Quant, QuantizesAsGgmlWithAndWithoutImportance) {
  std::map<std::string, std::vector<float>> inputs, importance;
  importance["-"] = {};
  std::map<std::string, size_t> plain, weighted;
  for (const std::vector<std::string>& words : VectorLines()) {
    if (words[0] == "input") inputs[words[1]] = FloatsOf(words[2]);
    if (words[0] == "importance") importance[words[1]] = FloatsOf(words[2]);
    if (words[0] != "quantized") continue;
    const GgmlType type = FindGgmlType(words[1])->type;
    const auto bytes = Quantized(type, inputs.at(words[2]), 256, importance.at(words[3]));
    EXPECT_EQ(HexOf(bytes), words[4]) << words[1] << ' ' << words[2] << ' ' << words[3];
    ++(words[3] == "-" ? plain : weighted)[words[1]];
  }
  for (const GgmlTypeInfo& info : GgmlTypes()) {
    if (info.writable && info.type != GgmlType::kF32) {
      EXPECT_GE(plain[info.name], 8u) << info.name;
    }
    EXPECT_EQ(weighted[info.name] > 0, UsesImportance(info.type)) << info.name;
  }
}

// A sanitizer sees what is read or shifted beyond bounds.
TEST(Quant, AnyBytesGiveTheSameFloatsInAnyModeOfDenormals) {
  const Philox random(3, RandomPurpose::kTest);
  for (const GgmlTypeInfo& info : GgmlTypes()) {
    if (!info.readable) continue;
    for (uint64_t round = 0; round < 40; ++round) {
      // On the heap, exactly as many, and not aligned.
      std::vector<uint8_t> bytes(info.block_bytes * 3 + 1);
      for (size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<uint8_t>(round == 0   ? 0
                                        : round == 1 ? 0xff
                                                     : random.Block(round, i)[0]);
      }
      const std::span<const uint8_t> blocks = std::span<const uint8_t>(bytes).subspan(1);
      const std::vector<float> kept = Dequantized(info.type, blocks);
      const ScopedFlushDenormals flush;
      const std::vector<float> flushed = Dequantized(info.type, blocks);
      ASSERT_EQ(HexOf(BytesOf(kept)), HexOf(BytesOf(flushed))) << info.name;
    }
  }
}

TEST(Quant, AnyFloatsGiveTheSameBlocksInAnyModeOfDenormalsAndAnySplitOfRows) {
  const Philox random(4, RandomPurpose::kTest);
  const float infinity = std::numeric_limits<float>::infinity();
  const float specials[] = {infinity, -infinity, std::nanf(""), 3e38f, -3e38f, 1e-45f, -0.0f};
  for (const GgmlTypeInfo& info : GgmlTypes()) {
    if (!info.writable) continue;
    for (uint64_t round = 0; round < 12; ++round) {
      std::vector<float> rows(2 * 512), importance(512);
      for (size_t i = 0; i < rows.size(); ++i) {
        const uint32_t bits = random.Block(round, i)[0];
        rows[i] = round < 4   ? std::bit_cast<float>(bits)
                  : round < 8 ? std::ldexp(Normal(i), -130 - static_cast<int>(round))
                              : Normal(i + round);
        if (round % 2 == 1 && bits % 16 == 0) rows[i] = specials[bits / 16 % 7];
      }
      for (size_t i = 0; i < importance.size(); ++i) importance[i] = std::fabs(Normal(i));
      const std::span<const float> weights =
          round % 3 == 0 ? std::span<const float>() : std::span<const float>(importance);
      const std::vector<uint8_t> whole = Quantized(info.type, rows, 512, weights);
      const ScopedFlushDenormals flush;
      std::vector<uint8_t> parts = Quantized(info.type, std::span(rows).first(512), 512, weights);
      const auto second = Quantized(info.type, std::span(rows).subspan(512), 512, weights);
      parts.insert(parts.end(), second.begin(), second.end());
      ASSERT_EQ(HexOf(whole), HexOf(parts)) << info.name << ' ' << round;
    }
  }
}

// What a format can hold at best; a code in the wrong place misses this by far.
TEST(Quant, RoundTripsAreAsGoodAsTheirBits) {
  const std::map<std::string, double> limits = {
      {"F16", 3e-4},    {"BF16", 3e-3},   {"Q8_0", 0.006}, {"Q6_K", 0.02}, {"Q5_0", 0.05},
      {"Q5_1", 0.05},   {"Q5_K", 0.04},   {"Q4_0", 0.1},   {"Q4_1", 0.09}, {"Q4_K", 0.08},
      {"IQ4_NL", 0.09}, {"IQ4_XS", 0.09}, {"Q3_K", 0.17},  {"Q2_K", 0.31}, {"MXFP4", 0.14},
      {"NVFP4", 0.12},  {"TQ1_0", 0.9},   {"TQ2_0", 0.9},  {"Q1_0", 0.65}, {"Q2_0", 0.8},
      {"F32", 1e-9}};
  std::vector<float> x(8 * 1024);
  for (size_t i = 0; i < x.size(); ++i) x[i] = 0.02f * Normal(i);
  for (const GgmlTypeInfo& info : GgmlTypes()) {
    if (!info.writable) continue;
    for (const bool weighted : {false, true}) {
      const std::vector<float> ones(1024, 1.0f);
      const auto bytes = Quantized(
          info.type, x, 1024, weighted ? std::span<const float>(ones) : std::span<const float>());
      const std::vector<float> back = Dequantized(info.type, bytes);
      double error = 0, power = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        error += std::pow(static_cast<double>(x[i]) - static_cast<double>(back[i]), 2);
        power += std::pow(static_cast<double>(x[i]), 2);
      }
      EXPECT_LT(std::sqrt(error / power), limits.at(info.name)) << info.name;
    }
  }
}

// MXFP4's exponent is floor(log2f(largest)), and log2f rounds up to n close below 2^n.
TEST(Quant, Mxfp4ExponentIsThatOfTheRoundedLogarithm) {
  for (int exponent = -124; exponent <= 127; ++exponent) {
    for (int below = 0; below < 200; ++below) {
      const float x = std::ldexp(1.0f - static_cast<float>(below) * 0x1p-24f, exponent);
      std::vector<float> row(32, 0.0f);
      row[5] = -x;
      const int expected =
          static_cast<int>(std::floor(static_cast<float>(std::log2(static_cast<double>(x)))));
      ASSERT_EQ(Quantized(GgmlType::kMXFP4, row, 32)[0], static_cast<uint8_t>(expected + 125))
          << exponent << ' ' << below;
    }
  }
}

}  // namespace
}  // namespace cambium
