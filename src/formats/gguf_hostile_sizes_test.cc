// SPDX-License-Identifier: Apache-2.0
// Every count, length, dimension and offset of a GGUF file at and beside every power of two, alone
// and in sums that wrap (CVE-2024-23605, -23496, -21836, CVE-2025-53630, CVE-2026-27940, -33298);
// and what is no GGUF file at all.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "formats/gguf.h"
#include "formats/gguf_test_file.h"

namespace cambium {
namespace {

using enum GgufValueType;

void ExpectRefused(const std::string& bytes, const std::string& what) {
  const Attempt attempt = TryGguf(bytes);
  EXPECT_TRUE(attempt.within_limits())
      << what << ": " << attempt.seconds << " s, " << attempt.allocated_bytes << " bytes";
  EXPECT_TRUE(attempt.error == ErrorCode::kCorruptData || attempt.error == ErrorCode::kUnsupported)
      << what << ": " << (attempt.error ? attempt.message : "accepted");
}

// 2^shift - 1, 2^shift, 2^shift + 1 for all from 2^10 on: above all that the files here have.
std::vector<uint64_t> NumbersBesidePowersOfTwo() {
  std::vector<uint64_t> numbers = {UINT64_MAX};
  for (int shift = 10; shift < 64; ++shift) {
    const uint64_t power = uint64_t{1} << shift;
    numbers.insert(numbers.end(), {power - 1, power, power + 1});
  }
  return numbers;
}

TEST(GgufHostileSizes, EveryCountAndLength) {
  const std::string rest(64, '\1');
  for (const uint64_t n : NumbersBesidePowersOfTwo()) {
    const auto with = [&](const GgufBytes& value) {
      return GgufHeader(0, 1).String("k").Raw(value.bytes()).Put(n).Raw(rest).bytes();
    };
    ExpectRefused(GgufHeader(n, 0).Raw(rest).bytes(), fmt::format("{} tensors", n));
    ExpectRefused(GgufHeader(0, n).Raw(rest).bytes(), fmt::format("{} values", n));
    ExpectRefused(GgufHeader(n, n).Raw(rest).bytes(), fmt::format("{} of both", n));
    ExpectRefused(GgufHeader(0, 1).Put(n).Raw(rest).bytes(), fmt::format("a key of {}", n));
    ExpectRefused(GgufHeader(1, 0).Put(n).Raw(rest).bytes(), fmt::format("a name of {}", n));
    ExpectRefused(with(GgufBytes().Type(kString)), fmt::format("a string of {}", n));
    for (uint32_t type = 0; type <= 13; ++type) {
      ExpectRefused(with(GgufBytes().Type(kArray).Put(type)),
                    fmt::format("an array of {} of type {}", n, type));
    }
    GgufBytes strings = GgufHeader(0, 1);
    strings.String("k").Type(kArray).Type(kString).Put<uint64_t>(2).String("a").Put(n).Raw(rest);
    ExpectRefused(strings.bytes(), fmt::format("a string of {} in an array", n));
  }
}

TEST(GgufHostileSizes, EveryDimensionAndOffset) {
  for (const uint64_t n : NumbersBesidePowersOfTwo()) {
    for (const uint32_t type : {0u, 1u, 2u, 8u, 12u, 16u, 24u, 30u, 39u}) {
      for (size_t place = 0; place < 4; ++place) {
        std::vector<uint64_t> dims = {256, 1, 1, 1};
        dims[place] = n;
        GgufBytes file = GgufHeader(1, 0);
        PutTensor(&file, "t", dims, type, 0).Align(32).Raw(std::string(256, '\0'));
        ExpectRefused(file.bytes(), fmt::format("dimension {} of {} of type {}", place, n, type));
      }
      GgufBytes file = GgufHeader(1, 0);
      PutTensor(&file, "t", {256}, type, n).Align(32).Raw(std::string(256, '\0'));
      ExpectRefused(file.bytes(), fmt::format("offset {} of type {}", n, type));
    }
  }
}

// Each could be there alone; their sum is 2^64 and more.
TEST(GgufHostileSizes, SumsThatWrap) {
  for (const uint64_t size : {uint64_t{1} << 54, uint64_t{1} << 58, (uint64_t{1} << 63) - 64}) {
    for (const uint32_t type : {24u, 0u}) {
      GgufBytes file = GgufHeader(1100, 0);
      uint64_t offset = 0;
      for (int i = 0; i < 1100; ++i) {
        PutTensor(&file, fmt::format("t{}", i), {type == 0 ? size / 4 : size}, type, offset);
        offset += size;
      }
      ExpectRefused(file.Align(32).Raw(std::string(256, '\0')).bytes(),
                    fmt::format("1100 tensors of {}", size));
    }
  }
}

TEST(GgufHostileSizes, OtherFiles) {
  for (const char* magic :
       {"ggml", "ggmf", "ggjt", "ggla", "lmgg", "tjgg", "FUGG", "gguf", "PK\3\4",
        "\x7f"
        "ELF",
        "GGUE", "\0\0\0\0"}) {
    ExpectRefused(std::string(magic, 4) + ValidGguf().substr(4), magic);
  }
  for (size_t size = 0; size <= 64; ++size) {
    for (const char c : {'\0', 'G', '\x7f', '\xff'}) {
      ExpectRefused(std::string(size, c), fmt::format("{} bytes", size));
    }
  }
}

// Opening neither waits for somebody to write, nor reads without end.
TEST(GgufHostileSizes, PipesDevicesAndFolders) {
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("cambium_gguf_sizes_{}", getpid());
  std::filesystem::create_directories(folder);
  const std::filesystem::path pipe = folder / "pipe.gguf";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::filesystem::path& path :
       {pipe, folder, std::filesystem::path("/dev/zero"), std::filesystem::path("/dev/null")}) {
    const Attempt attempt = AttemptTo([&] { const GgufFile file(path); });
    EXPECT_EQ(attempt.error, ErrorCode::kIo) << path << " " << attempt.message;
    EXPECT_EQ(AttemptTo([&] { (void)ReadRegularFile(path, 100); }).error, ErrorCode::kIo) << path;
  }
  EXPECT_EQ(AttemptTo([&] { const GgufFile file(folder / "none"); }).error, ErrorCode::kNotFound);
  WriteFileAtomically(folder / "long", std::string(101, 'x'));
  EXPECT_EQ(ReadRegularFile(folder / "long", 101).size(), 101u);
  EXPECT_EQ(AttemptTo([&] { (void)ReadRegularFile(folder / "long", 100); }).error,
            ErrorCode::kResourceExhausted);
  std::filesystem::remove_all(folder);
}

// Of a model in several files: counts of parts, and parts that are the file itself.
TEST(GgufHostileSizes, Parts) {
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("cambium_gguf_parts_{}", getpid());
  std::filesystem::create_directories(folder);
  const auto part = [](uint64_t number, uint64_t count) {
    GgufBytes file = GgufHeader(0, 2);
    file.String("split.no").Type(kUint64).Put(number);
    return file.String("split.count").Type(kUint64).Put(count).bytes();
  };
  for (const uint64_t n : NumbersBesidePowersOfTwo()) {
    ExpectRefused(part(0, n), fmt::format("{} parts", n));
    ExpectRefused(part(n, 3), fmt::format("part {}", n));
    const std::filesystem::path path = folder / fmt::format("m-00001-of-{:05}.gguf", n);
    WriteFileAtomically(path, part(0, n));
    const Attempt attempt = AttemptTo([&] { const GgufFile file(path); });
    EXPECT_TRUE(attempt.error) << n;
    EXPECT_TRUE(attempt.within_limits()) << n;
    std::filesystem::remove(path);
  }
  const std::filesystem::path first = folder / "m-00001-of-00002.gguf";
  WriteFileAtomically(first, part(0, 2));
  std::filesystem::create_symlink(first, folder / "m-00002-of-00002.gguf");
  EXPECT_EQ(AttemptTo([&] { const GgufFile file(first); }).error, ErrorCode::kCorruptData);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cambium
