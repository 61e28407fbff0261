// SPDX-License-Identifier: Apache-2.0
#include "train/data_loader.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/philox.h"
#include "train/batch_rows.h"

namespace cambium {
namespace {

// Draws of stream windows are counted (kStreamCounter, row): no epoch has this number.
constexpr uint64_t kStreamCounter = UINT64_MAX;
// The order of validation documents is fixed, whatever the seed of training.
constexpr uint64_t kValidationSeed = 0;

PackingOptions TrainPacking(const DataLoaderOptions& options) {
  const uint64_t max_padding = uint64_t{options.row_tokens} * options.max_padding_per_64 / 64;
  return {.row_tokens = options.row_tokens, .max_padding = static_cast<uint32_t>(max_padding)};
}

void CheckShape(const TokenFile& file, uint32_t rows, uint32_t row_tokens, int32_t bos_id,
                int32_t eos_id) {
  if (rows == 0 || row_tokens == 0 || uint64_t{rows} * row_tokens > INT32_MAX) {
    Fail(ErrorCode::kInvalidArgument,
         "a batch of {} rows of {} tokens: both must be at least 1, the product below 2^31", rows,
         row_tokens);
  }
  for (const int32_t id : {bos_id, eos_id}) {
    if (id < -1 || (id >= 0 && static_cast<uint32_t>(id) >= file.info().vocab_size)) {
      Fail(ErrorCode::kInvalidArgument, "token {} before or after documents: the vocabulary has {}",
           id, file.info().vocab_size);
    }
  }
}

}  // namespace

DataLoader::DataLoader(std::shared_ptr<const TokenFile> file, const DataLoaderOptions& options)
    : file_(std::move(file)), options_(options), mode_(options.mode) {
  CheckShape(*file_, options.rows, options.row_tokens, options.bos_id, options.eos_id);
  CHECK(options.max_padding_per_64 <= 64);
  documents_ = SelectDocuments(*file_, /*validation=*/false, 0);
  if (documents_.empty()) {
    Fail(ErrorCode::kInvalidArgument, "{}: no training documents (is val_fraction too large?)",
         file_->path().string());
  }
  if (mode_ == BatchMode::kAuto) {
    const bool one_long =
        documents_.size() == 1 && file_->document(documents_[0]).num_tokens() > options.row_tokens;
    mode_ = one_long ? BatchMode::kStream : BatchMode::kPacked;
  }
  if (mode_ == BatchMode::kStream) {
    documents_ = SelectDocuments(*file_, /*validation=*/false, options.row_tokens);
    if (documents_.empty()) {
      Fail(ErrorCode::kInvalidArgument,
           "{}: no training document is longer than a row of {} tokens; use shorter rows",
           file_->path().string(), options.row_tokens);
    }
    uint64_t num_windows = 0;
    for (const uint64_t document : documents_) {
      const uint64_t num_tokens = file_->document(document).num_tokens();
      tokens_per_epoch_ += num_tokens;
      num_windows += num_tokens - options.row_tokens;
      window_end_.push_back(num_windows);
    }
    return;
  }
  const Epoch& first = PackEpoch(0);
  tokens_per_epoch_ = first.rows.num_tokens;
  utilisation_ = first.rows.Utilisation(options.row_tokens);
  num_cut_short_ = first.rows.num_cut_short;
}

const DataLoader::Epoch& DataLoader::PackEpoch(uint64_t number) {
  Epoch& epoch = epochs_[number % 2];
  if (epoch.number != number) {
    epoch.rows =
        PackDocuments(*file_, documents_, {.bos_id = options_.bos_id, .eos_id = options_.eos_id},
                      TrainPacking(options_), options_.seed, number);
    epoch.number = number;
  }
  if (epoch_first_row_.size() == number + 1) {
    epoch_first_row_.push_back(epoch_first_row_.back() + epoch.rows.num_rows());
  }
  return epoch;
}

uint64_t DataLoader::FindEpoch(uint64_t row) {
  // Rows per epoch differ a little, so the epochs before are packed once to count them.
  while (epoch_first_row_.back() <= row) PackEpoch(epoch_first_row_.size() - 1);
  const auto after = std::upper_bound(epoch_first_row_.begin(), epoch_first_row_.end(), row);
  return static_cast<uint64_t>(after - epoch_first_row_.begin()) - 1;
}

uint64_t DataLoader::EpochOf(uint64_t step) {
  const uint64_t row = step * options_.rows;
  if (mode_ == BatchMode::kPacked) return FindEpoch(row);
  return row / std::max<uint64_t>(1, tokens_per_epoch_ / options_.row_tokens);
}

void DataLoader::Load(uint64_t step, Batch& batch) {
  LoadRows(step * options_.rows, options_.rows, batch);
}

void DataLoader::LoadRows(uint64_t first_row, uint32_t num_rows, Batch& batch) {
  ClearBatch(num_rows, options_.row_tokens, batch);
  for (uint32_t place = 0; place < num_rows; ++place) {
    const uint64_t row = first_row + place;
    if (mode_ == BatchMode::kStream) {
      FillStreamRow(row, place, batch);
      continue;
    }
    const uint64_t number = FindEpoch(row);
    const Epoch& epoch = PackEpoch(number);
    FillRow(*file_, documents_, epoch.rows.row(row - epoch_first_row_[number]),
            {.bos_id = options_.bos_id, .eos_id = options_.eos_id}, place, batch);
  }
  CountTargets(batch);
}

void DataLoader::FillStreamRow(uint64_t row, uint32_t place, Batch& batch) const {
  const Philox random(options_.seed, RandomPurpose::kDataOrder);
  const uint64_t window = random.Below(window_end_.back(), kStreamCounter, row);
  const auto found = std::upper_bound(window_end_.begin(), window_end_.end(), window);
  const auto index = static_cast<size_t>(found - window_end_.begin());
  const uint64_t start =
      file_->document(documents_[index]).begin + window - (index == 0 ? 0 : window_end_[index - 1]);
  const size_t begin = size_t{place} * options_.row_tokens;
  file_->CopyTokens(start, {batch.tokens.data() + begin, options_.row_tokens});
  file_->CopyTokens(start + 1, {batch.targets.data() + begin, options_.row_tokens});
  const auto positions = batch.positions.begin() + static_cast<std::ptrdiff_t>(begin);
  std::iota(positions, positions + options_.row_tokens, 0);
  batch.segments.push_back({static_cast<uint32_t>(begin), options_.row_tokens});
}

ValidationLoader::ValidationLoader(std::shared_ptr<const TokenFile> file,
                                   const ValidationLoaderOptions& options,
                                   std::vector<uint32_t> bytes_of_token)
    : file_(std::move(file)), options_(options), bytes_of_token_(std::move(bytes_of_token)) {
  CheckShape(*file_, options.rows, options.row_tokens, options.bos_id, options.eos_id);
  CHECK(bytes_of_token_.size() == file_->info().vocab_size);
  documents_ = SelectDocuments(*file_, /*validation=*/true, 0);
  if (documents_.empty()) {
    Fail(ErrorCode::kInvalidArgument, "{}: no validation documents (is val_fraction too small?)",
         file_->path().string());
  }
  packed_ = PackDocuments(*file_, documents_, {.bos_id = options.bos_id, .eos_id = options.eos_id},
                          {.row_tokens = options.row_tokens, .max_padding = options.row_tokens},
                          kValidationSeed, 0);
  num_rows_ = packed_.num_rows();
  if (options.max_tokens > 0) {
    num_rows_ = std::min(num_rows_, (options.max_tokens - 1) / options.row_tokens + 1);
  }
}

void ValidationLoader::Load(uint64_t index, Batch& batch) const {
  CHECK(index < num_batches());
  ClearBatch(options_.rows, options_.row_tokens, batch);
  for (uint32_t place = 0; place < options_.rows; ++place) {
    const uint64_t row = index * options_.rows + place;
    if (row < num_rows_) {
      FillRow(*file_, documents_, packed_.row(row),
              {.bos_id = options_.bos_id, .eos_id = options_.eos_id}, place, batch);
    } else {
      PadRow(place, 0, batch);
    }
  }
  CountTargets(batch);
  for (const int32_t target : batch.targets) {
    if (target >= 0) batch.target_bytes += bytes_of_token_[static_cast<size_t>(target)];
  }
}

}  // namespace cambium
