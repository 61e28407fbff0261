// SPDX-License-Identifier: Apache-2.0
#include "train/packing.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "base/philox.h"

namespace cambium {
namespace {

// Counters of purpose kDataOrder are (epoch, index); the top bits of the index tell the draws
// apart.
constexpr uint64_t kRowOrderCounter = uint64_t{1} << 62;
constexpr uint64_t kRestPlaceCounter = uint64_t{2} << 62;

constexpr uint32_t kNone = UINT32_MAX;

void Shuffle(std::span<uint32_t> values, const Philox& random, uint64_t epoch, uint64_t counter) {
  for (uint64_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[random.Below(i, epoch, counter | (i - 1))]);
  }
}

// The waiting pieces: first in, first out per length, and the longest length up to a limit in a few
// steps over a bit set of the lengths that occur.
class WaitingPieces {
 public:
  explicit WaitingPieces(uint32_t max_length)
      : first_(max_length + 1, kNone), last_(max_length + 1, kNone), bits_(max_length / 64 + 1) {}

  // piece: rising from call to call for equal lengths, so that the oldest is found first.
  void Push(uint32_t piece, uint32_t length) {
    if (next_.size() <= piece) next_.resize(piece + 1, kNone);
    next_[piece] = kNone;
    if (first_[length] == kNone) {
      first_[length] = piece;
      bits_[length / 64] |= uint64_t{1} << (length % 64);
    } else {
      next_[last_[length]] = piece;
    }
    last_[length] = piece;
    ++size_;
  }

  // The oldest of the longest pieces with at most max_length tokens; kNone if there is none.
  uint32_t PopLongest(uint32_t max_length) {
    size_t word = max_length / 64;
    uint64_t mask = bits_[word] & (~uint64_t{0} >> (63 - max_length % 64));
    while (mask == 0) {
      if (word == 0) return kNone;
      mask = bits_[--word];
    }
    return Pop(static_cast<uint32_t>(word * 64 + 63 - std::countl_zero(mask)));
  }

  // The first of the pieces of this length, which there is.
  uint32_t Pop(uint32_t length) {
    const uint32_t piece = first_[length];
    first_[length] = next_[piece];
    if (first_[length] == kNone) bits_[length / 64] &= ~(uint64_t{1} << (length % 64));
    --size_;
    return piece;
  }

  size_t size() const { return size_; }

 private:
  std::vector<uint32_t> first_;  // by length; kNone: no such piece
  std::vector<uint32_t> last_;
  std::vector<uint64_t> bits_;
  std::vector<uint32_t> next_;  // by piece
  size_t size_ = 0;
};

class Packer {
 public:
  Packer(std::span<const uint64_t> lengths, const PackingOptions& options)
      : lengths_(lengths), options_(options), waiting_(options.row_tokens) {
    rows_.row_begin.push_back(0);
  }

  PackedRows Run(const Philox& random, uint64_t epoch) {
    for (uint32_t item = 0; item < lengths_.size(); ++item) {
      AddItem(item, random, epoch);
      while (waiting_.size() >= options_.look_ahead) FillRow();
    }
    while (waiting_.size() > 0) FillRow();
    return std::move(rows_);
  }

 private:
  void AddItem(uint32_t item, const Philox& random, uint64_t epoch) {
    const uint32_t row_tokens = options_.row_tokens;
    const uint64_t length = lengths_[item];
    if (length <= row_tokens) {
      if (length > 0) Wait({item, static_cast<uint32_t>(length), 0});
      return;
    }
    const auto rest = static_cast<uint32_t>(length % row_tokens);
    const uint64_t num_pieces = length / row_tokens + (rest > 0);
    const uint64_t rest_piece =
        rest == 0 ? num_pieces : random.Below(num_pieces, epoch, kRestPlaceCounter | item);
    uint64_t start = 0;
    for (uint64_t piece = 0; piece < num_pieces; ++piece) {
      if (piece == rest_piece) {
        Wait({item, rest, start});
        start += rest;
      } else {
        Place({item, row_tokens, start});
        EndRow();
        start += row_tokens;
      }
    }
  }

  void Wait(const PackedSegment& piece) {
    waiting_.Push(static_cast<uint32_t>(pieces_.size()), piece.length);
    pieces_.push_back(piece);
    done_.push_back(false);
  }

  void Place(const PackedSegment& piece) {
    rows_.segments.push_back(piece);
    rows_.num_tokens += piece.length;
  }

  void EndRow() { rows_.row_begin.push_back(rows_.segments.size()); }

  void FillRow() {
    while (done_[oldest_]) ++oldest_;
    uint32_t left = options_.row_tokens;
    // The oldest piece of all is the first one of its length.
    for (uint32_t piece = waiting_.Pop(pieces_[oldest_].length); piece != kNone;
         piece = left == 0 ? kNone : waiting_.PopLongest(left)) {
      Place(pieces_[piece]);
      done_[piece] = true;
      left -= pieces_[piece].length;
    }
    if (left > options_.max_padding && waiting_.size() > 0) {
      const uint32_t piece = waiting_.PopLongest(options_.row_tokens);
      const PackedSegment whole = pieces_[piece];  // longer than `left`, or it would have fitted
      if (whole.start == 0 && lengths_[whole.item] == whole.length) ++rows_.num_cut_short;
      Place({whole.item, left, whole.start});
      done_[piece] = true;
      Wait({whole.item, whole.length - left, whole.start + left});
    }
    EndRow();
  }

  std::span<const uint64_t> lengths_;
  const PackingOptions& options_;
  WaitingPieces waiting_;
  std::vector<PackedSegment> pieces_;  // that waited or wait, in the order of arrival
  std::vector<bool> done_;             // by piece
  size_t oldest_ = 0;                  // every piece before it is done
  PackedRows rows_;
};

}  // namespace

PackedRows PackBestFit(std::span<const uint64_t> lengths, const PackingOptions& options,
                       uint64_t seed, uint64_t epoch) {
  CHECK(options.row_tokens > 0 && options.look_ahead > 0 && lengths.size() < kNone);
  const Philox random(seed, RandomPurpose::kDataOrder);
  const PackedRows in_order = Packer(lengths, options).Run(random, epoch);
  CHECK(in_order.num_rows() < kNone);
  std::vector<uint32_t> order(in_order.num_rows());
  std::iota(order.begin(), order.end(), 0u);
  Shuffle(order, random, epoch, kRowOrderCounter);

  PackedRows rows;
  rows.num_tokens = in_order.num_tokens;
  rows.num_cut_short = in_order.num_cut_short;
  rows.segments.reserve(in_order.segments.size());
  rows.row_begin.reserve(in_order.row_begin.size());
  rows.row_begin.push_back(0);
  for (const uint32_t row : order) {
    const auto segments = in_order.row(row);
    rows.segments.insert(rows.segments.end(), segments.begin(), segments.end());
    rows.row_begin.push_back(rows.segments.size());
  }
  return rows;
}

std::vector<uint32_t> EpochOrder(uint64_t n, uint64_t seed, uint64_t epoch) {
  CHECK(n < kNone);
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  Shuffle(order, Philox(seed, RandomPurpose::kDataOrder), epoch, 0);
  return order;
}

}  // namespace cambium
