// SPDX-License-Identifier: Apache-2.0
#include "base/sparkline.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace cambium {

Sparkline::Sparkline(size_t width) : width_(std::max<size_t>(width, 2)) {}

void Sparkline::Add(double value) {
  if (!std::isfinite(value)) return;
  const auto last_is_full = [this] {
    return columns_.empty() || columns_.back().count == stretch_;
  };
  if (last_is_full() && columns_.size() == width_) JoinNeighbours();
  if (last_is_full()) columns_.emplace_back();
  columns_.back().sum += value;
  ++columns_.back().count;
}

void Sparkline::JoinNeighbours() {
  size_t kept = 0;
  for (size_t i = 0; i < columns_.size(); i += 2) {
    Stretch joined = columns_[i];
    if (i + 1 < columns_.size()) {
      joined.sum += columns_[i + 1].sum;
      joined.count += columns_[i + 1].count;
    }
    columns_[kept++] = joined;
  }
  columns_.resize(kept);
  stretch_ *= 2;
}

std::string Sparkline::Text() const {
  static constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr size_t kHighest = std::size(kBlocks) - 1;
  if (columns_.size() < 2) return "";
  std::vector<double> means;
  for (const Stretch& column : columns_) {
    means.push_back(column.sum / static_cast<double>(column.count));
  }
  const auto [low, high] = std::minmax_element(means.begin(), means.end());
  const double range = *high - *low;
  std::string text;
  for (const double mean : means) {
    const double level = range > 0 ? (mean - *low) / range : 0;
    text += kBlocks[static_cast<size_t>(std::lround(level * static_cast<double>(kHighest)))];
  }
  return text;
}

}  // namespace cambium
