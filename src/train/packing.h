// SPDX-License-Identifier: Apache-2.0
// Best-fit packing of documents into rows of a fixed number of tokens, so that a batch is almost
// free of padding and most documents are seen whole. After Ding et al. 2024, "Fewer truncations
// improve language modeling" (arXiv:2404.10830), with a bounded look-ahead so that the order of an
// epoch is nearly kept. Pure functions: the result depends on the arguments alone.
//
// 1. A document longer than a row is cut into whole rows and one rest. The rest may be any one of
//    its pieces, drawn per epoch and document, so that cuts differ from epoch to epoch.
// 2. A row starts with the oldest waiting piece; then, as long as one fits, the longest of the next
//    look_ahead pieces that fits is added (the older of two equal ones).
// 3. If more than max_padding tokens of the row are then empty, the longest waiting piece is cut:
//    its front fills the row, the rest waits as the newest piece. max_padding = 0 leaves no gap but
//    in the last row of an epoch, max_padding = row_tokens never cuts a document that fits.
// 4. The rows are shuffled, because the rows of one long document would else come together.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cambium {

struct PackingOptions {
  uint32_t row_tokens = 0;     // T
  uint32_t max_padding = 0;    // tokens of a row
  uint32_t look_ahead = 1024;  // pieces
};

// Tokens [start, start + length) of document `item` (an index into the lengths), in this place.
struct PackedSegment {
  uint32_t item;
  uint32_t length;
  uint64_t start;
  bool operator==(const PackedSegment&) const = default;
};

struct PackedRows {
  std::vector<PackedSegment> segments;
  std::vector<uint64_t> row_begin;  // row r is segments [row_begin[r], row_begin[r + 1])
  uint64_t num_tokens = 0;
  uint64_t num_cut_short = 0;  // documents that would fit in a row and were cut (rule 3)

  uint64_t num_rows() const { return row_begin.size() - 1; }
  std::span<const PackedSegment> row(uint64_t r) const {
    return std::span(segments).subspan(row_begin[r], row_begin[r + 1] - row_begin[r]);
  }
  // Part of the rows' places that hold tokens, in [0, 1].
  double Utilisation(uint32_t row_tokens) const {
    return num_rows() == 0
               ? 1.0
               : static_cast<double>(num_tokens) / (static_cast<double>(num_rows()) * row_tokens);
  }
};

// lengths: in the order of the epoch; zero is allowed and gives nothing.
// REQUIRES: row_tokens > 0, look_ahead > 0, fewer than 2^32 lengths.
PackedRows PackBestFit(std::span<const uint64_t> lengths, const PackingOptions& options,
                       uint64_t seed, uint64_t epoch);

// A permutation of [0, n) for `epoch`: the order in which documents are visited.
// Fisher-Yates with Philox numbers (purpose kDataOrder, counter (epoch, index)).
std::vector<uint32_t> EpochOrder(uint64_t n, uint64_t seed, uint64_t epoch);

}  // namespace cambium
