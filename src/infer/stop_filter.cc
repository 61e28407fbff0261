// SPDX-License-Identifier: Apache-2.0
#include "infer/stop_filter.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace cambium {
namespace {

// The longest end of `text` that is the beginning of `stop`, but not all of it.
size_t OverlapLength(std::string_view text, std::string_view stop) {
  for (size_t n = std::min(text.size(), stop.size() - 1); n > 0; --n) {
    if (text.ends_with(stop.substr(0, n))) return n;
  }
  return 0;
}

}  // namespace

StopFilter::StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {
  for (const std::string& stop : stops_) {
    if (stop.empty()) Fail(ErrorCode::kInvalidArgument, "a stop string must not be empty");
  }
}

std::string StopFilter::Push(std::string_view text) {
  if (stopped_) return "";
  held_ += text;
  // The one that ends first, as if the text came byte by byte; of two, the longer one.
  size_t begin = std::string::npos, end = std::string::npos;
  for (const std::string& stop : stops_) {
    const size_t found = held_.find(stop);
    if (found == std::string::npos) continue;
    const size_t found_end = found + stop.size();
    if (found_end < end || (found_end == end && found < begin)) {
      begin = found;
      end = found_end;
    }
  }
  if (end != std::string::npos) {
    stopped_ = true;
    held_.resize(begin);
    return std::exchange(held_, "");
  }
  size_t keep = 0;
  for (const std::string& stop : stops_) keep = std::max(keep, OverlapLength(held_, stop));
  std::string shown = held_.substr(0, held_.size() - keep);
  held_.erase(0, shown.size());
  return shown;
}

std::string StopFilter::Finish() { return std::exchange(held_, ""); }

}  // namespace cambium
