// SPDX-License-Identifier: Apache-2.0
#include "train/batch_rows.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/error.h"

namespace cambium {

void ClearBatch(uint32_t rows, uint32_t row_tokens, Batch& batch) {
  const size_t size = size_t{rows} * row_tokens;
  CHECK(size <= UINT32_MAX);
  batch.rows = rows;
  batch.row_tokens = row_tokens;
  batch.tokens.assign(size, 0);
  batch.targets.assign(size, -1);
  batch.positions.assign(size, 0);
  batch.segments.clear();
  batch.num_targets = 0;
  batch.target_bytes = 0;
}

void FillRow(const TokenFile& file, std::span<const uint64_t> documents,
             std::span<const PackedSegment> row, const DocumentEnds& ends, uint32_t place,
             Batch& batch) {
  const uint64_t num_before = ends.bos_id >= 0;  // inputs before the document's own tokens
  uint32_t used = 0;
  for (const PackedSegment& segment : row) {
    const TokenDocument document = file.document(documents[segment.item]);
    const size_t begin = size_t{place} * batch.row_tokens + used;
    CHECK(used + segment.length <= batch.row_tokens);
    // Inputs are [bos, t0, ..., tn-1] from `start` on.
    const std::span<int32_t> inputs(batch.tokens.data() + begin, segment.length);
    const bool with_bos = num_before > 0 && segment.start == 0;
    if (with_bos) inputs[0] = ends.bos_id;
    const uint64_t first = document.begin + segment.start - (with_bos ? 0 : num_before);
    file.CopyTokens(first, inputs.subspan(with_bos));
    // Targets are the inputs one place later.
    const std::span<int32_t> targets(batch.targets.data() + begin, segment.length);
    std::copy(inputs.begin() + 1, inputs.end(), targets.begin());
    const uint64_t next = first + segment.length - with_bos;
    if (next < document.end) {
      file.CopyTokens(next, targets.last(1));
    } else {
      targets.back() = ends.eos_id;
    }
    std::iota(batch.positions.begin() + static_cast<std::ptrdiff_t>(begin),
              batch.positions.begin() + static_cast<std::ptrdiff_t>(begin + segment.length), 0);
    batch.segments.push_back({static_cast<uint32_t>(begin), segment.length});
    used += segment.length;
  }
  PadRow(place, used, batch);
}

void PadRow(uint32_t place, uint32_t used, Batch& batch) {
  if (used == batch.row_tokens) return;
  const uint32_t begin = place * batch.row_tokens + used;
  const uint32_t length = batch.row_tokens - used;
  std::iota(batch.positions.begin() + begin, batch.positions.begin() + begin + length, 0);
  batch.segments.push_back({begin, length});
}

void CountTargets(Batch& batch) {
  batch.num_targets = static_cast<uint64_t>(std::count_if(
      batch.targets.begin(), batch.targets.end(), [](int32_t target) { return target >= 0; }));
}

std::vector<uint64_t> SelectDocuments(const TokenFile& file, bool validation, uint64_t min_tokens) {
  std::vector<uint64_t> documents;
  for (uint64_t i = 0; i < file.info().num_documents; ++i) {
    const TokenDocument document = file.document(i);
    if (document.validation == validation && document.num_tokens() > min_tokens) {
      documents.push_back(i);
    }
  }
  if (documents.size() >= UINT32_MAX) {
    Fail(ErrorCode::kUnsupported, "{}: {} documents, at most {} can be packed",
         file.path().string(), documents.size(), UINT32_MAX - 1);
  }
  return documents;
}

PackedRows PackDocuments(const TokenFile& file, std::span<const uint64_t> documents,
                         const DocumentEnds& ends, const PackingOptions& options, uint64_t seed,
                         uint64_t epoch) {
  const std::vector<uint32_t> order = EpochOrder(documents.size(), seed, epoch);
  std::vector<uint64_t> lengths(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    lengths[i] = ends.InputTokens(file.document(documents[order[i]]).num_tokens());
  }
  PackedRows rows = PackBestFit(lengths, options, seed, epoch);
  for (PackedSegment& segment : rows.segments) segment.item = order[segment.item];
  return rows;
}

}  // namespace cambium
