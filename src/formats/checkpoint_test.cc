// SPDX-License-Identifier: Apache-2.0
#include "formats/checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "formats/checkpoint_folder.h"

namespace cambium {
namespace {

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    directory_ =
        std::filesystem::path(testing::TempDir()) / (std::string("cambium_") + info->name());
    std::filesystem::remove_all(directory_);
    MakeDirectories(directory_);
    for (size_t i = 0; i < 1000; ++i) large_.push_back(std::sqrt(static_cast<float>(i)));
    special_ = {0.0f, -0.0f, std::numeric_limits<float>::quiet_NaN(), 1e-42f};
  }
  ~CheckpointTest() override { std::filesystem::remove_all(directory_); }

  std::vector<CheckpointTensor> Tensors() const {
    return {{"large", {10, 100}, large_},
            {"special", {4}, special_},
            {"scalar", {}, one_},
            {"empty", {0, 3}, {}}};
  }
  static Json State(uint64_t step) {
    return {{"step", step}, {"seed", UINT64_MAX}, {"rate", 0.1}, {"path", "a\xff"}};
  }
  std::filesystem::path Write() const {
    auto path = directory_ / "test.ckpt";
    WriteCheckpoint(path, State(7), Tensors());
    return path;
  }
  // The message of the error that reading everything gives; "" when there is none.
  static std::string ErrorOf(const std::filesystem::path& path) {
    try {
      CheckpointReader reader(path);
      reader.Verify();
      for (const CheckpointEntry& entry : reader.tensors()) {
        std::vector<float> data(entry.size);
        reader.ReadTensor(entry.name, data);
      }
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::kInternal);
      return error.what();
    }
    return "";
  }

  // Not flushed to disk: there are thousands of these.
  static void WriteQuickly(const std::filesystem::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }

  std::filesystem::path directory_;
  std::vector<float> large_;
  std::vector<float> special_;
  std::vector<float> one_ = {1.0f};
};

TEST_F(CheckpointTest, ReadsBackBitForBit) {
  CheckpointReader reader(Write());
  EXPECT_EQ(reader.state()["step"], 7u);
  EXPECT_EQ(reader.state()["seed"].get<uint64_t>(), UINT64_MAX);
  EXPECT_EQ(reader.state()["rate"].get<double>(), 0.1);
  reader.Verify();
  ASSERT_EQ(reader.tensors().size(), 4u);
  EXPECT_EQ(reader.tensors()[0].shape, (std::vector<uint64_t>{10, 100}));
  for (const CheckpointTensor& tensor : Tensors()) {
    std::vector<float> data(tensor.data.size(), -1.0f);
    reader.ReadTensor(tensor.name, data);
    const auto bits = [](float x) { return std::bit_cast<uint32_t>(x); };
    EXPECT_TRUE(std::ranges::equal(data, tensor.data, {}, bits, bits)) << tensor.name;
  }
}

TEST_F(CheckpointTest, TheSameContentGivesTheSameBytes) {
  const std::string first = ReadFile(Write());
  EXPECT_EQ(first, ReadFile(Write()));
  EXPECT_EQ(first.size() % 64, 0u);
}

// Length and hash were computed by an independent script from docs/formats/checkpoint.md.
TEST_F(CheckpointTest, TheWorkedExampleOfTheDocumentation) {
  const auto path = directory_ / "example.ckpt";
  const std::vector<float> w = {1, -2};
  const std::vector<CheckpointTensor> tensors = {{"w", {2}, w}};
  WriteCheckpoint(path, {{"step", 3}}, tensors);
  const std::string content = ReadFile(path);
  EXPECT_EQ(content.size(), 320u);
  EXPECT_EQ(ToHex(Sha256Of(content)),
            "3850ad91472974f34e0d6051bd42295b815bcc867c130cdb7d7b677fc632d4ae");
}

TEST_F(CheckpointTest, WrongNamesAndSizesAreErrors) {
  CheckpointReader reader(Write());
  std::vector<float> data(999);
  EXPECT_THROW(reader.ReadTensor("large", data), Error);
  EXPECT_THROW(reader.ReadTensor("absent", data), Error);
  EXPECT_THROW(CheckpointReader(directory_ / "absent.ckpt"), Error);
  EXPECT_THROW(CheckpointReader{directory_}, Error);
}

TEST_F(CheckpointTest, TruncationAtEveryByteIsAnError) {
  const std::string content = ReadFile(Write());
  const auto path = directory_ / "cut.ckpt";
  for (size_t size = 0; size < content.size(); size += 1 + size / 100) {
    WriteQuickly(path, content.substr(0, size));
    ASSERT_NE(ErrorOf(path), "") << "accepted when cut to " << size;
  }
  WriteQuickly(path, content + std::string(64, '\0'));
  EXPECT_NE(ErrorOf(path), "");
  WriteQuickly(path, content.substr(0, content.size() - 512));
  EXPECT_NE(ErrorOf(path).find("truncated in tensor 'large'"), std::string::npos) << ErrorOf(path);
}

TEST_F(CheckpointTest, AFlippedBitAnywhereIsAnErrorThatNamesTheTensor) {
  const std::string content = ReadFile(Write());
  const CheckpointReader reader(directory_ / "test.ckpt");
  const auto path = directory_ / "flipped.ckpt";
  for (size_t i = 0; i < content.size(); i += i < 64 ? 1 : 7) {
    std::string broken = content;
    broken[i] = static_cast<char>(broken[i] ^ (1 << (i % 8)));
    WriteQuickly(path, broken);
    const std::string message = ErrorOf(path);
    ASSERT_NE(message, "") << "accepted with byte " << i << " changed";
    for (const CheckpointEntry& entry : reader.tensors()) {
      if (i >= entry.offset && i < entry.offset + 4 * entry.size) {
        ASSERT_NE(message.find("'" + entry.name + "'"), std::string::npos) << message;
      }
    }
  }
}

// A header whose hash is right, but which says nonsense.
TEST_F(CheckpointTest, HeadersThatContradictThemselvesAreErrors) {
  const auto path = directory_ / "header.ckpt";
  const auto write = [&](const std::string& header, size_t data_bytes) {
    std::string content = std::string("CAMBCKPT") + std::string("\1\0\0\0\0\0\0\0", 8);
    const uint64_t size = header.size();
    content.append(reinterpret_cast<const char*>(&size), 8);
    const Sha256Digest digest = Sha256Of(header);
    content.append(reinterpret_cast<const char*>(digest.data()), digest.size());
    content += header;
    content.append((64 - content.size() % 64) % 64 + data_bytes, '\0');
    WriteQuickly(path, content);
    return ErrorOf(path);
  };
  const std::string zeros = ToHex(Sha256Of(std::string(4, '\0')));
  const auto entry = [&](std::string_view shape, std::string_view offset) {
    return fmt::format(R"({{"name":"t","shape":{},"offset":{},"sha256":"{}"}})", shape, offset,
                       zeros);
  };
  const auto header = [](std::string_view entries) {
    return fmt::format(R"({{"state":{{}},"tensors":[{}]}})", entries);
  };
  EXPECT_EQ(write(header(entry("[1]", "0")), 64), "");
  const std::string bad[] = {"",
                             "[]",
                             "{}",
                             R"({"state":{}})",
                             R"({"state":{},"tensors":{}})",
                             header("7"),
                             header("{}"),
                             header(entry("[-1]", "0")),
                             header(entry("[1.5]", "0")),
                             header(entry("7", "0")),
                             header(entry("[1]", "64")),
                             header(entry("[1]", "-64")),
                             header(entry("[1]", "null")),
                             header(entry("[2305843009213693952]", "0")),
                             header(entry("[4294967296,4294967296]", "0")),
                             header(entry("[17]", "0")),
                             header(entry("[0]", "0")),
                             header(entry("[1]", "0") + "," + entry("[1]", "64")),
                             header(std::string(100000, '['))};
  for (const std::string& text : bad) {
    EXPECT_NE(write(text, 64), "") << text.substr(0, 200);
  }
}

TEST_F(CheckpointTest, TheFolderKeepsTheOneBefore) {
  EXPECT_FALSE(OpenLastGoodCheckpoint(directory_));
  for (uint64_t step = 1; step <= 3; ++step) SaveCheckpoint(directory_, State(step), Tensors());
  const auto last = OpenLastGoodCheckpoint(directory_);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->reader.state()["step"], 3u);
  EXPECT_EQ(last->note, "");
  EXPECT_EQ(CheckpointReader(PreviousCheckpointPath(directory_)).state()["step"], 2u);
}

TEST_F(CheckpointTest, ADamagedCheckpointFallsBackToTheOneBefore) {
  SaveCheckpoint(directory_, State(1), Tensors());
  SaveCheckpoint(directory_, State(2), Tensors());
  std::string content = ReadFile(CheckpointPath(directory_));
  content[content.size() / 2] ^= 1;
  WriteFileAtomically(CheckpointPath(directory_), content);
  {
    const auto last = OpenLastGoodCheckpoint(directory_);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->reader.state()["step"], 1u);
    EXPECT_NE(last->note.find("SHA-256"), std::string::npos) << last->note;
  }
  // As left by a kill between the two renames of a save.
  std::filesystem::remove(CheckpointPath(directory_));
  EXPECT_EQ(OpenLastGoodCheckpoint(directory_)->reader.state()["step"], 1u);
  WriteFileAtomically(PreviousCheckpointPath(directory_), "junk");
  EXPECT_THROW((void)OpenLastGoodCheckpoint(directory_), Error);
}

TEST_F(CheckpointTest, ASaveRemovesWhatAKilledOneLeft) {
  WriteFileAtomically(directory_ / "checkpoint.next.ckpt.123.tmp", "unfinished");
  SaveCheckpoint(directory_, State(1), Tensors());
  size_t num_files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory_)) {
    ++num_files;
  }
  EXPECT_EQ(num_files, 1u);
}

}  // namespace
}  // namespace cambium
