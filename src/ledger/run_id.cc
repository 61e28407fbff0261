// SPDX-License-Identifier: Apache-2.0
#include "ledger/run_id.h"

#include <algorithm>

namespace cambium {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int64_t kEpochMs = 1704067200000;  // 2024-01-01T00:00:00Z
constexpr int kTimeChars = 8;

}  // namespace

std::string MakeRunId(int64_t unix_ms, uint32_t salt) {
  constexpr int64_t kMaxMs = (int64_t{1} << (5 * kTimeChars)) - 1;
  const auto ms = static_cast<uint64_t>(std::clamp<int64_t>(unix_ms - kEpochMs, 0, kMaxMs));
  std::string id;
  for (int i = kTimeChars - 1; i >= 0; --i) id += kAlphabet[(ms >> (5 * i)) & 31];
  id += kAlphabet[(salt >> 5) & 31];
  id += kAlphabet[salt & 31];
  return id;
}

int64_t RunIdTimeMs(std::string_view id) {
  int64_t ms = 0;
  for (const char c : id.substr(0, kTimeChars)) {
    ms = ms * 32 + static_cast<int64_t>(std::min(kAlphabet.find(c), size_t{31}));
  }
  return ms + kEpochMs;
}

}  // namespace cambium
