// SPDX-License-Identifier: Apache-2.0
#include "train/text_loss.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "train/run.h"

namespace cambium {
namespace {

// Sums what a LossEvaluator finds.
class Scorer {
 public:
  Scorer(const Tokenizer& tokenizer, ParameterStore& parameters, DType compute,
         const TextLossOptions& options, ThreadPool& pool)
      : options_(options),
        bytes_of_token_(BytesOfTokens(tokenizer)),
        evaluator_(
            parameters,
            {.compute = compute, .max_segment = options.row_tokens, .kv_type = options.kv_type},
            pool, [this](auto targets, auto losses) { Count(targets, losses); }) {}

  // False when max_tokens tokens have been added: those that come after are not scored.
  bool Add(std::span<const int32_t> tokens, std::span<const int32_t> targets) {
    size_t length = 0;
    for (; length < targets.size() && WantsMore(); ++length) num_targets_ += targets[length] >= 0;
    evaluator_.Add(tokens.first(length), targets.first(length));
    return WantsMore();
  }

  TextLoss Finish() {
    evaluator_.Finish();
    return loss_;
  }

  TextLoss& loss() { return loss_; }

 private:
  bool WantsMore() const { return options_.max_tokens == 0 || num_targets_ < options_.max_tokens; }

  void Count(std::span<const int32_t> targets, std::span<const float> losses) {
    for (size_t i = 0; i < losses.size(); ++i) {
      if (targets[i] < 0) continue;
      loss_.sum_nats += losses[i];
      loss_.num_bytes += bytes_of_token_[static_cast<size_t>(targets[i])];
      ++loss_.num_tokens;
    }
    if (options_.progress) options_.progress(loss_.num_tokens);
  }

  const TextLossOptions& options_;
  const std::vector<uint32_t> bytes_of_token_;
  LossEvaluator evaluator_;
  uint64_t num_targets_ = 0;  // added so far
  TextLoss loss_;
};

// The tokens of one document, behind bos if there is one: each is scored given those before it, in
// as many segments as the length needs. Returns whether more is wanted.
bool SplitDocument(std::vector<int32_t>& tokens, uint32_t row_tokens, TextLoss* counts,
                   const SegmentCallback& callback) {
  const std::span<const int32_t> all(tokens);
  bool more = true;
  for (size_t begin = 0; begin + 1 < all.size() && more; begin += row_tokens) {
    const size_t length = std::min<size_t>(row_tokens, all.size() - 1 - begin);
    more = callback(all.subspan(begin, length), all.subspan(begin + 1, length));
  }
  ++counts->num_documents;
  tokens.clear();
  return more;
}

}  // namespace

double TextLoss::nats_per_token() const {
  return num_tokens == 0 ? 0 : sum_nats / static_cast<double>(num_tokens);
}
double TextLoss::perplexity() const { return std::exp(nats_per_token()); }
double TextLoss::bits_per_byte() const {
  return num_bytes == 0 ? 0 : sum_nats / std::numbers::ln2 / static_cast<double>(num_bytes);
}

void ForEachDocumentSegment(DocumentReader& reader, const Tokenizer& tokenizer, uint32_t row_tokens,
                            ThreadPool& pool, TextLoss* counts, const SegmentCallback& callback) {
  bool more = true;
  std::vector<int32_t> tokens;
  Document document;
  while (more && reader.Next(document)) {
    if (!document.continues && !tokens.empty()) {
      more = SplitDocument(tokens, row_tokens, counts, callback);
    }
    if (tokens.empty() && tokenizer.bos_id() >= 0) tokens.push_back(tokenizer.bos_id());
    // Pieces of a long document are encoded on their own, as training does.
    const std::vector<int32_t> piece = tokenizer.EncodeParallel(document.text, pool);
    tokens.insert(tokens.end(), piece.begin(), piece.end());
  }
  if (!tokens.empty() && more) SplitDocument(tokens, row_tokens, counts, callback);
}

void ForEachWindowSegment(std::string_view text, const Tokenizer& tokenizer, uint32_t row_tokens,
                          ThreadPool& pool, TextLoss* counts, const SegmentCallback& callback) {
  const uint32_t T = row_tokens;
  const bool add_bos = tokenizer.data().add_bos && tokenizer.bos_id() >= 0;
  std::vector<int32_t> tokens;
  if (add_bos) tokens.push_back(tokenizer.bos_id());
  const std::vector<int32_t> encoded = tokenizer.EncodeParallel(text, pool);
  tokens.insert(tokens.end(), encoded.begin(), encoded.end());
  if (tokens.size() < 2 * size_t{T}) {
    Fail(ErrorCode::kInvalidArgument,
         "the text has {} tokens; two windows of {} are needed (choose a smaller --context)",
         tokens.size(), T);
  }
  std::vector<int32_t> targets(T);
  bool more = true;
  for (size_t begin = 0; begin + T <= tokens.size() && more; begin += T) {
    if (add_bos) tokens[begin] = tokenizer.bos_id();
    // Place i predicts the token at i + 1, from the middle of the window on.
    for (uint32_t i = 0; i < T; ++i) {
      targets[i] = i >= T / 2 && i + 1 < T ? tokens[begin + i + 1] : -1;
    }
    more = callback(std::span<const int32_t>(tokens).subspan(begin, T), targets);
    ++counts->num_windows;
  }
}

TextLoss LossOverDocuments(DocumentReader& reader, const Tokenizer& tokenizer,
                           ParameterStore& parameters, DType compute,
                           const TextLossOptions& options, ThreadPool& pool) {
  Scorer scorer(tokenizer, parameters, compute, options, pool);
  ForEachDocumentSegment(reader, tokenizer, options.row_tokens, pool, &scorer.loss(),
                         [&](auto tokens, auto targets) { return scorer.Add(tokens, targets); });
  return scorer.Finish();
}

TextLoss LossOverWindows(std::string_view text, const Tokenizer& tokenizer,
                         ParameterStore& parameters, DType compute, const TextLossOptions& options,
                         ThreadPool& pool) {
  Scorer scorer(tokenizer, parameters, compute, options, pool);
  ForEachWindowSegment(text, tokenizer, options.row_tokens, pool, &scorer.loss(),
                       [&](auto tokens, auto targets) { return scorer.Add(tokens, targets); });
  return scorer.Finish();
}

}  // namespace cambium
