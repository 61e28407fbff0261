// SPDX-License-Identifier: Apache-2.0
// What one forward pass of training or validation reads: `rows` rows of T tokens, flattened. Plain
// data; the vectors are reused from batch to batch.
//
// Segments tile every row and never cross one. Attention looks only inside its segment, and
// positions count from 0 in each. A segment is one document, a piece of one, or padding (token 0,
// every target -1). targets[i] is the token that follows tokens[i] in the same document, its end
// token after the last one, or -1: not scored.
#pragma once

#include <cstdint>
#include <vector>

namespace cambium {

struct BatchSegment {
  uint32_t begin = 0;  // index into the flattened tokens
  uint32_t length = 0;
  bool operator==(const BatchSegment&) const = default;
};

struct Batch {
  uint32_t rows = 0;
  uint32_t row_tokens = 0;             // T
  std::vector<int32_t> tokens;         // [rows * T]
  std::vector<int32_t> targets;        // [rows * T], -1: ignored
  std::vector<int32_t> positions;      // [rows * T]
  std::vector<BatchSegment> segments;  // ascending
  uint64_t num_targets = 0;            // that are not -1
  uint64_t target_bytes = 0;           // of text they stand for; filled by ValidationLoader only
};

}  // namespace cambium
