// SPDX-License-Identifier: Apache-2.0
#include "text/compressed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "text/text_test_files.h"

namespace cambium {
namespace {

std::string ReadAll(const std::filesystem::path& path, size_t block_bytes = 1000) {
  CompressedReader reader(path);
  std::string text;
  std::string block(block_bytes, '\0');
  for (;;) {
    const size_t n = reader.Read(block.data(), block.size());
    text.append(block, 0, n);
    if (n < block.size()) break;
  }
  EXPECT_EQ(reader.Read(block.data(), block.size()), 0u);
  EXPECT_EQ(reader.file_offset_bytes(), reader.file_size_bytes());
  return text;
}

std::string SampleText() {
  std::string text;
  for (int i = 0; text.size() < 700000; ++i) text += fmt::format("line {} of {}\n", i, i * i % 97);
  return text;
}

TEST(CompressedReader, PlainGzipAndZstdGiveTheSameTextAtEveryBlockSize) {
  const TestFolder folder;
  const std::string text = SampleText();
  // The names say nothing: the content decides.
  const auto plain = folder.Write("a", text);
  const auto gzip = folder.Write("b", Gzip(text));
  const auto zstd = folder.Write("c.txt", Zstd(text));
  for (const size_t block : {size_t{1} << 20, size_t{4099}, size_t{1000}}) {
    EXPECT_TRUE(ReadAll(plain, block) == text);
    EXPECT_TRUE(ReadAll(gzip, block) == text);
    EXPECT_TRUE(ReadAll(zstd, block) == text);
  }
  EXPECT_TRUE(ReadAll(folder.Write("d", Zstd("one byte at a time")), 1) == "one byte at a time");
  EXPECT_EQ(CompressedReader(plain).compression(), Compression::kNone);
  EXPECT_EQ(CompressedReader(gzip).compression(), Compression::kGzip);
  EXPECT_EQ(CompressedReader(zstd).compression(), Compression::kZstd);
  EXPECT_EQ(ReadAll(folder.Write("empty", "")), "");
  EXPECT_EQ(ReadAll(folder.Write("empty.zst", Zstd(""))), "");
  EXPECT_EQ(ReadAll(folder.Write("empty.gz", Gzip(""))), "");
}

TEST(CompressedReader, MembersFramesAndPadding) {
  const TestFolder folder;
  EXPECT_EQ(ReadAll(folder.Write("a.gz", Gzip("one ") + Gzip("") + Gzip("two"))), "one two");
  EXPECT_EQ(ReadAll(folder.Write("p.gz", Gzip("x") + std::string(700000, '\0'))), "x");
  EXPECT_EQ(ReadAll(folder.Write("a.zst", Zstd("one ") + Zstd("two"))), "one two");
  const std::string skippable("\x53\x2a\x4d\x18\x03\x00\x00\x00zzz", 11);
  EXPECT_EQ(ReadAll(folder.Write("s.zst", skippable + Zstd("one"))), "one");
}

TEST(CompressedReader, EveryTruncationIsATypedErrorOrShorterPlainText) {
  const TestFolder folder;
  const std::string text = SampleText().substr(0, 3000);
  for (const std::string& whole : {Gzip(text), Zstd(text)}) {
    for (size_t size = 4; size < whole.size(); size += 3) {
      const auto path = folder.Write("t", whole.substr(0, size));
      const Caught caught = CatchError([&] { ReadAll(path); });
      EXPECT_EQ(caught.code, ErrorCode::kCorruptData);
      EXPECT_NE(caught.message.find(path.string() + ": offset "), std::string::npos);
    }
  }
}

TEST(CompressedReader, DamageAndGarbageAreErrors) {
  const TestFolder folder;
  const std::string text = SampleText().substr(0, 3000);
  std::string gzip = Gzip(text);
  gzip[gzip.size() - 6] ^= 1;  // the CRC
  EXPECT_EQ(CatchError([&] { ReadAll(folder.Write("a", gzip)); }).code, ErrorCode::kCorruptData);
  const Caught garbage = CatchError([&] { ReadAll(folder.Write("b", Gzip("x") + "garbage")); });
  EXPECT_EQ(garbage.code, ErrorCode::kCorruptData);
  EXPECT_NE(garbage.message.find("7 bytes after the gzip data"), std::string::npos);
  EXPECT_EQ(CatchError([&] { ReadAll(folder.Write("c", Zstd("x") + "garbage")); }).code,
            ErrorCode::kCorruptData);
  for (const char* name : {"plain.gz", "plain.zst"}) {
    const Caught caught = CatchError([&] { ReadAll(folder.Write(name, "plain")); });
    EXPECT_EQ(caught.code, ErrorCode::kCorruptData);
    EXPECT_NE(caught.message.find("rename"), std::string::npos);
  }
}

TEST(CompressedReader, MissingFolderPipeAndShrinkingFile) {
  const TestFolder folder;
  EXPECT_EQ(CatchError([&] { CompressedReader(folder.path() / "no"); }).code, ErrorCode::kNotFound);
  EXPECT_EQ(CatchError([&] { CompressedReader(folder.path()); }).code, ErrorCode::kIo);
  EXPECT_EQ(CatchError([] { CompressedReader("/dev/null"); }).code, ErrorCode::kIo);

  const std::string text(size_t{2} << 20, 'x');
  const auto path = folder.Write("shrinks", text);
  const Caught caught = CatchError([&] {
    CompressedReader reader(path);
    std::string block(400000, '\0');
    EXPECT_EQ(reader.Read(block.data(), block.size()), block.size());
    std::filesystem::resize_file(path, 500000);
    while (reader.Read(block.data(), block.size()) == block.size()) {
    }
  });
  EXPECT_EQ(caught.code, ErrorCode::kIo);
  EXPECT_NE(caught.message.find("offset 500000: shrank"), std::string::npos) << caught.message;
}

// 512 MiB in a few tens of kilobytes: read as a stream, never held.
TEST(CompressedReader, ABombIsOnlyAStream) {
  const TestFolder folder;
  const std::string frame = Zstd(std::string(size_t{64} << 20, 'a'));
  std::string bomb;
  for (int i = 0; i < 8; ++i) bomb += frame;
  CompressedReader reader(folder.Write("bomb", bomb));
  std::string block(size_t{1} << 20, '\0');
  uint64_t total = 0;
  for (size_t n = block.size(); n == block.size(); total += n) {
    n = reader.Read(block.data(), block.size());
  }
  EXPECT_EQ(total, uint64_t{512} << 20);
}

}  // namespace
}  // namespace cambium
