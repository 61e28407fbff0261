// SPDX-License-Identifier: Apache-2.0
#include "formats/safetensors.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "base/philox.h"
#include "formats/gguf_test_file.h"
#include "numerics/bfloat16.h"
#include "numerics/float16.h"

namespace cambium {
namespace {

std::string FileOf(std::string_view json, size_t data_bytes = 0) {
  GgufBytes file;
  file.String(json).Raw(std::string(data_bytes, '\0'));
  return file.bytes();
}

// nullopt: accepted, and every tensor read.
std::optional<ErrorCode> Try(const std::string& bytes, std::string* message = nullptr) {
  const std::vector<uint8_t> copy(bytes.begin(), bytes.end());
  const uint64_t allocated = AllocatedBytes();
  const double start = ThreadSeconds();
  std::optional<ErrorCode> code;
  try {
    const SafetensorsFile file(copy, "test.safetensors");
    for (const SafetensorsTensor& tensor : file.tensors()) {
      if (tensor.dtype != "F32" && tensor.dtype != "F16" && tensor.dtype != "BF16") continue;
      std::vector<float> data(tensor.size);
      file.ReadTensor(tensor, data);
    }
  } catch (const Error& error) {
    code = error.code();
    if (message != nullptr) *message = error.what();
  }
  EXPECT_LT(ThreadSeconds() - start, kMaxHostileSeconds);
  EXPECT_LT(AllocatedBytes() - allocated, kMaxHostileBytes);
  return code;
}

void ExpectCorrupt(const std::string& bytes, std::string_view part_of_message) {
  std::string message;
  EXPECT_EQ(Try(bytes, &message), ErrorCode::kCorruptData) << bytes.substr(8, 200);
  EXPECT_NE(message.find(part_of_message), std::string::npos) << message;
}

constexpr std::string_view kTwo =
    R"({"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
    R"("b":{"dtype":"BF16","shape":[],"data_offsets":[8,10]},"__metadata__":{"k":"v"}})";

TEST(Safetensors, WritesWhatItReads) {
  const auto path = std::filesystem::path(testing::TempDir()) / "writes.safetensors";
  const std::vector<float> values = {1.0f, -2.5f, 1e-7f, 3.14159f, 65520.0f, 0.0f};
  const std::vector<uint64_t> shape = {2, 3};
  SafetensorsWriter writer(path);
  writer.AddMetadata("format", "pt");
  writer.AddTensor("full", SafetensorsType::kF32, shape);
  writer.AddTensor("half", SafetensorsType::kF16, shape);
  writer.AddTensor("brain", SafetensorsType::kBF16, std::vector<uint64_t>{6});
  for (const char* name : {"full", "half", "brain"}) writer.WriteTensor(name, values);
  EXPECT_FALSE(std::filesystem::exists(path));  // atomic
  writer.Commit();

  const SafetensorsFile file(path);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.tensors().size(), 3u);
  EXPECT_EQ(file.RequireTensor("full").shape, shape);
  EXPECT_EQ(file.RequireTensor("full").offset % 8, 0u);
  std::vector<float> back(6);
  file.ReadTensor(file.RequireTensor("full"), back);
  EXPECT_EQ(back, values);
  file.ReadTensor(file.RequireTensor("half"), back);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(back[i], ToFloat(ToFloat16(values[i])));
  file.ReadTensor(file.RequireTensor("brain"), back);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(back[i], ToFloat(ToBFloat16(values[i])));
  std::filesystem::remove(path);
}

TEST(Safetensors, ReadsScalarsEmptyTensorsAndEmptyFiles) {
  EXPECT_EQ(Try(FileOf(kTwo, 10)), std::nullopt);
  EXPECT_EQ(Try(FileOf("{}")), std::nullopt);
  EXPECT_EQ(Try(FileOf(R"({"e":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]}}  )")),
            std::nullopt);
}

TEST(SafetensorsHostile, Sizes) {
  ExpectCorrupt("", "truncated");
  ExpectCorrupt("1234567", "truncated");
  for (const uint64_t size : {uint64_t{3}, uint64_t{1} << 40, UINT64_MAX}) {
    ExpectCorrupt(GgufBytes().Put(size).Raw("{}").bytes(), "header");
  }
  ExpectCorrupt(GgufBytes().Put<uint64_t>(0).bytes(), "header of 0 bytes");
  ExpectCorrupt(FileOf("[]"), "not a safetensors");
  ExpectCorrupt(FileOf(kTwo, 9), "truncated");
  ExpectCorrupt(FileOf(kTwo, 11), "behind the last");
}

TEST(SafetensorsHostile, Headers) {
  const auto entry = [](std::string_view shape, std::string_view offsets) {
    return FileOf(
        fmt::format(R"({{"a":{{"dtype":"F32","shape":{},"data_offsets":{}}}}})", shape, offsets),
        16);
  };
  EXPECT_EQ(Try(entry("[4]", "[0,16]")), std::nullopt);
  ExpectCorrupt(entry("[3]", "[0,16]"), "do not agree");
  ExpectCorrupt(entry("[4]", "[0,17]"), "do not agree");
  ExpectCorrupt(entry("[4]", "[16,0]"), "do not agree");
  ExpectCorrupt(entry("[3]", "[4,16]"), "hole");
  ExpectCorrupt(entry("[3]", "[0,12]"), "behind the last");
  ExpectCorrupt(entry("[4611686018427387904,4]", "[0,0]"), "do not agree");
  ExpectCorrupt(entry("[4294967296,4294967296]", "[0,0]"), "do not agree");
  ExpectCorrupt(entry("[18446744073709551616]", "[0,16]"), "fraction");  // 2^64
  ExpectCorrupt(entry("[4]", "[0,16,32]"), "data_offsets");
  ExpectCorrupt(entry("[4]", "[0]"), "data_offsets");
  ExpectCorrupt(entry("[-4]", "[0,16]"), "negative");
  ExpectCorrupt(entry("[4.0]", "[0,16]"), "fraction");
  ExpectCorrupt(entry("[[4]]", "[0,16]"), "array");
  ExpectCorrupt(entry("[true]", "[0,16]"), "bool");
  ExpectCorrupt(entry("[\"4\"]", "[0,16]"), "string");
  ExpectCorrupt(entry("null", "[0,16]"), "null");
  ExpectCorrupt(entry("4", "[0,16]"), "number");
  ExpectCorrupt(entry("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4]", "[0,16]"), "dimensions");
  ExpectCorrupt(entry("[4],\"shape\":[4]", "[0,16]"), "twice");
  ExpectCorrupt(entry("[4],\"other\":[4]", "[0,16]"), "unknown field");
  ExpectCorrupt(FileOf(R"({"a":{"dtype":"F32","shape":[4]}})", 16), "lacks");
  ExpectCorrupt(FileOf(R"({"a":{}})"), "lacks");
  ExpectCorrupt(FileOf(R"({"a":7})"), "number");
  ExpectCorrupt(FileOf(R"({"a":{"dtype":{}}})"), "object");
  ExpectCorrupt(FileOf(R"({"":{}})"), "empty");
  ExpectCorrupt(FileOf(R"({"__metadata__":{"k":1}})"), "number");
  ExpectCorrupt(FileOf(R"({"__metadata__":{"k":"1","k":"2"}})"), "twice");
  ExpectCorrupt(FileOf(R"({"__metadata__":{},"__metadata__":{}})"), "twice");
  ExpectCorrupt(FileOf("{\"\xff\":{}}"), "JSON");
  ExpectCorrupt(FileOf("{} x"), "JSON");
  ExpectCorrupt(FileOf("{\"a\":" + std::string(1 << 20, '[')), "array");
  ExpectCorrupt(FileOf("{\"a\":" + std::string(1 << 20, '{')), "JSON");
  const std::string_view e = R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  ExpectCorrupt(FileOf(fmt::format(R"({{"a":{},"b":{}}})", e, e), 8), "overlaps");
  const std::string_view zero = R"({"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  ExpectCorrupt(FileOf(fmt::format(R"({{"a":{},"a":{}}})", zero, zero)), "twice");
  EXPECT_EQ(Try(FileOf(R"({"a":{"dtype":"Q9","shape":[2],"data_offsets":[0,8]}})", 8)),
            ErrorCode::kUnsupported);
}

TEST(SafetensorsHostile, TruncationAndRandomBitFlips) {
  const std::string valid = FileOf(kTwo, 10);
  for (size_t size = 0; size < valid.size(); ++size) {
    EXPECT_TRUE(Try(valid.substr(0, size))) << "accepted when cut to " << size;
  }
  const Philox random(2, RandomPurpose::kTest);
  for (uint64_t trial = 0; trial < 5000; ++trial) {
    std::string broken = valid;
    const uint64_t bit = random.Below(8 * valid.size(), trial, 0);
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
    (void)Try(broken);
  }
}

}  // namespace
}  // namespace cambium
