// SPDX-License-Identifier: Apache-2.0
#include "train/token_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "text/text_test_files.h"

namespace cambium {
namespace {

TokenFileInfo SampleInfo() {
  TokenFileInfo info;
  info.split = DataSplit::kContentHash;
  info.tokenizer_hash = Sha256Of("tokenizer");
  info.data_hash = Sha256Of("data");
  info.options_hash = Sha256Of("options");
  return info;
}

// Three documents: 3 tokens of 5 bytes, none of 1 byte, 40 of 60 bytes (validation).
void WriteSample(const std::filesystem::path& path, uint32_t vocab_size) {
  TokenFileWriter writer(path, vocab_size);
  writer.AppendTokens(std::vector<int32_t>{1, 2});
  writer.AppendTokens(std::vector<int32_t>{static_cast<int32_t>(vocab_size) - 1});
  writer.EndDocument(5, false);
  writer.EndDocument(1, false);
  std::vector<int32_t> tokens(40);
  for (int i = 0; i < 40; ++i) tokens[static_cast<size_t>(i)] = i;
  writer.AppendTokens(tokens);
  writer.EndDocument(60, true);
  writer.Commit(SampleInfo());
}

TEST(TokenFile, RoundTripInTwoAndFourBytes) {
  const TestFolder folder;
  for (const uint32_t vocab_size : {300u, 65536u, 65537u, 200000u}) {
    const auto path = folder.path() / fmt::format("{}.tokens", vocab_size);
    WriteSample(path, vocab_size);
    const TokenFile file(path);
    const TokenFileInfo& info = file.info();
    EXPECT_EQ(info.vocab_size, vocab_size);
    EXPECT_EQ(info.split, DataSplit::kContentHash);
    EXPECT_EQ(info.tokenizer_hash, Sha256Of("tokenizer"));
    EXPECT_EQ(info.data_hash, Sha256Of("data"));
    EXPECT_EQ(info.options_hash, Sha256Of("options"));
    EXPECT_EQ(info.num_tokens, 43u);
    EXPECT_EQ(info.num_documents, 3u);
    EXPECT_EQ(info.text_bytes, 66u);
    EXPECT_EQ(info.num_validation_tokens, 40u);
    EXPECT_EQ(info.num_validation_documents, 1u);
    EXPECT_EQ(info.validation_text_bytes, 60u);
    EXPECT_EQ(file.document(0).end, 3u);
    EXPECT_EQ(file.document(1).num_tokens(), 0u);
    EXPECT_EQ(file.document(2).begin, 3u);
    EXPECT_EQ(file.document(2).text_bytes, 60u);
    EXPECT_TRUE(file.document(2).validation);
    EXPECT_FALSE(file.document(0).validation);
    std::vector<int32_t> tokens(4);
    file.CopyTokens(1, tokens);
    EXPECT_EQ(tokens, (std::vector<int32_t>{2, static_cast<int32_t>(vocab_size) - 1, 0, 1}));
  }
}

// The worked example of docs/formats/token_file.md, byte for byte.
TEST(TokenFile, WorkedExample) {
  const TestFolder folder;
  const auto path = folder.path() / "example.tokens";
  TokenFileWriter writer(path, 256);
  writer.AppendTokens(std::vector<int32_t>{'h', 'i'});
  writer.EndDocument(2, false);
  writer.AppendTokens(std::vector<int32_t>{'y', 'o', 'u'});
  writer.EndDocument(3, true);
  writer.Commit({.split = DataSplit::kContentHash});
  const std::string file = ReadFile(path);
  const std::string expected =
      std::string("CAMBTOK\n\x01\0\0\0\x02\0\0\0", 16) + std::string("h\0i\0y\0o\0u\0", 10) +
      std::string(6, '\0') + std::string("\x02\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0", 16) +
      std::string("\x05\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\x80", 16) +
      std::string("\x05\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0", 24) +
      std::string("\x00\x01\0\0\x01\0\0\0", 8) + std::string(96, '\0') + "\nENDTOK\n";
  ASSERT_EQ(file.size(), 232u);
  EXPECT_EQ(file.substr(0, 200), expected);
  Sha256 hash;
  hash.Update(expected);
  const Sha256Digest digest = hash.Finish();
  EXPECT_EQ(file.substr(200), std::string(digest.begin(), digest.end()));
  EXPECT_EQ(ToHex(digest), "95af7a80e309c649dde8b7d8adf5ce571b63096ebd4671706048c5d170a7042b");
}

TEST(TokenFile, EmptyOfDocumentsIsAFile) {
  const TestFolder folder;
  TokenFileWriter writer(folder.path() / "e", 256);
  writer.Commit({});
  EXPECT_EQ(TokenFile(folder.path() / "e").info().num_documents, 0u);
}

TEST(TokenFile, NothingRemainsWithoutCommitAndBadTokensAreRefused) {
  const TestFolder folder;
  for (const int32_t bad : {-1, 256}) {
    const Caught caught = CatchError([&] {
      TokenFileWriter writer(folder.path() / "x", 256);
      writer.AppendTokens(std::vector<int32_t>{0, bad});
    });
    EXPECT_EQ(caught.code, ErrorCode::kInternal);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(TokenFile, EveryTruncationAndEveryDamagedByteIsATypedError) {
  const TestFolder folder;
  for (const uint32_t vocab_size : {300u, 70000u}) {
    const auto path = folder.path() / "whole";
    WriteSample(path, vocab_size);
    const std::string whole = ReadFile(path);
    const auto expect_corrupt = [&](const std::string& content, const std::string& what) {
      const auto damaged = folder.Write("damaged", content);
      const Caught caught = CatchError([&] { TokenFile file(damaged); });
      EXPECT_EQ(caught.code, ErrorCode::kCorruptData) << what;
      EXPECT_NE(caught.message.find("damaged: offset "), std::string::npos) << caught.message;
    };
    // Every place in the small file, fewer in the large one: opening files is what takes the time.
    const size_t step = vocab_size == 300 ? 1 : 7;
    for (size_t size = 0; size < whole.size(); size += step) {
      expect_corrupt(whole.substr(0, size), fmt::format("size {}", size));
    }
    expect_corrupt(whole + std::string(8, '\0'), "longer");
    for (size_t i = 0; i < whole.size(); i += step) {
      std::string content = whole;
      content[i] = static_cast<char>(content[i] ^ 1 << i % 8);
      expect_corrupt(content, fmt::format("byte {}", i));
    }
  }
}

// Damage with a hash made to agree: every other check must hold by itself.
TEST(TokenFile, ForgedHashesDoNotHelp) {
  const TestFolder folder;
  const auto path = folder.path() / "whole";
  WriteSample(path, 300);
  const std::string whole = ReadFile(path);
  int num_refused = 0;
  for (size_t i = 0; i + 32 < whole.size(); ++i) {
    for (const int flip : {0x01, 0x80}) {
      std::string content = whole.substr(0, whole.size() - 32);
      content[i] = static_cast<char>(content[i] ^ flip);
      const Sha256Digest digest = Sha256Of(content);
      content.append(digest.begin(), digest.end());
      const auto forged = folder.Write("forged", content);
      try {
        const TokenFile file(forged);
        for (uint64_t d = 0; d < file.info().num_documents; ++d) {
          std::vector<int32_t> tokens(file.document(d).num_tokens());
          file.CopyTokens(file.document(d).begin, tokens);
          for (const int32_t token : tokens) {
            ASSERT_LT(static_cast<uint32_t>(token), file.info().vocab_size);
          }
        }
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
        ++num_refused;
      }
    }
  }
  EXPECT_GT(num_refused, 100);
}

}  // namespace
}  // namespace cambium
