// SPDX-License-Identifier: Apache-2.0
// Writing packed documents into the rows of a Batch; shared by the two loaders. Thread safety: none
// of its own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/batch.h"
#include "train/packing.h"
#include "train/token_file.h"

namespace cambium {

// The tokens around a document; -1: none.
struct DocumentEnds {
  int32_t bos_id = -1;
  int32_t eos_id = -1;
  // Places that a document of n tokens takes in a row.
  uint64_t InputTokens(uint64_t n) const { return n == 0 ? 0 : n + (bos_id >= 0); }
};

// Sets the shape of `batch` and makes every place padding.
void ClearBatch(uint32_t rows, uint32_t row_tokens, Batch& batch);
// Writes `row` (items are indices into `documents`) into row `place`; call for ascending places.
void FillRow(const TokenFile& file, std::span<const uint64_t> documents,
             std::span<const PackedSegment> row, const DocumentEnds& ends, uint32_t place,
             Batch& batch);
// The rest of row `place` from `used` on becomes a segment of padding, if there is any.
void PadRow(uint32_t place, uint32_t used, Batch& batch);
void CountTargets(Batch& batch);

// Documents of one side of the split that have more than min_tokens tokens.
std::vector<uint64_t> SelectDocuments(const TokenFile& file, bool validation, uint64_t min_tokens);
// Packs documents in the order of (seed, epoch); items of the result index `documents`.
PackedRows PackDocuments(const TokenFile& file, std::span<const uint64_t> documents,
                         const DocumentEnds& ends, const PackingOptions& options, uint64_t seed,
                         uint64_t epoch);

}  // namespace cambium
