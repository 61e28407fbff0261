// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "formats/gguf.h"
#include "formats/gguf_quantize.h"
#include "formats/gguf_test_file.h"

namespace cambium {
namespace {

using enum GgufValueType;

struct Part {
  uint16_t number;
  uint16_t count;
  int32_t total;
  std::vector<std::string> tensors;  // 8 floats each: the part's number times 100, and on
};

std::string PartBytes(const Part& part) {
  GgufBytes file = GgufHeader(part.tensors.size(), part.number == 0 ? 6 : 3);
  file.String("split.no").Type(kUint16).Put<uint16_t>(part.number);
  file.String("split.count").Type(kUint16).Put<uint16_t>(part.count);
  file.String("split.tensors.count").Type(kInt32).Put<int32_t>(part.total);
  if (part.number == 0) {
    file.String("general.architecture").Type(kString).String("llama");
    file.String("llama.block_count").Type(kUint32).Put<uint32_t>(1);
    file.String("llama.attention.head_count").Type(kUint32).Put<uint32_t>(1);
  }
  uint64_t offset = 0;
  for (const std::string& name : part.tensors) {
    PutTensor(&file, name, {8}, 0, offset);
    offset += 32;
  }
  file.Align(32);
  for (size_t i = 0; i < 8 * part.tensors.size(); ++i) {
    file.Put(static_cast<float>(100 * part.number + static_cast<int>(i)));
  }
  return file.bytes();
}

class GgufSplit : public testing::Test {
 protected:
  GgufSplit()
      : folder_(std::filesystem::path(testing::TempDir()) /
                fmt::format("cambium_gguf_split_{}", getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~GgufSplit() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path Path(int number, int count = 3) const {
    return folder_ / fmt::format("model-{:05}-of-{:05}.gguf", number, count);
  }
  void Write(int number, const Part& part) const {
    WriteFileAtomically(Path(number), PartBytes(part));
  }
  void WriteGood() const {
    Write(1, {0, 3, 4, {"a"}});
    Write(2, {1, 3, 4, {"c", "b"}});
    Write(3, {2, 3, 4, {"d"}});
  }
  void ExpectError(ErrorCode code, const std::string& part_of_message) const {
    try {
      const GgufFile file(Path(1));
      ADD_FAILURE() << "accepted; expected: " << part_of_message;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_NE(std::string(error.what()).find(part_of_message), std::string::npos) << error.what();
    }
  }

  const std::filesystem::path folder_;
};

TEST_F(GgufSplit, ReadsAsOneFile) {
  WriteGood();
  const GgufFile file(Path(1));
  EXPECT_EQ(file.num_parts(), 3u);
  EXPECT_EQ(file.RequireString("general.architecture"), "llama");
  ASSERT_EQ(file.tensors().size(), 4u);
  const std::pair<const char*, float> firsts[] = {{"a", 0}, {"b", 108}, {"c", 100}, {"d", 200}};
  for (const auto& [name, first] : firsts) {
    std::vector<float> values(8);
    file.ReadTensor(file.RequireTensor(name), values);
    EXPECT_EQ(values[0], first) << name;
    EXPECT_EQ(values[7], first + 7) << name;
  }
}

TEST_F(GgufSplit, QuantizingJoinsTheParts) {
  WriteGood();
  const auto out = folder_ / "one.gguf";
  ThreadPool pool(1);
  QuantizeGguf(GgufFile(Path(1)), *FindQuantRecipe("F16"), out, {}, pool);
  const GgufFile file(out);
  EXPECT_EQ(file.num_parts(), 1u);
  EXPECT_EQ(file.tensors().size(), 4u);
  EXPECT_EQ(file.Find("split.count"), nullptr);
}

TEST_F(GgufSplit, WhatCanBeWrong) {
  WriteGood();
  std::filesystem::remove(Path(2));
  ExpectError(ErrorCode::kNotFound, "model-00002-of-00003.gguf");
  WriteGood();
  Write(2, {2, 3, 4, {"b", "c"}});
  ExpectError(ErrorCode::kCorruptData, "split.no = 2");
  Write(2, {1, 4, 4, {"b", "c"}});
  ExpectError(ErrorCode::kCorruptData, "split.count = 4");
  Write(2, {1, 3, 4, {"b"}});
  ExpectError(ErrorCode::kCorruptData, "have 3 tensors");
  Write(2, {1, 3, 4, {"b", "a"}});
  ExpectError(ErrorCode::kCorruptData, "'a' is there twice");
  WriteFileAtomically(Path(2), PartBytes({1, 3, 4, {"b", "c"}}).substr(0, 150));
  ExpectError(ErrorCode::kCorruptData, "model-00002");
  WriteGood();
  Write(1, {3, 3, 4, {"a"}});
  ExpectError(ErrorCode::kCorruptData, "part 3 (from 0) of 3");
  Write(1, {0, 2, 4, {"a"}});
  ExpectError(ErrorCode::kUnsupported, "-00001-of-00002.gguf");
  Write(1, {0, 3, -1, {"a"}});
  ExpectError(ErrorCode::kCorruptData, "split.tensors.count");
  Write(1, {1, 3, 4, {"a"}});
  ExpectError(ErrorCode::kUnsupported, "-00002-of-00003.gguf");
  WriteGood();
  std::filesystem::rename(Path(2), folder_ / "x-00002-of-00003.gguf");
  try {
    const GgufFile file(folder_ / "x-00002-of-00003.gguf");
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("open the first, x-00001-of-00003.gguf"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(GgufSplit, BytesAloneAreRefused) {
  const std::string bytes = PartBytes({0, 3, 4, {"a"}});
  EXPECT_THROW((void)GgufFile({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "x"),
               Error);
}

}  // namespace
}  // namespace cambium
