// SPDX-License-Identifier: Apache-2.0
// The two type systems of GGUF: metadata values and tensor elements. The numbers are the file's.
// Source: the GGUF specification (ggml, docs/gguf.md) and the constants of the gguf Python package.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cambium {

enum class GgufValueType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// Bytes of one value in the file; for strings and arrays the least it can take (8: an empty
// string). 0 for a number that is no type.
uint64_t GgufValueBytes(GgufValueType type);
// "u32", "string", ...; "type 77" for a number that is no type.
std::string GgufValueTypeName(GgufValueType type);

// Element type of a tensor. Only the types that this build can compute with have a name here; all
// others are described by GgmlTypeInfoOf.
enum class GgmlType : uint32_t { kF32 = 0, kF16 = 1, kBF16 = 30 };

struct GgmlTypeInfo {
  GgmlType type;
  const char* name;      // as other GGUF tools print it: "Q4_K"
  uint64_t block_size;   // elements of a row that are stored together
  uint64_t block_bytes;  // bytes of such a block
};

// nullopt: an id that this build does not know (removed, or newer than it).
std::optional<GgmlTypeInfo> GgmlTypeInfoOf(GgmlType type);
// "F32", "Q4_K", "type 99".
std::string GgmlTypeName(GgmlType type);

}  // namespace cambium
