// SPDX-License-Identifier: Apache-2.0
// Typed access to GGUF metadata.
#include <algorithm>
#include <cstring>
#include <limits>

#include "base/byte_reader.h"
#include "base/error.h"
#include "formats/gguf.h"
#include "formats/quote.h"

namespace cambium {
namespace {

template <typename T>
T Load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// An integer of any type as sign and magnitude, so that all of i64 and u64 fit.
struct Integer {
  bool negative = false;
  uint64_t magnitude = 0;
};

template <typename T>
Integer ToInteger(T value) {
  if (value < 0) return {true, uint64_t{0} - static_cast<uint64_t>(value)};
  return {false, static_cast<uint64_t>(value)};
}

std::optional<Integer> LoadInteger(GgufValueType type, const uint8_t* bytes) {
  switch (type) {
    case GgufValueType::kUint8:
      return ToInteger(Load<uint8_t>(bytes));
    case GgufValueType::kInt8:
      return ToInteger(Load<int8_t>(bytes));
    case GgufValueType::kUint16:
      return ToInteger(Load<uint16_t>(bytes));
    case GgufValueType::kInt16:
      return ToInteger(Load<int16_t>(bytes));
    case GgufValueType::kUint32:
      return ToInteger(Load<uint32_t>(bytes));
    case GgufValueType::kInt32:
      return ToInteger(Load<int32_t>(bytes));
    case GgufValueType::kUint64:
      return ToInteger(Load<uint64_t>(bytes));
    case GgufValueType::kInt64:
      return ToInteger(Load<int64_t>(bytes));
    default:
      return std::nullopt;
  }
}

bool IsInteger(GgufValueType type) {
  const uint8_t zeros[8] = {};
  return LoadInteger(type, zeros).has_value();
}

std::string KindOf(const GgufValue& value) {
  return value.is_array() ? fmt::format("array of {}", GgufValueTypeName(value.element_type))
                          : GgufValueTypeName(value.type);
}

[[noreturn]] void FailKind(const GgufFile& file, const GgufValue& value, const char* expected) {
  Fail(ErrorCode::kCorruptData, "{}: the key {} is a value of type {}, {} expected", file.name(),
       Quote(value.key), KindOf(value), expected);
}

[[noreturn]] void FailMissing(const GgufFile& file, std::string_view key) {
  Fail(ErrorCode::kCorruptData, "{}: the key {} is missing", file.name(), Quote(key));
}

// The file was walked once by the parser, so that every length in `value.bytes` is right.
std::string_view NextString(ByteReader& reader) { return reader.ReadString64("string"); }

}  // namespace

std::optional<uint64_t> GgufFile::GetUint(std::string_view key, uint64_t max) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  const auto integer = LoadInteger(value->type, value->bytes.data());
  if (!integer) FailKind(*this, *value, "an integer");
  if ((integer->negative && integer->magnitude != 0) || integer->magnitude > max) {
    Fail(ErrorCode::kCorruptData, "{}: {} = {}{}; 0 to {} expected", name_, Quote(key),
         integer->negative ? "-" : "", integer->magnitude, max);
  }
  return integer->magnitude;
}

std::optional<float> GgufFile::GetFloat(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type == GgufValueType::kFloat32) return Load<float>(value->bytes.data());
  if (value->type != GgufValueType::kFloat64) FailKind(*this, *value, "a float");
  const double wide = Load<double>(value->bytes.data());
  if (wide > std::numeric_limits<float>::max() || wide < -std::numeric_limits<float>::max()) {
    Fail(ErrorCode::kCorruptData, "{}: {} = {} does not fit a 32-bit float", name_, Quote(key),
         wide);
  }
  return static_cast<float>(wide);
}

std::optional<bool> GgufFile::GetBool(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != GgufValueType::kBool) FailKind(*this, *value, "a bool");
  return value->bytes[0] != 0;
}

std::optional<std::string_view> GgufFile::GetString(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != GgufValueType::kString) FailKind(*this, *value, "a string");
  ByteReader reader(value->bytes, name_);
  return NextString(reader);
}

std::optional<std::vector<std::string_view>> GgufFile::GetStrings(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array() || value->element_type != GgufValueType::kString) {
    FailKind(*this, *value, "an array of strings");
  }
  ByteReader reader(value->bytes, name_);
  std::vector<std::string_view> strings(value->count);
  for (std::string_view& string : strings) string = NextString(reader);
  return strings;
}

std::optional<std::vector<int32_t>> GgufFile::GetInts(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array() || !IsInteger(value->element_type)) {
    FailKind(*this, *value, "an array of integers");
  }
  std::vector<int32_t> integers(value->count);
  const uint64_t element_bytes = GgufValueBytes(value->element_type);
  for (uint64_t i = 0; i < value->count; ++i) {
    const Integer integer = *LoadInteger(value->element_type, &value->bytes[i * element_bytes]);
    if (integer.magnitude > uint64_t{INT32_MAX} + (integer.negative ? 1 : 0)) {
      Fail(ErrorCode::kCorruptData, "{}: element {} of {} does not fit 32 bits", name_, i,
           Quote(key));
    }
    const int64_t magnitude = static_cast<int64_t>(integer.magnitude);
    integers[i] = static_cast<int32_t>(integer.negative ? -magnitude : magnitude);
  }
  return integers;
}

std::optional<std::vector<float>> GgufFile::GetFloats(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array() || value->element_type != GgufValueType::kFloat32) {
    FailKind(*this, *value, "an array of f32");
  }
  std::vector<float> floats(value->count);
  if (!floats.empty()) std::memcpy(floats.data(), value->bytes.data(), value->bytes.size());
  return floats;
}

uint64_t GgufFile::RequireUint(std::string_view key, uint64_t max) const {
  const auto value = GetUint(key, max);
  if (!value) FailMissing(*this, key);
  return *value;
}

float GgufFile::RequireFloat(std::string_view key) const {
  const auto value = GetFloat(key);
  if (!value) FailMissing(*this, key);
  return *value;
}

std::string_view GgufFile::RequireString(std::string_view key) const {
  const auto value = GetString(key);
  if (!value) FailMissing(*this, key);
  return *value;
}

std::string DescribeGgufValue(const GgufValue& value) {
  constexpr uint64_t kMaxElements = 6;
  const GgufValueType type = value.is_array() ? value.element_type : value.type;
  const uint64_t element_bytes = GgufValueBytes(type);
  ByteReader strings(value.bytes, "");
  std::string text;
  for (uint64_t i = 0; i < std::min(value.count, kMaxElements); ++i) {
    if (i > 0) text += ", ";
    if (type == GgufValueType::kString) {
      text += Quote(NextString(strings));
      continue;
    }
    const uint8_t* bytes = &value.bytes[i * element_bytes];
    if (const auto integer = LoadInteger(type, bytes)) {
      text += fmt::format("{}{}", integer->negative ? "-" : "", integer->magnitude);
    } else if (type == GgufValueType::kFloat32) {
      text += fmt::format("{}", Load<float>(bytes));
    } else if (type == GgufValueType::kFloat64) {
      text += fmt::format("{}", Load<double>(bytes));
    } else {
      text += bytes[0] != 0 ? "true" : "false";
    }
  }
  if (!value.is_array()) return text;
  if (value.count > kMaxElements) text += ", ...";
  return fmt::format("[{}] ({} of {})", text, value.count, GgufValueTypeName(type));
}

}  // namespace cambium
