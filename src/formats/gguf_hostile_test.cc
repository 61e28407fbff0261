// SPDX-License-Identifier: Apache-2.0
// Every known way to break a GGUF loader, as a generated file: each must be a typed error, fast,
// and without allocations that the file cannot justify. The causes are those of public advisories
// on GGUF readers (CVE-2024-21802, -21825, -21836, -23496, -23605, -25664 .. -25668, -32878,
// -39720, CVE-2025-53630, CVE-2026-5757, -7482, -27940, -33298, -65315 and unnumbered ones).
#include <gtest/gtest.h>

#include "base/philox.h"
#include "formats/gguf_test_file.h"

namespace cambium {
namespace {

using enum GgufValueType;

void ExpectWithinLimits(const std::string& bytes, const Attempt& result) {
  EXPECT_LT(result.seconds, kMaxHostileSeconds);
  EXPECT_LT(result.allocated_bytes, kMaxHostileBytes) << "for " << bytes.size() << " bytes";
}

void ExpectError(const std::string& bytes, std::string_view part_of_message,
                 ErrorCode code = ErrorCode::kCorruptData) {
  const Attempt result = TryGguf(bytes);
  ExpectWithinLimits(bytes, result);
  ASSERT_TRUE(result.error) << "accepted; expected: " << part_of_message;
  EXPECT_EQ(*result.error, code) << result.message;
  EXPECT_NE(result.message.find(part_of_message), std::string::npos) << result.message;
}

// A file of one metadata value, followed by enough bytes that sizes matter, not the end of the
// file.
std::string WithValue(std::string_view key, const GgufBytes& value) {
  GgufBytes file = GgufHeader(0, 1);
  file.String(key).Raw(value.bytes()).Raw(std::string(64, '\0'));
  return file.bytes();
}

// A file of one tensor and 256 bytes of data.
std::string WithTensor(std::string_view name, const std::vector<uint64_t>& dims, uint32_t type,
                       uint64_t offset = 0) {
  GgufBytes file = GgufHeader(1, 0);
  PutTensor(&file, name, dims, type, offset).Align(32).Raw(std::string(256, '\0'));
  return file.bytes();
}

TEST(GgufHostile, TheValidFileIsAccepted) {
  const Attempt result = TryGguf(ValidGguf());
  EXPECT_FALSE(result.error) << result.message;
}

TEST(GgufHostile, MagicAndVersion) {
  ExpectError("", "not a GGUF");
  ExpectError("GGML" + ValidGguf().substr(4), "not a GGUF");
  for (size_t size = 4; size <= 64; ++size) {
    const Attempt result = TryGguf("GGUF" + std::string(size - 4, '\0'));
    EXPECT_TRUE(result.error) << size;
  }
  for (const uint32_t version : {0u, 1u, 4u, UINT32_MAX}) {
    ExpectError(GgufHeader(0, 0, version).bytes(), "version", ErrorCode::kUnsupported);
  }
  ExpectError(GgufHeader(0, 0, 0x03000000u).bytes(), "big-endian", ErrorCode::kUnsupported);
}

TEST(GgufHostile, CountsThatTheFileCannotHold) {
  for (const uint64_t count : {UINT64_MAX, uint64_t{1} << 63, uint64_t{1} << 60, uint64_t{1} << 40,
                               uint64_t{1} << 32, uint64_t{100}}) {
    ExpectError(GgufHeader(count, 0).bytes() + std::string(64, '\0'), "number of tensors");
    ExpectError(GgufHeader(0, count).bytes() + std::string(64, '\0'), "number of metadata");
    for (const GgufValueType type : {kUint8, kFloat32, kString, kInt64, kBool}) {
      ExpectError(WithValue("k", GgufBytes().Type(kArray).Type(type).Put<uint64_t>(count)),
                  type == kString || count > 100 || GgufValueBytes(type) > 1 ? "array" : "");
    }
    ExpectError(WithValue("k", GgufBytes().Type(kString).Put<uint64_t>(count)), "string");
    ExpectError(GgufHeader(0, 1).Put<uint64_t>(count).Raw(std::string(64, 'k')).bytes(), "key");
    ExpectError(GgufHeader(1, 0).Put<uint64_t>(count).Raw(std::string(64, 'k')).bytes(), "name");
  }
  // A megabyte of zeros after a count that it could just hold.
  const std::string zeros(size_t{1} << 20, '\0');
  ExpectError(GgufHeader(0, zeros.size() / 13).bytes() + zeros, "key");
  ExpectError(GgufHeader(zeros.size() / 32, 0).bytes() + zeros, "name");
  const uint64_t count = zeros.size() / 8;
  const GgufBytes strings = GgufBytes().Type(kArray).Type(kString).Put<uint64_t>(count).Raw(zeros);
  const Attempt result = TryGguf(WithValue("tokenizer.ggml.tokens", strings));
  ExpectWithinLimits(zeros, result);
}

TEST(GgufHostile, ValueTypes) {
  for (const uint32_t type : {13u, 77u, UINT32_MAX}) {
    ExpectError(WithValue("k", GgufBytes().Put(type).Put<uint64_t>(0)), "value type");
    ExpectError(WithValue("k", GgufBytes().Type(kArray).Put(type).Put<uint64_t>(1)), "value type");
  }
  GgufBytes nested;
  for (int depth = 0; depth < 100000; ++depth) nested.Type(kArray).Put<uint64_t>(1);
  ExpectError(WithValue("k", GgufBytes().Type(kArray).Raw(nested.bytes())), "array of arrays",
              ErrorCode::kUnsupported);
  ExpectError(WithValue("k", GgufBytes().Type(kBool).Put<uint8_t>(2)), "bool");
}

TEST(GgufHostile, KeysAndNames) {
  ExpectError(WithValue("", GgufBytes().Type(kBool).Put<uint8_t>(1)), "key of 0 bytes");
  ExpectError(WithValue(std::string(70000, 'k'), GgufBytes().Type(kBool).Put<uint8_t>(1)),
              "key of 70000 bytes");
  GgufBytes twice = GgufHeader(0, 2);
  for (int i = 0; i < 2; ++i) twice.String("same").Type(kBool).Put<uint8_t>(1);
  ExpectError(twice.bytes(), "twice");
  ExpectError(WithTensor("", {8}, 0), "name of 0 bytes");
  ExpectError(WithTensor(std::string(65, 'n'), {8}, 0), "name of 65 bytes");
  GgufBytes tensors = GgufHeader(2, 0);
  PutTensor(&tensors, "same", {8}, 0, 0);
  PutTensor(&tensors, "same", {8}, 0, 32).Align(32).Raw(std::string(64, '\0'));
  ExpectError(tensors.bytes(), "twice");
  // A message must not carry what a terminal would obey.
  GgufBytes escape = GgufHeader(0, 2);
  for (int i = 0; i < 2; ++i) escape.String("\x1b[31m").Type(kBool).Put<uint8_t>(1);
  ExpectError(escape.bytes(), "\\x1b[31m");
}

TEST(GgufHostile, Alignment) {
  for (const uint32_t alignment : {0u, 1u, 3u, 4u, 13u, 48u, 1u << 21, 1u << 31, UINT32_MAX}) {
    ExpectError(WithValue("general.alignment", GgufBytes().Type(kUint32).Put(alignment)),
                "alignment");
  }
  ExpectError(WithValue("general.alignment", GgufBytes().Type(kInt32).Put<int32_t>(32)), "i32");
  ExpectError(WithValue("general.alignment", GgufBytes().Type(kUint64).Put<uint64_t>(32)), "u64");
  ExpectError(WithValue("general.alignment", GgufBytes().Type(kString).String("32")), "string");
}

TEST(GgufHostile, Dimensions) {
  ExpectError(WithTensor("t", {}, 0), "dimensions");
  ExpectError(WithTensor("t", {1, 1, 1, 1, 1}, 0), "dimensions");
  ExpectError(
      GgufHeader(1, 0).String("t").Put<uint32_t>(UINT32_MAX).Raw(std::string(64, '\1')).bytes(),
      "dimensions");
  for (size_t i = 0; i < 4; ++i) {
    std::vector<uint64_t> dims(4, 2);
    dims[i] = 0;
    ExpectError(WithTensor("t", dims, 0), "dimension of 0");
  }
  const uint64_t big = uint64_t{1} << 62;
  // One element count each that wraps, in elements, in bytes, or is simply not in the file.
  const std::vector<std::vector<uint64_t>> shapes = {{UINT64_MAX},
                                                     {UINT64_MAX / 4},
                                                     {big},
                                                     {big, 4},
                                                     {2, big, 2},
                                                     {4, (uint64_t{1} << 42) + 1},
                                                     {1 << 16, 1 << 16, 1 << 16, 1 << 16},
                                                     {uint64_t{1} << 32, uint64_t{1} << 32},
                                                     {0x7fffffffffffffc0},
                                                     {uint64_t{1} << 61, 8},
                                                     {256, uint64_t{1} << 58},
                                                     {1 << 20}};
  for (const auto& dims : shapes) {
    for (const uint32_t type : {0u, 1u, 2u, 8u, 12u, 24u, 27u, 30u}) {
      const Attempt result = TryGguf(WithTensor("t", dims, type));
      EXPECT_EQ(result.error, ErrorCode::kCorruptData) << dims[0] << " type " << type;
      ExpectWithinLimits("", result);
    }
  }
  ExpectError(WithTensor("t", {33}, 8), "not a multiple");
  ExpectError(WithTensor("t", {32}, 12), "not a multiple");
  // Two tensors whose padded sizes sum to more than 2^64.
  GgufBytes two = GgufHeader(2, 0);
  PutTensor(&two, "a", {0x7fffffffffffffc0}, 24, 0);
  PutTensor(&two, "b", {0x7fffffffffffffc0}, 24, 0x7fffffffffffffc0).Align(32);
  ExpectError(two.Raw(std::string(64, '\0')).bytes(), "truncated");
}

TEST(GgufHostile, TensorTypes) {
  for (const uint32_t type : {4u, 5u, 31u, 36u, 99u, UINT32_MAX}) {
    ExpectError(WithTensor("t", {8}, type), "element type", ErrorCode::kUnsupported);
    // An unknown type must not lead to memory for its elements, however many it claims.
    ExpectError(WithTensor("t", {uint64_t{1} << 60}, type), "element type",
                ErrorCode::kUnsupported);
  }
}

TEST(GgufHostile, TensorPlaces) {
  for (const uint64_t offset : {uint64_t{256}, uint64_t{1} << 40, UINT64_MAX - 31}) {
    ExpectError(WithTensor("t", {8}, 0, offset), "truncated");
  }
  ExpectError(WithTensor("t", {65}, 0), "truncated");  // 4 bytes more than there are
  for (const uint64_t offset : {1, 4, 16, 33}) {
    ExpectError(WithTensor("t", {8}, 0, offset), "multiple of the alignment");
  }
  GgufBytes overlap = GgufHeader(2, 0);
  PutTensor(&overlap, "a", {16}, 0, 0);
  PutTensor(&overlap, "b", {8}, 0, 32).Align(32).Raw(std::string(64, '\0'));
  ExpectError(overlap.bytes(), "overlaps");
  GgufBytes same = GgufHeader(2, 0);
  PutTensor(&same, "a", {8}, 0, 0);
  PutTensor(&same, "b", {8}, 0, 0).Align(32).Raw(std::string(64, '\0'));
  ExpectError(same.bytes(), "overlaps");
  // The data section would begin behind the end of the file.
  GgufBytes cut = GgufHeader(1, 0);
  PutTensor(&cut, "t", {8}, 0, 0);
  ExpectError(cut.bytes(), "truncated");
}

TEST(GgufHostile, TokenizerArraysOfEveryType) {
  for (const char* key :
       {"tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.merges"}) {
    for (const uint32_t type : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 10u, 11u, 12u}) {
      GgufBytes file = GgufHeader(0, 4);
      file.String("tokenizer.ggml.model").Type(kString).String("gpt2");
      for (const char* other :
           {"tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.merges"}) {
        file.String(other).Type(kArray);
        if (std::string_view(other) == key) {
          file.Put(type).Put<uint64_t>(4).Raw(
              std::string(4 * GgufValueBytes(static_cast<GgufValueType>(type)), '\1'));
        } else if (std::string_view(other) == "tokenizer.ggml.token_type") {
          file.Type(kInt32).Put<uint64_t>(1).Put<int32_t>(1);
        } else {
          file.Type(kString).Put<uint64_t>(1).String("a");
        }
      }
      ExpectError(file.bytes(), "");
    }
  }
}

TEST(GgufHostile, TokenizersThatContradictThemselves) {
  struct Case {
    std::vector<std::string> tokens;
    std::vector<int32_t> types;
    std::vector<std::string> merges;
    uint32_t eos;
    const char* message;
  };
  const std::vector<Case> cases = {
      {{"a", "a"}, {1, 1}, {}, 0, "are both"},
      {{"a", "b"}, {1}, {}, 0, "token types"},
      {{"a", "b"}, {1, 9}, {}, 0, "has the type 9"},
      {{"a", "b"}, {1, -1}, {}, 0, "has the type -1"},
      {{"a", "b"}, {1, 1}, {"ab"}, 0, "left right"},
      {{"a", "b"}, {1, 1}, {""}, 0, "left right"},
      {{"a", "b"}, {1, 1}, {"a b c"}, 0, "left right"},
      {{"a", "b"}, {1, 1}, {"a c"}, 0, "side"},
      {{"a", "b"}, {1, 1}, {"a "}, 0, "side"},
      {{"a", "b"}, {1, 1}, {"a b"}, 0, "result"},
      {{"a", "b"}, {1, 1}, {}, 2, "eos_token_id"},
      {{"a", "b"}, {1, 1}, {}, UINT32_MAX, "eos_token_id"},
      {{}, {}, {}, 0, "missing or empty"},
  };
  for (const Case& c : cases) {
    GgufBytes file = GgufHeader(0, 5);
    file.String("tokenizer.ggml.model").Type(kString).String("gpt2");
    file.String("tokenizer.ggml.tokens").Type(kArray).Type(kString).Put<uint64_t>(c.tokens.size());
    for (const auto& token : c.tokens) file.String(token);
    file.String("tokenizer.ggml.token_type").Type(kArray).Type(kInt32);
    file.Put<uint64_t>(c.types.size());
    for (const int32_t type : c.types) file.Put(type);
    file.String("tokenizer.ggml.merges").Type(kArray).Type(kString).Put<uint64_t>(c.merges.size());
    for (const auto& merge : c.merges) file.String(merge);
    file.String("tokenizer.ggml.eos_token_id").Type(kUint32).Put(c.eos);
    ExpectError(file.bytes(), c.message);
  }
  ExpectError(WithValue("tokenizer.ggml.model", GgufBytes().Type(kString).String("t5")), "'t5'",
              ErrorCode::kUnsupported);
  ExpectError(WithValue("other", GgufBytes().Type(kString).String("llama")), "is missing");
}

TEST(GgufHostile, TruncationAtEveryByte) {
  const std::string valid = ValidGguf();
  for (size_t size = 0; size < valid.size(); ++size) {
    const Attempt result = TryGguf(valid.substr(0, size));
    ASSERT_TRUE(result.error) << "accepted when cut to " << size;
    EXPECT_EQ(*result.error, ErrorCode::kCorruptData) << result.message;
    ExpectWithinLimits(valid, result);
  }
}

TEST(GgufHostile, EveryByteReplacedAndRandomBitFlips) {
  const std::string valid = ValidGguf();
  for (size_t i = 0; i < valid.size(); ++i) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::string broken = valid;
      broken[i] = static_cast<char>(value);
      ExpectWithinLimits(broken, TryGguf(broken));
    }
  }
  const Philox random(1, RandomPurpose::kTest);
  for (uint64_t trial = 0; trial < 20000; ++trial) {
    std::string broken = valid;
    const uint64_t flips = 1 + random.Below(4, trial, 0);
    for (uint64_t flip = 0; flip < flips; ++flip) {
      const uint64_t bit = random.Below(8 * valid.size(), trial, 1 + flip);
      broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
    }
    ExpectWithinLimits(broken, TryGguf(broken));
  }
}

}  // namespace
}  // namespace cambium
