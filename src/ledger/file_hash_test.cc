// SPDX-License-Identifier: Apache-2.0
#include "ledger/file_hash.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace cambium {
namespace {

// printf '' | sha256sum; printf abc | sha256sum
constexpr char kEmptyHash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kAbcHash[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(FileHashTest, EqualsWhatCoreutilsPrint) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("cambium_file_hash.{}", getpid());
  std::filesystem::create_directories(folder / "a" / "empty folder");
  EXPECT_EQ(HashFileOrFolder(folder).sha256, kEmptyHash);  // of no lines

  WriteFileAtomically(folder / "a" / "x", "abc");
  WriteFileAtomically(folder / "a.txt", "");
  std::filesystem::create_symlink("a.txt", folder / "link");
  const FileHash file = HashFileOrFolder(folder / "a" / "x");
  EXPECT_EQ(file.sha256, kAbcHash);
  EXPECT_EQ(file.num_files, 1u);
  EXPECT_EQ(file.size_bytes, 3u);

  // Made by the command in the header, in this folder. '.' sorts before '/'.
  const FileHash tree = HashFileOrFolder(folder);
  EXPECT_EQ(tree.sha256, "38afe38d1b5ec1ffd294dd0f1e5718b8731111cd74f438755b291e7db35e7489");
  EXPECT_EQ(tree.num_files, 2u);
  EXPECT_EQ(HashFileOrFolder(folder / "").sha256, tree.sha256);
  std::filesystem::remove_all(folder);
}

TEST(FileHashTest, MissingFilesAreNamed) {
  try {
    HashFileOrFolder("/nonexistent/file");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(error.what()).find("/nonexistent/file"), std::string::npos);
  }
}

}  // namespace
}  // namespace cambium
