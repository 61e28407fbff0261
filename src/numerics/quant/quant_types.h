// SPDX-License-Identifier: Apache-2.0
// The element types of GGUF tensors: one table of every id that ggml has, with the shape of its
// blocks and what this build does with it. The ids are the file's.
// Source: ggml 0.25.1, ggml.h (enum ggml_type) and ggml-common.h (block_*).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cambium {

enum class GgmlType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ8_1 = 9,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kQ8_K = 15,
  kIQ2_XXS = 16,
  kIQ2_XS = 17,
  kIQ3_XXS = 18,
  kIQ1_S = 19,
  kIQ4_NL = 20,
  kIQ3_S = 21,
  kIQ2_S = 22,
  kIQ4_XS = 23,
  kI8 = 24,
  kI16 = 25,
  kI32 = 26,
  kI64 = 27,
  kF64 = 28,
  kIQ1_M = 29,
  kBF16 = 30,
  kTQ1_0 = 34,
  kTQ2_0 = 35,
  kMXFP4 = 39,
  kNVFP4 = 40,
  kQ1_0 = 41,
  kQ2_0 = 42,
};

struct GgmlTypeInfo {
  GgmlType type;
  const char* name;      // as other GGUF tools print it: "Q4_K"
  uint64_t block_size;   // elements of a row that are stored together
  uint64_t block_bytes;  // bytes of such a block
  bool readable;         // Dequantize (dequantize.h) has it
  bool writable;         // QuantizeRows (quantize.h) has it
};

// Every known type, in ascending order of ids. Ids missing here were removed from the format (4, 5,
// 31-33, 36-38).
std::span<const GgmlTypeInfo> GgmlTypes();

// nullopt: an id that this build does not know (removed, or newer than it).
std::optional<GgmlTypeInfo> GgmlTypeInfoOf(GgmlType type);
// By its name ("Q4_K", in any case).
std::optional<GgmlTypeInfo> FindGgmlType(std::string_view name);
// "F32", "Q4_K", "type 99".
std::string GgmlTypeName(GgmlType type);

// Whether a tensor of this type can be dequantized by this build.
bool IsReadable(GgmlType type);
// Bytes of `elements` elements, a whole number of blocks of a known type (else CHECK).
uint64_t GgmlBytes(GgmlType type, uint64_t elements);

}  // namespace cambium
