// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf_types.h"

#include <fmt/format.h>

namespace cambium {
namespace {

constexpr GgmlTypeInfo Row(uint32_t id, const char* name, uint64_t block_size,
                           uint64_t block_bytes) {
  return {static_cast<GgmlType>(id), name, block_size, block_bytes};
}

// Ids missing here were removed from the format (4, 5, 31-33, 36-38).
constexpr GgmlTypeInfo kGgmlTypes[] = {
    Row(0, "F32", 1, 4),         Row(1, "F16", 1, 2),         Row(2, "Q4_0", 32, 18),
    Row(3, "Q4_1", 32, 20),      Row(6, "Q5_0", 32, 22),      Row(7, "Q5_1", 32, 24),
    Row(8, "Q8_0", 32, 34),      Row(9, "Q8_1", 32, 40),      Row(10, "Q2_K", 256, 84),
    Row(11, "Q3_K", 256, 110),   Row(12, "Q4_K", 256, 144),   Row(13, "Q5_K", 256, 176),
    Row(14, "Q6_K", 256, 210),   Row(15, "Q8_K", 256, 292),   Row(16, "IQ2_XXS", 256, 66),
    Row(17, "IQ2_XS", 256, 74),  Row(18, "IQ3_XXS", 256, 98), Row(19, "IQ1_S", 256, 50),
    Row(20, "IQ4_NL", 32, 18),   Row(21, "IQ3_S", 256, 110),  Row(22, "IQ2_S", 256, 82),
    Row(23, "IQ4_XS", 256, 136), Row(24, "I8", 1, 1),         Row(25, "I16", 1, 2),
    Row(26, "I32", 1, 4),        Row(27, "I64", 1, 8),        Row(28, "F64", 1, 8),
    Row(29, "IQ1_M", 256, 56),   Row(30, "BF16", 1, 2),       Row(34, "TQ1_0", 256, 54),
    Row(35, "TQ2_0", 256, 66),   Row(39, "MXFP4", 32, 17),    Row(40, "NVFP4", 64, 36),
    Row(41, "Q1_0", 128, 18),
};

}  // namespace

uint64_t GgufValueBytes(GgufValueType type) {
  switch (type) {
    case GgufValueType::kUint8:
    case GgufValueType::kInt8:
    case GgufValueType::kBool:
      return 1;
    case GgufValueType::kUint16:
    case GgufValueType::kInt16:
      return 2;
    case GgufValueType::kUint32:
    case GgufValueType::kInt32:
    case GgufValueType::kFloat32:
      return 4;
    case GgufValueType::kUint64:
    case GgufValueType::kInt64:
    case GgufValueType::kFloat64:
    case GgufValueType::kString:
      return 8;
    case GgufValueType::kArray:
      return 12;
  }
  return 0;
}

std::string GgufValueTypeName(GgufValueType type) {
  static constexpr const char* kNames[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                           "bool", "string", "array", "u64", "i64", "f64"};
  const uint32_t id = static_cast<uint32_t>(type);
  return id < std::size(kNames) ? kNames[id] : fmt::format("type {}", id);
}

std::optional<GgmlTypeInfo> GgmlTypeInfoOf(GgmlType type) {
  for (const GgmlTypeInfo& info : kGgmlTypes) {
    if (info.type == type) return info;
  }
  return std::nullopt;
}

std::string GgmlTypeName(GgmlType type) {
  const auto info = GgmlTypeInfoOf(type);
  return info ? info->name : fmt::format("type {}", static_cast<uint32_t>(type));
}

}  // namespace cambium
