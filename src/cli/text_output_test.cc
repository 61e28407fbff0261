// SPDX-License-Identifier: Apache-2.0
#include "cli/text_output.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zstd.h>

#include "base/error.h"
#include "base/file.h"
#include "text/compressed.h"

namespace cambium {
namespace {

class TextOutputTest : public ::testing::Test {
 protected:
  TextOutputTest() {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("cambium_output.{}", getpid());
    std::filesystem::create_directories(folder_);
  }
  ~TextOutputTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(TextOutputTest, PlainFilesHoldTheText) {
  TextOutput output(folder_ / "a.txt");
  output.Write("one\n");
  output.Write("two\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a.txt"));
  output.Finish();
  EXPECT_EQ(ReadFile(folder_ / "a.txt"), "one\ntwo\n");
  EXPECT_EQ(output.text_bytes(), 8u);
  EXPECT_FALSE(output.is_stdout());
}

TEST_F(TextOutputTest, ZstFilesHoldTheTextCompressed) {
  std::string text;
  for (int64_t i = 0; i < 300'000; ++i) text += fmt::format("{}\n", i * 7919 % 100'003);
  TextOutput output(folder_ / "a.txt.zst");
  for (size_t i = 0; i < text.size(); i += 10'007) output.Write(text.substr(i, 10'007));
  output.Write("");
  output.Finish();
  EXPECT_EQ(output.text_bytes(), text.size());

  const std::string file = ReadFile(folder_ / "a.txt.zst");
  EXPECT_LT(file.size(), text.size());
  std::string back(text.size() + 1, '\0');
  const size_t size = ZSTD_decompress(back.data(), back.size(), file.data(), file.size());
  ASSERT_EQ(ZSTD_isError(size), 0u) << ZSTD_getErrorName(size);
  back.resize(size);
  EXPECT_EQ(back, text);
}

TEST_F(TextOutputTest, GzFilesHoldTheTextCompressed) {
  std::string text;
  for (int64_t i = 0; i < 300'000; ++i) text += fmt::format("{}\n", i * 7919 % 100'003);
  for (const char* name : {"a.txt.gz", "b.txt.gz"}) {
    TextOutput output(folder_ / name);
    for (size_t i = 0; i < text.size(); i += 200'007) output.Write(text.substr(i, 200'007));
    output.Write("");
    output.Finish();
  }
  EXPECT_EQ(ReadFile(folder_ / "a.txt.gz"), ReadFile(folder_ / "b.txt.gz"));
  EXPECT_LT(ReadFile(folder_ / "a.txt.gz").size(), text.size());
  CompressedReader reader(folder_ / "a.txt.gz");
  EXPECT_EQ(reader.compression(), Compression::kGzip);
  std::string back(text.size() + 1, '\0');
  back.resize(reader.Read(back.data(), back.size()));
  EXPECT_EQ(back, text);
}

TEST_F(TextOutputTest, NothingRemainsOfWhatWasNotFinished) {
  {
    TextOutput output(folder_ / "a.txt.zst");
    output.Write("text");
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  EXPECT_THROW(TextOutput(folder_ / "missing" / "a.txt"), Error);
}

}  // namespace
}  // namespace cambium
