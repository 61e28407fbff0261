// SPDX-License-Identifier: Apache-2.0
#include "train/packing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "base/philox.h"

namespace cambium {
namespace {

// Log-normal lengths, as texts have them.
std::vector<uint64_t> TextLengths(size_t n, double median, double sigma) {
  const Philox random(1, RandomPurpose::kTest);
  std::vector<uint64_t> lengths(n);
  for (size_t i = 0; i < n; ++i) {
    double normal = -6;  // the sum of 12 uniform numbers is nearly normal
    for (uint64_t j = 0; j < 12; ++j) normal += random.Uniform(i, j);
    lengths[i] = static_cast<uint64_t>(median * std::exp(sigma * normal));
  }
  return lengths;
}

// Every token of every document exactly once, no row too long, none empty.
void ExpectExact(const PackedRows& rows, const std::vector<uint64_t>& lengths,
                 uint32_t row_tokens) {
  std::vector<std::vector<std::pair<uint64_t, uint64_t>>> parts(lengths.size());
  uint64_t total = 0;
  for (uint64_t r = 0; r < rows.num_rows(); ++r) {
    uint64_t used = 0;
    for (const PackedSegment& segment : rows.row(r)) {
      ASSERT_LT(segment.item, lengths.size());
      ASSERT_GT(segment.length, 0u);
      used += segment.length;
      parts[segment.item].emplace_back(segment.start, segment.length);
    }
    ASSERT_GT(used, 0u);
    ASSERT_LE(used, row_tokens);
    total += used;
  }
  EXPECT_EQ(total, rows.num_tokens);
  for (size_t i = 0; i < lengths.size(); ++i) {
    std::sort(parts[i].begin(), parts[i].end());
    uint64_t at = 0;
    for (const auto& [start, length] : parts[i]) {
      ASSERT_EQ(start, at);
      at += length;
    }
    ASSERT_EQ(at, lengths[i]);
  }
}

TEST(PackBestFit, EveryTokenOnceForManyShapes) {
  const std::vector<std::vector<uint64_t>> inputs = {{},
                                                     {0},
                                                     {1},
                                                     {7},
                                                     {8},
                                                     {9},
                                                     {1000003},
                                                     {0, 0, 3, 0},
                                                     std::vector<uint64_t>(50, 5),
                                                     TextLengths(3000, 40, 1.2),
                                                     TextLengths(500, 3000, 1.0)};
  for (const auto& lengths : inputs) {
    // Rows of a few tokens for short inputs only: millions of rows test nothing more.
    const bool large = std::accumulate(lengths.begin(), lengths.end(), uint64_t{0}) > 10000;
    for (const uint32_t row_tokens : {1u, 7u, 8u, 64u, 65u, 1024u}) {
      if (large && row_tokens < 64) continue;
      for (const uint32_t max_padding : {0u, row_tokens / 64, row_tokens}) {
        for (const uint32_t look_ahead : {1u, 3u, 1024u}) {
          const PackingOptions options = {row_tokens, max_padding, look_ahead};
          for (const uint64_t epoch : {0u, 1u}) {
            const PackedRows rows = PackBestFit(lengths, options, 5, epoch);
            ExpectExact(rows, lengths, row_tokens);
            if (max_padding == row_tokens) {
              EXPECT_EQ(rows.num_cut_short, 0u);
              // A document that fits is whole.
              for (const PackedSegment& segment : rows.segments) {
                if (lengths[segment.item] <= row_tokens) {
                  EXPECT_EQ(segment.length, lengths[segment.item]);
                }
              }
            }
          }
        }
      }
    }
  }
}

TEST(PackBestFit, UtilisationOnRealisticLengths) {
  // Stories of about 200 tokens, web pages of about 500 with a long tail, books.
  const std::vector<std::vector<uint64_t>> inputs = {
      TextLengths(20000, 200, 0.35), TextLengths(20000, 500, 1.1), TextLengths(50, 120000, 0.8)};
  for (const auto& lengths : inputs) {
    for (const uint32_t row_tokens : {256u, 512u, 1024u, 2048u}) {
      const PackingOptions options = {row_tokens, row_tokens / 64, 1024};
      const PackedRows rows = PackBestFit(lengths, options, 1, 0);
      ExpectExact(rows, lengths, row_tokens);
      EXPECT_GT(rows.Utilisation(row_tokens), 0.98) << row_tokens;
      const PackedRows whole = PackBestFit(lengths, {row_tokens, row_tokens, 1024}, 1, 0);
      printf("T %4u, %5zu documents: utilisation %.4f with %llu of them cut to fit, %.4f uncut\n",
             row_tokens, lengths.size(), rows.Utilisation(row_tokens),
             static_cast<unsigned long long>(rows.num_cut_short), whole.Utilisation(row_tokens));
    }
  }
}

TEST(PackBestFit, IsAFunctionOfItsArguments) {
  const auto lengths = TextLengths(2000, 100, 1.0);
  const PackingOptions options = {128, 2, 64};
  const PackedRows a = PackBestFit(lengths, options, 1, 0);
  EXPECT_EQ(PackBestFit(lengths, options, 1, 0).segments, a.segments);
  EXPECT_NE(PackBestFit(lengths, options, 1, 1).segments, a.segments);
  EXPECT_NE(PackBestFit(lengths, options, 2, 0).segments, a.segments);
}

// Long documents are cut at other places in other epochs.
TEST(PackBestFit, CutsMoveFromEpochToEpoch) {
  std::set<uint64_t> starts;
  for (uint64_t epoch = 0; epoch < 20; ++epoch) {
    for (const PackedSegment& segment :
         PackBestFit(std::vector<uint64_t>{1050}, {100, 100, 4}, 1, epoch).segments) {
      starts.insert(segment.start);
    }
  }
  EXPECT_GT(starts.size(), 15u);
}

// A short worked case by hand: look-ahead of all, no cuts. Oldest first, then the longest that
// fits.
TEST(PackBestFit, OldestThenLongestThatFits) {
  const PackedRows rows = PackBestFit(std::vector<uint64_t>{3, 6, 5, 2, 7, 5}, {10, 10, 6}, 9, 0);
  std::set<std::vector<uint32_t>> items;
  for (uint64_t r = 0; r < rows.num_rows(); ++r) {
    std::vector<uint32_t> row;
    for (const PackedSegment& segment : rows.row(r)) row.push_back(segment.item);
    items.insert(row);
  }
  EXPECT_EQ(items, (std::set<std::vector<uint32_t>>{{0, 4}, {1, 3}, {2, 5}}));
}

TEST(EpochOrder, IsAPermutationThatDependsOnSeedAndEpoch) {
  const auto order = EpochOrder(1000, 3, 4);
  std::set<uint32_t> seen(order.begin(), order.end());
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(*seen.rbegin(), 999u);
  EXPECT_EQ(EpochOrder(1000, 3, 4), order);
  EXPECT_NE(EpochOrder(1000, 3, 5), order);
  EXPECT_NE(EpochOrder(1000, 4, 4), order);
  EXPECT_TRUE(EpochOrder(0, 1, 1).empty());
  EXPECT_EQ(EpochOrder(1, 1, 1), std::vector<uint32_t>{0});
  // Every value is at the front about as often.
  std::vector<int> first(5);
  for (uint64_t epoch = 0; epoch < 2000; ++epoch) ++first[EpochOrder(5, 7, epoch)[0]];
  for (const int count : first) EXPECT_NEAR(count, 400, 80);
}

}  // namespace
}  // namespace cambium
