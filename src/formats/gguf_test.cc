// SPDX-License-Identifier: Apache-2.0
// What valid GGUF files mean; broken ones are in gguf_hostile_test.cc.
#include "formats/gguf.h"

#include <gtest/gtest.h>

#include <cstring>

#include "formats/gguf_test_file.h"

namespace cambium {
namespace {

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(Gguf, ReadsEveryKindOfValue) {
  for (const uint32_t version : {2u, 3u}) {
    const std::string bytes = ValidGguf(version);
    const GgufFile file(Bytes(bytes), "valid");
    EXPECT_EQ(file.version(), version);
    EXPECT_EQ(file.alignment(), 32u);
    EXPECT_EQ(file.values().size(), 21u);
    EXPECT_EQ(file.values()[2].key, "u8");  // file order
    EXPECT_EQ(file.RequireString("general.architecture"), "llama");
    EXPECT_EQ(file.GetUint("u8"), 200u);
    EXPECT_EQ(file.GetUint("u16"), 60000u);
    EXPECT_EQ(file.GetUint("u64", UINT64_MAX), uint64_t{1} << 63);
    EXPECT_EQ(file.GetFloat("f32"), 1.5f);
    EXPECT_EQ(file.GetFloat("f64"), 0.25f);
    EXPECT_EQ(file.GetBool("bool"), true);
    EXPECT_EQ(file.GetInts("i16s"), (std::vector<int32_t>{-1, 7}));
    EXPECT_EQ(file.GetFloats("f32s"), (std::vector<float>{1, 2}));
    EXPECT_EQ(file.GetStrings("none")->size(), 0u);
    EXPECT_EQ(file.GetUint("not there"), std::nullopt);
    EXPECT_EQ(DescribeGgufValue(*file.Find("i64")), "-9223372036854775808");
    EXPECT_EQ(DescribeGgufValue(*file.Find("i16s")), "[-1, 7] (2 of i16)");
    EXPECT_EQ(DescribeGgufValue(*file.Find("bool")), "true");
  }
}

TEST(Gguf, ValuesOfTheWrongKindAreTypedErrors) {
  const std::string bytes = ValidGguf();
  const GgufFile file(Bytes(bytes), "valid");
  EXPECT_THROW((void)file.GetUint("f32"), Error);
  EXPECT_THROW((void)file.GetUint("i8"), Error);       // negative
  EXPECT_THROW((void)file.GetUint("u64"), Error);      // above UINT32_MAX
  EXPECT_THROW((void)file.GetUint("u8", 199), Error);  // above the caller's limit
  EXPECT_THROW((void)file.GetFloat("u8"), Error);
  EXPECT_THROW((void)file.GetString("none"), Error);
  EXPECT_THROW((void)file.GetStrings("f32s"), Error);
  EXPECT_THROW((void)file.GetFloats("i16s"), Error);
  EXPECT_THROW((void)file.GetInts("f32s"), Error);
  EXPECT_THROW((void)file.GetInts("none"), Error);  // empty, but of strings
  EXPECT_THROW((void)file.RequireUint("not there"), Error);
  EXPECT_THROW((void)file.RequireTensor("not there"), Error);
}

TEST(Gguf, ReadsTensors) {
  const std::string bytes = ValidGguf();
  const GgufFile file(Bytes(bytes), "valid");
  const GgufTensor& a = file.RequireTensor("a.weight");
  EXPECT_EQ(a.shape, (std::vector<uint64_t>{2, 3}));  // outermost first
  EXPECT_EQ(a.offset % 32, 0u);
  std::vector<float> data(6);
  file.ReadTensor(a, data);
  EXPECT_EQ(data, (std::vector<float>{0, 1, 2, 3, 4, 5}));
  data.resize(2);
  for (const char* name : {"b.weight", "c.weight"}) {
    file.ReadTensor(file.RequireTensor(name), data);
    EXPECT_EQ(data, (std::vector<float>{1, -2})) << name;
  }
}

TEST(Gguf, QuantisedTensorsAreReadAsBlocksAndAsFloats) {
  for (const GgmlTypeInfo& info : GgmlTypes()) {
    if (!info.readable) continue;
    GgufBytes file = GgufHeader(1, 0);
    PutTensor(&file, "w", {info.block_size * 3, 2}, static_cast<uint32_t>(info.type), 0);
    std::string blocks;
    for (size_t i = 0; i < 6 * info.block_bytes; ++i) blocks += static_cast<char>(i % 50);
    file.Align(32).Raw(blocks);
    const GgufFile gguf(Bytes(file.bytes()), "blocks");
    const GgufTensor& tensor = gguf.RequireTensor("w");
    EXPECT_EQ(tensor.size_bytes, blocks.size()) << info.name;
    const QuantBlocks read = gguf.TensorBlocks(tensor);
    EXPECT_EQ(read.type, info.type);
    EXPECT_EQ(read.size(), tensor.size) << info.name;
    std::vector<float> direct(tensor.size), floats(tensor.size);
    Dequantize(info.type, Bytes(blocks), direct);
    gguf.ReadTensor(tensor, floats);
    EXPECT_EQ(std::memcmp(floats.data(), direct.data(), floats.size() * sizeof(float)), 0)
        << info.name;
  }
}

TEST(Gguf, TensorsOfOtherTypesAreListedAndRefusedWhenUsed) {
  GgufBytes file = GgufHeader(2, 0);
  PutTensor(&file, "activations", {32}, 9, 0);
  PutTensor(&file, "future", {7}, 99, 64);
  file.Align(32).Raw(std::string(96, 'x'));
  const GgufFile gguf(Bytes(file.bytes()), "types");
  EXPECT_EQ(gguf.tensors()[0].size_bytes, 36u);
  EXPECT_EQ(gguf.TensorBytes(gguf.tensors()[0]).size(), 36u);
  EXPECT_EQ(GgmlTypeName(gguf.tensors()[0].type), "Q8_1");
  EXPECT_EQ(gguf.tensors()[1].size_bytes, std::nullopt);
  EXPECT_EQ(GgmlTypeName(gguf.tensors()[1].type), "type 99");
  std::vector<float> data(32);
  const auto code = [&](const auto& read) {
    try {
      read();
    } catch (const Error& error) {
      return std::optional(error.code());
    }
    return std::optional<ErrorCode>();
  };
  EXPECT_EQ(code([&] { gguf.ReadTensor(gguf.tensors()[0], data); }), ErrorCode::kUnsupported);
  EXPECT_EQ(code([&] { (void)gguf.TensorBytes(gguf.tensors()[1]); }), ErrorCode::kUnsupported);
}

TEST(Gguf, MovedFileKeepsItsViews) {
  const std::string bytes = ValidGguf();
  GgufFile first(Bytes(bytes), "valid");
  const GgufFile second = std::move(first);
  EXPECT_EQ(second.RequireString("general.architecture"), "llama");
}

}  // namespace
}  // namespace cambium
