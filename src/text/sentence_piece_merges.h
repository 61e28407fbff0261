// SPDX-License-Identifier: Apache-2.0
// The two ways to write down a SentencePiece BPE: a score for every token (GGUF, SentencePiece), or
// merges in order (Hugging Face). Pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "text/tokenizer_data.h"

namespace cambium {

// No token is longer (SentencePiece's own limit is 16 characters, added ones have more). Every way
// to cut a token in two is looked at, so that longer ones would take quadratic time.
inline constexpr size_t kMaxSentencePieceBytes = 1024;

// Calls fn(left, right) for every way to cut `token` between two of its characters.
void ForEachCut(std::string_view token,
                const std::function<void(std::string_view left, std::string_view right)>& fn);

// The merges that transformers makes of scores (convert_slow_tokenizer.py, generate_merges): every
// pair of tokens that gives a token, the best score of the result first, then the longer left, then
// the longer right side. Throws kCorruptData for data that SentencePieceEncoder refuses.
std::vector<std::pair<int32_t, int32_t>> MergesOfScores(const TokenizerData& data);

// Scores that order the tokens as the merges do; nullopt where merges do more than scores can say:
// some pair that gives a token is no merge, or the merges of two tokens stand among each other.
// Encoding by these scores can still differ from encoding by merges where one token has several
// merges and they compete (runs of one character), as SentencePiece differs from Hugging Face.
std::optional<std::vector<float>> ScoresOfMerges(const TokenizerData& data);

}  // namespace cambium
