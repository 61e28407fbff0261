// SPDX-License-Identifier: Apache-2.0
// Training of byte-level BPE: count the pieces of the pre-tokenizer, then join, again and again,
// the adjacent pair of tokens with the highest count into a new token.
//
// Which merge comes next is a total order, so the result is a function of the text and the options
// alone, not of the thread count: the highest count first; among equals the pair whose bytes are
// lexicographically greater, left token before right (unsigned bytes). Pairs are counted with
// overlap ("aaa" holds the pair (a, a) twice) and joined from the left, as the reference
// implementations do.
//
// Memory: the distinct pieces (about twice their bytes per thread while counting, then about 20
// bytes per byte), not the text. Source: Sennrich et al. 2016, "Neural machine translation of rare
// words with subword units".
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "text/tokenizer_data.h"

namespace cambium {

struct BpeTrainerOptions {
  // Every digit alone: numbers are then read digit by digit, which is what arithmetic needs.
  std::string pre_tokenizer = "qwen2";
  // Of all tokens: 256 bytes, the merges, the special tokens.
  int32_t vocab_size = 4096;
  // Get the last ids, in this order. A merge never makes a token of the same bytes.
  std::vector<std::string> special_tokens = {"<|endoftext|>"};
  // Pairs seen less often than this are not joined: the vocabulary then stays smaller.
  uint64_t min_count = 2;
  // Called from the training thread about every 1 % with tokens made and tokens wanted; may be
  // null.
  std::function<void(int32_t made, int32_t wanted)> on_progress;
};

// Gives the next text in *text and true, or false at the end. Every text is a document of its own:
// no piece goes over its ends.
using TextSource = std::function<bool(std::string* text)>;

// Tokens 0..255 are the bytes, then come the merges in order, then the special tokens. Throws
// kInvalidArgument for options that cannot be met, kResourceExhausted when the distinct pieces are
// 4 GiB and more, and what `next` throws.
TokenizerData TrainBpe(const BpeTrainerOptions& options, const TextSource& next, ThreadPool& pool);

}  // namespace cambium
