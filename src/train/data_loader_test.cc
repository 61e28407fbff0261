// SPDX-License-Identifier: Apache-2.0
#include "train/data_loader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/philox.h"
#include "text/text_test_files.h"

namespace cambium {
namespace {

constexpr int32_t kBos = 998;
constexpr int32_t kEos = 999;

// Documents of the given lengths; token i of document d is d * 7 + i mod 900.
std::shared_ptr<const TokenFile> MakeFile(const TestFolder& folder,
                                          const std::vector<uint64_t>& train,
                                          const std::vector<uint64_t>& validation = {}) {
  const auto path = folder.path() / "t.tokens";
  TokenFileWriter writer(path, 1000);
  int32_t d = 0;
  for (const auto* lengths : {&train, &validation}) {
    for (const uint64_t length : *lengths) {
      std::vector<int32_t> tokens(length);
      for (size_t i = 0; i < length; ++i) {
        tokens[i] = static_cast<int32_t>((static_cast<size_t>(d) * 7 + i) % 900);
      }
      writer.AppendTokens(tokens);
      writer.EndDocument(3 * length, lengths == &validation);
      ++d;
    }
  }
  writer.Commit({});
  return std::make_shared<const TokenFile>(path);
}

std::vector<uint64_t> Lengths(size_t n, uint64_t below) {
  const Philox random(2, RandomPurpose::kTest);
  std::vector<uint64_t> lengths(n);
  for (size_t i = 0; i < n; ++i) lengths[i] = random.Below(below, 0, i);
  return lengths;
}

bool Same(const Batch& a, const Batch& b) {
  return a.rows == b.rows && a.row_tokens == b.row_tokens && a.tokens == b.tokens &&
         a.targets == b.targets && a.positions == b.positions && a.segments == b.segments &&
         a.num_targets == b.num_targets && a.target_bytes == b.target_bytes;
}

// Segments tile the rows, positions restart, targets follow tokens inside a segment.
void ExpectSound(const Batch& batch) {
  const size_t size = size_t{batch.rows} * batch.row_tokens;
  ASSERT_EQ(batch.tokens.size(), size);
  ASSERT_EQ(batch.targets.size(), size);
  ASSERT_EQ(batch.positions.size(), size);
  uint32_t at = 0;
  uint64_t num_targets = 0;
  for (const BatchSegment& segment : batch.segments) {
    ASSERT_EQ(segment.begin, at);
    ASSERT_GT(segment.length, 0u);
    ASSERT_EQ(segment.begin / batch.row_tokens,
              (segment.begin + segment.length - 1) / batch.row_tokens);
    const bool padding = batch.targets[at] == -1 && segment.length > 1;
    for (uint32_t i = 0; i < segment.length; ++i) {
      ASSERT_EQ(batch.positions[at + i], static_cast<int32_t>(i));
      num_targets += batch.targets[at + i] >= 0;
      if (i + 1 < segment.length) {
        ASSERT_EQ(batch.targets[at + i], padding ? -1 : batch.tokens[at + i + 1]);
      }
    }
    at += segment.length;
  }
  ASSERT_EQ(at, size);
  ASSERT_EQ(num_targets, batch.num_targets);
}

TEST(DataLoader, EveryTokenIsATargetOncePerEpoch) {
  const TestFolder folder;
  const auto lengths = Lengths(300, 90);
  const auto file = MakeFile(folder, lengths, {10, 20});
  for (const int32_t bos : {-1, kBos}) {
    for (const int32_t eos : {-1, kEos}) {
      DataLoader loader(file,
                        {.rows = 4, .row_tokens = 32, .seed = 3, .bos_id = bos, .eos_id = eos});
      ASSERT_EQ(loader.mode(), BatchMode::kPacked);
      EXPECT_GT(loader.utilisation(), 0.98);
      std::map<int32_t, uint64_t> expected;
      uint64_t num_documents = 0;
      for (size_t d = 0; d < lengths.size(); ++d) {
        num_documents += lengths[d] > 0;
        if (lengths[d] > 0 && eos >= 0) ++expected[eos];
        for (size_t i = bos >= 0 ? 0 : 1; i < lengths[d]; ++i) {
          ++expected[static_cast<int32_t>((d * 7 + i) % 900)];
        }
      }
      EXPECT_EQ(loader.num_documents(), num_documents);
      // Rows of epoch 1 and of it alone: one row at a time.
      std::map<int32_t, uint64_t> seen;
      uint64_t num_bos = 0;
      uint64_t row = 0;
      DataLoader by_row(file,
                        {.rows = 1, .row_tokens = 32, .seed = 3, .bos_id = bos, .eos_id = eos});
      Batch batch;
      while (by_row.EpochOf(row) < 1) ++row;
      for (; by_row.EpochOf(row) == 1; ++row) {
        by_row.Load(row, batch);
        ExpectSound(batch);
        for (const int32_t target : batch.targets) {
          if (target >= 0) ++seen[target];
        }
        for (const int32_t token : batch.tokens) num_bos += token == kBos;
      }
      EXPECT_EQ(seen, expected);
      EXPECT_EQ(num_bos, bos >= 0 ? num_documents : 0);
    }
  }
}

TEST(DataLoader, AnyStepInAnyOrderIsTheSame) {
  const TestFolder folder;
  const auto file = MakeFile(folder, Lengths(100, 200));
  for (const BatchMode mode : {BatchMode::kPacked, BatchMode::kStream}) {
    const DataLoaderOptions options = {
        .rows = 6, .row_tokens = 64, .seed = 11, .mode = mode, .bos_id = kBos, .eos_id = kEos};
    DataLoader forward(file, options);
    std::vector<Batch> batches(150);  // several epochs
    for (size_t step = 0; step < batches.size(); ++step) {
      forward.Load(step, batches[step]);
      ExpectSound(batches[step]);
    }
    EXPECT_GT(forward.EpochOf(149), 2u);
    DataLoader other(file, options);
    Batch batch;
    const Philox random(3, RandomPurpose::kTest);
    for (uint64_t i = 0; i < 200; ++i) {
      const uint64_t step = random.Below(batches.size(), 0, i);
      other.Load(step, batch);
      ASSERT_TRUE(Same(batch, batches[step])) << step;
    }
    // A step in parts is the step.
    Batch half;
    other.LoadRows(6 * 77 + 3, 3, half);
    EXPECT_TRUE(
        std::equal(half.tokens.begin(), half.tokens.end(), batches[77].tokens.begin() + 3 * 64));
    DataLoaderOptions reseeded = options;
    reseeded.seed = 12;
    DataLoader(file, reseeded).Load(5, batch);
    EXPECT_FALSE(Same(batch, batches[5]));
  }
}

// The order of data is part of a run's identity: these values may only change with a new version.
TEST(DataLoader, TheOrderIsPinned) {
  const TestFolder folder;
  const auto file = MakeFile(folder, Lengths(100, 200));
  const std::pair<BatchMode, const char*> cases[] = {
      {BatchMode::kPacked, "05442275a5e50b069335d280a01e0683e3b85142af2be843b7592a04ea3c5576"},
      {BatchMode::kStream, "dfc4f094e17be1972f238f525a672e92ebb38ee5f1f34ea82772e6d730732c32"}};
  for (const auto& [mode, expected] : cases) {
    DataLoader loader(
        file,
        {.rows = 6, .row_tokens = 64, .seed = 11, .mode = mode, .bos_id = kBos, .eos_id = kEos});
    Sha256 hash;
    Batch batch;
    for (uint64_t step = 0; step < 60; ++step) {
      loader.Load(step, batch);
      for (const auto* values : {&batch.tokens, &batch.targets, &batch.positions}) {
        hash.Update(values->data(), values->size() * sizeof(int32_t));
      }
    }
    EXPECT_EQ(ToHex(hash.Finish()), expected);
  }
}

TEST(DataLoader, StreamWindowsStayInsideDocumentsAndCoverThem) {
  const TestFolder folder;
  const auto file = MakeFile(folder, {40, 9, 8, 31}, {500});
  DataLoader loader(file, {.rows = 3, .row_tokens = 8, .seed = 1, .mode = BatchMode::kStream});
  EXPECT_EQ(loader.num_documents(), 3u);  // 8 tokens are too few for 8 and a target
  std::map<int32_t, int> firsts;
  Batch batch;
  for (uint64_t step = 0; step < 2000; ++step) {
    loader.Load(step, batch);
    ExpectSound(batch);
    EXPECT_EQ(batch.num_targets, 24u);
    for (size_t row = 0; row < 3; ++row) {
      for (size_t i = 1; i < 8; ++i) {
        ASSERT_EQ(batch.tokens[row * 8 + i], batch.tokens[row * 8] + static_cast<int32_t>(i));
      }
      ++firsts[batch.tokens[row * 8]];
    }
  }
  EXPECT_TRUE(firsts.contains(0) && firsts.contains(31) && firsts.contains(21 + 22));
  EXPECT_FALSE(firsts.contains(21 + 23));  // its window would need token 31 of 31
}

TEST(DataLoader, AutoModeAndDataThatIsNotThere) {
  const TestFolder folder;
  EXPECT_EQ(DataLoader(MakeFile(folder, {1000}), {.row_tokens = 64}).mode(), BatchMode::kStream);
  EXPECT_EQ(DataLoader(MakeFile(folder, {64}), {.row_tokens = 64}).mode(), BatchMode::kPacked);
  EXPECT_EQ(DataLoader(MakeFile(folder, {99, 99}), {.row_tokens = 64}).mode(), BatchMode::kPacked);
  EXPECT_EQ(CatchError([&] { DataLoader(MakeFile(folder, {0}, {50}), {}); }).code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CatchError([&] {
              DataLoader(MakeFile(folder, {50}), {.row_tokens = 64, .mode = BatchMode::kStream});
            }).code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CatchError([&] { DataLoader(MakeFile(folder, {50}), {.bos_id = 1000}); }).code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CatchError([&] { DataLoader(MakeFile(folder, {50}), {.rows = 0}); }).code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CatchError([&] {
              ValidationLoader(MakeFile(folder, {50}), {}, std::vector<uint32_t>(1000, 1));
            }).code,
            ErrorCode::kInvalidArgument);
}

// One short document: epochs shorter than a batch.
TEST(DataLoader, ABatchMayHoldManyEpochs) {
  const TestFolder folder;
  DataLoader loader(MakeFile(folder, {5}), {.rows = 10, .row_tokens = 8, .eos_id = kEos});
  Batch batch;
  loader.Load(100, batch);
  ExpectSound(batch);
  EXPECT_EQ(batch.num_targets, 50u);
  EXPECT_EQ(loader.EpochOf(100), 1000u);
}

TEST(ValidationLoader, AllTokensAndBytesOnceAndAFairCap) {
  const TestFolder folder;
  const auto lengths = Lengths(200, 70);
  const uint64_t total = std::accumulate(lengths.begin(), lengths.end(), uint64_t{0});
  const auto file = MakeFile(folder, {30, 30}, lengths);
  const std::vector<uint32_t> bytes(1000, 3);
  const ValidationLoader loader(file, {.rows = 4, .row_tokens = 32, .bos_id = kBos}, bytes);
  uint64_t num_targets = 0;
  uint64_t target_bytes = 0;
  Batch batch;
  for (uint64_t i = 0; i < loader.num_batches(); ++i) {
    loader.Load(i, batch);
    ExpectSound(batch);
    EXPECT_EQ(batch.rows, 4u);
    num_targets += batch.num_targets;
    target_bytes += batch.target_bytes;
  }
  EXPECT_EQ(num_targets, total);
  EXPECT_EQ(target_bytes, file->info().validation_text_bytes);

  // bos is no text: an end token that is scored adds a target and no bytes.
  std::vector<uint32_t> special = bytes;
  special[kEos] = 0;
  const ValidationLoader with_end(
      file, {.rows = 1, .row_tokens = 4096, .bos_id = kBos, .eos_id = kEos, .max_tokens = 1},
      special);
  ASSERT_EQ(with_end.num_batches(), 1u);
  with_end.Load(0, batch);
  EXPECT_EQ(batch.target_bytes % 3, 0u);
  EXPECT_LT(batch.target_bytes, 3 * batch.num_targets);
}

TEST(DataLoader, ABatchIsCheap) {
  const TestFolder folder;
  const auto file = MakeFile(folder, Lengths(20000, 500));
  DataLoader loader(file, {.rows = 32, .row_tokens = 256, .bos_id = kBos, .eos_id = kEos});
  Batch batch;
  loader.Load(0, batch);
  const auto start = std::chrono::steady_clock::now();
  for (uint64_t step = 0; step < 200; ++step) loader.Load(step, batch);
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
  printf("a batch of 32 x 256: %.1f us\n", time.count() / 200);
  EXPECT_LT(time.count() / 200, 5000);  // under sanitizers, on a busy machine
  const auto pack_start = std::chrono::steady_clock::now();
  const uint64_t epoch_rows = loader.tokens_per_epoch() / 256;
  EXPECT_EQ(loader.EpochOf(epoch_rows / 32 * 3 / 2), 1u);
  const std::chrono::duration<double, std::micro> pack =
      std::chrono::steady_clock::now() - pack_start;
  printf("packing an epoch: %.2f us per document\n", pack.count() / 20000);
}

}  // namespace
}  // namespace cambium
