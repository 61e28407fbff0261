// SPDX-License-Identifier: Apache-2.0
// Loss of a model on text: over documents, or over windows as llama.cpp's llama-perplexity takes
// them. Memory: see LossEvaluator, and for windows the tokens of the whole text. Thread safety:
// none; work inside is spread over the pool.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "base/thread_pool.h"
#include "text/document_reader.h"
#include "text/tokenizer.h"
#include "train/evaluate.h"

namespace cambium {

struct TextLoss {
  double sum_nats = 0;
  uint64_t num_tokens = 0;  // scored
  uint64_t num_bytes = 0;   // that these stand for
  uint64_t num_documents = 0;
  uint64_t num_windows = 0;

  double nats_per_token() const;
  double perplexity() const;
  double bits_per_byte() const;
};

struct TextLossOptions {
  uint32_t row_tokens = 256;                          // seen together at most
  std::optional<ops::KvType> kv_type = std::nullopt;  // see LossEvaluator
  uint64_t max_tokens = 0;  // exactly the first so many are scored; 0: all
  std::function<void(uint64_t num_tokens)> progress = {};  // told the tokens scored so far
};

// A stretch of text that is computed together, from its first token on. targets[i]: the token that
// comes after tokens[i], or -1: not scored. Returns whether more is wanted.
using SegmentCallback =
    std::function<bool(std::span<const int32_t> tokens, std::span<const int32_t> targets)>;

// The segments that the two losses below are over; for others that score the same text.
// num_documents, num_windows of `counts` are counted.
void ForEachDocumentSegment(DocumentReader& reader, const Tokenizer& tokenizer, uint32_t row_tokens,
                            ThreadPool& pool, TextLoss* counts, const SegmentCallback& callback);
void ForEachWindowSegment(std::string_view text, const Tokenizer& tokenizer, uint32_t row_tokens,
                          ThreadPool& pool, TextLoss* counts, const SegmentCallback& callback);

// Every document on its own: bos (if the tokenizer has one), then its tokens, each of them scored
// given those before it; in a longer document, given those before it in its piece of row_tokens.
// Without a bos a document's first token is not scored. The end of a document is no text and is not
// scored.
TextLoss LossOverDocuments(DocumentReader& reader, const Tokenizer& tokenizer,
                           ParameterStore& parameters, DType compute,
                           const TextLossOptions& options, ThreadPool& pool);

// All of `text` as one sequence of tokens (behind bos, if the tokenizer adds one), cut into windows
// of row_tokens tokens; the rest is left out. In each window the first token is replaced by bos (if
// the tokenizer adds one), and the tokens at places row_tokens / 2 + 1 and up are scored: what
// llama-perplexity does (llama.cpp, tools/perplexity). Throws kInvalidArgument when there are not
// two windows of text.
TextLoss LossOverWindows(std::string_view text, const Tokenizer& tokenizer,
                         ParameterStore& parameters, DType compute, const TextLossOptions& options,
                         ThreadPool& pool);

}  // namespace cambium
