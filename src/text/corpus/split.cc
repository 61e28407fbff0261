// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/split.h"

namespace cambium {

uint64_t ContentHash(std::string_view key) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : key) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  }
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
  return hash ^ (hash >> 31);
}

CorpusSplit SplitOf(std::string_view key) {
  return ContentHash(key) >> 61 == 0 ? CorpusSplit::kHeldOut : CorpusSplit::kTrain;
}

}  // namespace cambium
