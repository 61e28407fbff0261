// SPDX-License-Identifier: Apache-2.0
#include "train/token_dataset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/text_test_files.h"
#include "train/data_loader.h"

namespace cambium {
namespace {

// Bytes as tokens.
DatasetTokenizer ByteTokenizer(int* num_texts = nullptr) {
  return {.hash = Sha256Of("bytes"),
          .vocab_size = 256,
          .encode = [num_texts](std::span<const std::string_view> texts,
                                std::vector<std::vector<int32_t>>& tokens) {
            tokens.resize(texts.size());
            for (size_t i = 0; i < texts.size(); ++i) {
              tokens[i].clear();
              for (const char c : texts[i]) tokens[i].push_back(static_cast<uint8_t>(c));
            }
            if (num_texts != nullptr) *num_texts += static_cast<int>(texts.size());
          }};
}

std::string TextOf(const TokenFile& file, uint64_t index) {
  const TokenDocument document = file.document(index);
  std::vector<int32_t> tokens(document.num_tokens());
  file.CopyTokens(document.begin, tokens);
  return std::string(tokens.begin(), tokens.end());
}

std::string ManyLines(int n) {
  std::string lines;
  for (int i = 0; i < n; ++i) {
    lines += fmt::format("{{\"text\": \"document {} {}\"}}\n", i, std::string(i % 50, 'x'));
  }
  return lines;
}

TEST(TokenDataset, DocumentsInOrderSplitByContent) {
  const TestFolder folder;
  const auto input = folder.Write("in/a.jsonl", ManyLines(2000));
  const auto cache = folder.path() / "a.tokens";
  const TokenDataset data = PrepareTokenDataset(input, cache, ByteTokenizer(), {});
  EXPECT_FALSE(data.reused);
  const TokenFileInfo& info = data.file.info();
  EXPECT_EQ(info.split, DataSplit::kContentHash);
  ASSERT_EQ(info.num_documents, 2000u);
  EXPECT_EQ(info.text_bytes, data.stats.text_bytes);
  EXPECT_NEAR(static_cast<double>(info.num_validation_documents), 200, 45);
  for (uint64_t i = 0; i < info.num_documents; ++i) {
    const std::string text =
        fmt::format("document {} {}", i, std::string(static_cast<size_t>(i % 50), 'x'));
    ASSERT_EQ(TextOf(data.file, i), text);
    ASSERT_EQ(data.file.document(i).text_bytes, text.size());
    ASSERT_EQ(data.file.document(i).validation, IsValidationHash(Sha256Of(text), 0.1));
  }
  // Small batches, compressed input, another name: the same bytes.
  const auto zipped = folder.Write("in2/b.jsonl.zst", Zstd(ManyLines(2000)));
  const auto cache2 = folder.path() / "b.tokens";
  PrepareTokenDataset(zipped, cache2, ByteTokenizer(), {.batch_bytes = 100});
  EXPECT_TRUE(ReadFile(cache) == ReadFile(cache2));
}

TEST(TokenDataset, TheCacheIsUsedIfAndOnlyIfEverythingAgrees) {
  const TestFolder folder;
  const auto input = folder.Write("a.jsonl", ManyLines(300));
  const auto cache = folder.path() / "a.tokens";
  int num_texts = 0;
  const auto prepare = [&](const TokenDatasetOptions& options = {},
                           const char* tokenizer_name = "bytes") {
    DatasetTokenizer tokenizer = ByteTokenizer(&num_texts);
    tokenizer.hash = Sha256Of(tokenizer_name);
    return PrepareTokenDataset(input, cache, tokenizer, options).reused;
  };
  EXPECT_FALSE(prepare());
  EXPECT_EQ(num_texts, 300);
  EXPECT_TRUE(prepare());
  EXPECT_EQ(num_texts, 300);
  EXPECT_FALSE(prepare({.val_fraction = 0.2}));
  EXPECT_FALSE(prepare());
  EXPECT_FALSE(prepare({}, "other"));
  EXPECT_FALSE(prepare());
  EXPECT_TRUE(prepare());
  folder.Write("a.jsonl", ManyLines(301));
  EXPECT_FALSE(prepare());
  EXPECT_TRUE(prepare());
  std::string content = ReadFile(cache);
  content[100] ^= 1;
  folder.Write("a.tokens", content);
  EXPECT_FALSE(prepare());  // damaged: made again
  EXPECT_TRUE(prepare());
}

TEST(TokenDataset, OneDocumentIsSplitAtItsTail) {
  const TestFolder folder;
  std::string text;
  for (int i = 0; text.size() < 30000; ++i) text += fmt::format("line {}\n", i);
  const auto input = folder.Write("a.txt", text);
  for (const size_t piece : {size_t{1} << 20, size_t{1000}, size_t{64}}) {
    const TokenDataset data = PrepareTokenDataset(
        input, folder.path() / "a.tokens", ByteTokenizer(), {.reader = {.piece_bytes = piece}});
    EXPECT_EQ(data.file.info().split, DataSplit::kTail);
    ASSERT_EQ(data.file.info().num_documents, 2u);
    const size_t train = text.size() * 9 / 10;
    EXPECT_EQ(TextOf(data.file, 0), text.substr(0, train));
    EXPECT_EQ(TextOf(data.file, 1), text.substr(train));
    EXPECT_TRUE(data.file.document(1).validation);
    EXPECT_FALSE(data.file.document(0).validation);
  }
  const TokenDataset whole =
      PrepareTokenDataset(input, folder.path() / "b.tokens", ByteTokenizer(), {.val_fraction = 0});
  EXPECT_EQ(whole.file.info().num_documents, 1u);
  EXPECT_EQ(whole.file.info().num_validation_documents, 0u);
}

TEST(TokenDataset, ATailNeverCutsACharacter) {
  const TestFolder folder;
  for (int n = 20; n < 40; ++n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += "\xF0\x9F\x98\x80";
    const auto input = folder.Write("a.txt", text);
    const TokenDataset data =
        PrepareTokenDataset(input, folder.path() / "a.tokens", ByteTokenizer(),
                            {.reader = {.piece_bytes = 8 + n % 5u}});
    ASSERT_EQ(data.file.info().num_documents, 2u) << n;
    EXPECT_EQ(data.file.document(0).text_bytes % 4, 0u);
    EXPECT_EQ(TextOf(data.file, 0) + TextOf(data.file, 1), text);
  }
}

// Tail over several documents: those before, the one that is cut, those after.
TEST(TokenDataset, TailOfSeveralDocuments) {
  const TestFolder folder;
  folder.Write("in/a", "aaaaaaaaaa");
  folder.Write("in/b", "bbbbbbbbbb");
  folder.Write("in/c", "cc");
  folder.Write("in/d", "dd");
  const auto split = [&](double fraction) {
    const TokenDataset data =
        PrepareTokenDataset(folder.path() / "in", folder.path() / "t", ByteTokenizer(),
                            {.val_fraction = fraction, .split = SplitMode::kTail});
    std::string shown;
    for (uint64_t i = 0; i < data.file.info().num_documents; ++i) {
      shown +=
          fmt::format("{}{} ", data.file.document(i).validation ? "V" : "T", TextOf(data.file, i));
    }
    return shown;
  };
  EXPECT_EQ(split(0.25), "Taaaaaaaaaa Tbbbbbbbb Vbb Vcc Vdd ");
  EXPECT_EQ(split(0.1), "Taaaaaaaaaa Tbbbbbbbbbb Tc Vc Vdd ");
  EXPECT_EQ(split(2.0 / 24), "Taaaaaaaaaa Tbbbbbbbbbb Tcc Vdd ");
}

TEST(TokenDataset, BadFractionsAndTooLittleText) {
  const TestFolder folder;
  const auto input = folder.Write("a", "x");
  for (const double fraction : {-0.1, 1.0, std::nan("")}) {
    EXPECT_EQ(CatchError([&] {
                PrepareTokenDataset(input, folder.path() / "t", ByteTokenizer(),
                                    {.val_fraction = fraction});
              }).code,
              ErrorCode::kInvalidArgument);
  }
  EXPECT_NE(CatchError([&] {
              PrepareTokenDataset(input, folder.path() / "t", ByteTokenizer(), {});
            }).message.find("too few to split"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "t"));
}

TEST(TokenDataset, InputThatChangesBetweenTheReadingsIsAnErrorAndLeavesNothing) {
  const TestFolder folder;
  const auto input = folder.Write("in/a.jsonl", ManyLines(10));
  bool changed = false;
  const TokenDatasetOptions options = {
      .progress = [&](const std::string& phase, uint64_t, uint64_t) {
        if (phase == "reading" && !changed) {
          changed = true;
          folder.Write("in/b.jsonl", ManyLines(3));  // listed by the second reading only
        }
      }};
  const auto prepare = [&] {
    PrepareTokenDataset(folder.path() / "in", folder.path() / "t", ByteTokenizer(), options);
  };
  const Caught caught = CatchError(prepare);
  EXPECT_EQ(caught.code, ErrorCode::kIo);
  EXPECT_NE(caught.message.find("changed between"), std::string::npos);
  size_t num_entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    ++num_entries;
  }
  EXPECT_EQ(num_entries, 1u);
  prepare();  // at rest it works
}

TEST(TokenDataset, TinyShakespeareSplitsAsNanoGptDoes) {
  const char* shared = std::getenv("CAMBIUM_SHARED");
  const std::filesystem::path root =
      shared != nullptr ? shared : std::filesystem::path(CAMBIUM_SOURCE_DIR) / "../shared";
  const auto input = root / "data/text/tinyshakespeare.txt";
  if (!std::filesystem::exists(input)) GTEST_SKIP() << input << " is not there";
  const TestFolder folder;
  const TokenDataset data = PrepareTokenDataset(input, folder.path() / "t", ByteTokenizer(), {});
  // nanoGPT, data/shakespeare_char: 1,003,854 characters for training, 111,540 for validation.
  EXPECT_EQ(data.file.document(0).num_tokens(), 1003854u);
  EXPECT_EQ(data.file.document(1).num_tokens(), 111540u);

  // The JSONL of real stories, through tokens, packed.
  const auto stories = root / "data/text/tinystories_800.jsonl.zst";
  const TokenDataset packed =
      PrepareTokenDataset(stories, folder.path() / "s", ByteTokenizer(), {});
  EXPECT_EQ(packed.file.info().num_documents, 800u);
  EXPECT_EQ(packed.file.info().split, DataSplit::kContentHash);
  DataLoader loader(std::make_shared<const TokenFile>(folder.path() / "s"),
                    {.rows = 8, .row_tokens = 1024});
  EXPECT_GT(loader.utilisation(), 0.98);
}

}  // namespace
}  // namespace cambium
