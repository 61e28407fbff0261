// SPDX-License-Identifier: Apache-2.0
// The two type systems of GGUF: metadata values, here, and tensor elements, which are the formats
// of numerics/quant/quant_types.h. The numbers are the file's. Source: the GGUF specification
// (ggml, docs/gguf.md).
#pragma once

#include <cstdint>
#include <string>

#include "numerics/quant/quant_types.h"

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

}  // namespace cambium
