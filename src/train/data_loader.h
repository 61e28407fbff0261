// SPDX-License-Identifier: Apache-2.0
// Batches out of a token file. A training batch is a function of (token file, options, step) and of
// nothing else, so a resumed run needs the step number only, and workers may each take their rows.
//
// Packed: in every epoch the training documents are visited in a new order (EpochOrder) and packed
// into rows (packing.h). Rows are numbered through all epochs; step s takes rows
// [s * rows, (s + 1) * rows), across the end of an epoch if need be. Each token of each document is
// a target exactly once per epoch (without a bos token, each but a document's first).
// Stream: a row is a window of row_tokens + 1 tokens at a random place of a document, drawn with
// replacement (as nanoGPT does for its one long text); no bos or eos.
//
// Cost: a batch is a copy (5 ns per token, test ABatchIsCheap); the first batch of an epoch packs
// it first (less than a microsecond per document). Memory: 16 bytes per document for each of two
// epochs. Thread safety: one thread at a time per loader; any number of loaders per token file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "train/batch.h"
#include "train/packing.h"
#include "train/token_file.h"

namespace cambium {

enum class BatchMode {
  kAuto,  // kStream if there is one training document and it is longer than a row, else kPacked
  kPacked,
  kStream,
};

struct DataLoaderOptions {
  uint32_t rows = 1;
  uint32_t row_tokens = 256;
  uint64_t seed = 0;
  BatchMode mode = BatchMode::kAuto;
  int32_t bos_id = -1;  // put before each document; -1: nothing
  int32_t eos_id = -1;  // target after a document's last token; -1: that place is not scored
  // A row's padding that is left before a document is cut to fill it (packing.h, rule 3), in tokens
  // per 64 tokens of the row: 1 bounds the waste by 1.6 %, 64 never cuts a document that fits.
  uint32_t max_padding_per_64 = 1;
};

class DataLoader {
 public:
  // Throws kInvalidArgument when there is no training data for these options.
  DataLoader(std::shared_ptr<const TokenFile> file, const DataLoaderOptions& options);

  void Load(uint64_t step, Batch& batch);
  // Any rows of the endless sequence: a part of a step, for micro-batches and workers.
  void LoadRows(uint64_t first_row, uint32_t num_rows, Batch& batch);

  BatchMode mode() const { return mode_; }  // never kAuto
  uint64_t num_documents() const { return documents_.size(); }
  uint64_t tokens_per_epoch() const { return tokens_per_epoch_; }  // inputs, with bos
  // Epoch of a step's first row. Stream: by tokens drawn.
  uint64_t EpochOf(uint64_t step);
  // Part of the first epoch's places that hold tokens (stream: 1), and documents cut to fill a row.
  double utilisation() const { return utilisation_; }
  uint64_t num_cut_short() const { return num_cut_short_; }

 private:
  struct Epoch {
    uint64_t number = UINT64_MAX;
    PackedRows rows;  // `item` is an index into documents_
  };
  const Epoch& PackEpoch(uint64_t number);
  uint64_t FindEpoch(uint64_t row);
  void FillStreamRow(uint64_t row, uint32_t place, Batch& batch) const;

  std::shared_ptr<const TokenFile> file_;
  DataLoaderOptions options_;
  BatchMode mode_;
  std::vector<uint64_t> documents_;  // training documents with tokens (stream: longer than a row)
  uint64_t tokens_per_epoch_ = 0;
  double utilisation_ = 1;
  uint64_t num_cut_short_ = 0;
  Epoch epochs_[2];                              // the ones used last, by number mod 2
  std::vector<uint64_t> epoch_first_row_ = {0};  // packed: of the epochs known so far
  std::vector<uint64_t> window_end_;             // stream: windows in documents_[0..i]
};

struct ValidationLoaderOptions {
  uint32_t rows = 1;
  uint32_t row_tokens = 256;
  int32_t bos_id = -1;
  int32_t eos_id = -1;      // scored as a target after each document; bits per byte of text alone
                            // leave it out (-1)
  uint64_t max_tokens = 0;  // rounded up to whole rows; 0: all
};

// The validation documents as fixed rows, the same for every seed. Documents come in a fixed random
// order, so that a cap takes a fair sample; one that fits in a row is never cut.
//   bits per byte = sum of the losses in nats / ln 2 / sum of target_bytes
// Thread safety: Load may be called from several threads.
class ValidationLoader {
 public:
  // bytes_of_token[id]: length of the text a token stands for; 0 for special tokens.
  // Throws kInvalidArgument when there are no validation documents.
  ValidationLoader(std::shared_ptr<const TokenFile> file, const ValidationLoaderOptions& options,
                   std::vector<uint32_t> bytes_of_token);

  uint64_t num_batches() const { return (num_rows_ + options_.rows - 1) / options_.rows; }
  uint64_t num_rows() const { return num_rows_; }             // that batches are made of
  uint64_t total_rows() const { return packed_.num_rows(); }  // of all validation documents
  // Always options.rows rows: the last batch is filled up with padding. REQUIRES: index in range.
  void Load(uint64_t index, Batch& batch) const;

 private:
  std::shared_ptr<const TokenFile> file_;
  ValidationLoaderOptions options_;
  std::vector<uint32_t> bytes_of_token_;
  std::vector<uint64_t> documents_;
  PackedRows packed_;
  uint64_t num_rows_ = 0;  // of packed_, after the cap
};

}  // namespace cambium
