// SPDX-License-Identifier: Apache-2.0
// Which side of train / held-out a piece of content belongs to: a pure function of the content (not
// of the seed), so records of different seeds and versions of one problem never cross. See corpus.h
// for what the key of each kind is.
#pragma once

#include <cstdint>
#include <string_view>

namespace cambium {

enum class CorpusSplit { kTrain, kHeldOut };

// FNV-1a over the bytes, then the finaliser of SplitMix64. Fixed for ever: it defines the splits.
uint64_t ContentHash(std::string_view key);

// One key in eight is held out.
CorpusSplit SplitOf(std::string_view key);

}  // namespace cambium
