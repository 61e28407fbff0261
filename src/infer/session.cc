// SPDX-License-Identifier: Apache-2.0
#include "infer/session.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <set>

#include "base/check.h"
#include "base/error.h"
#include "base/physical_memory.h"
#include "base/progress.h"

namespace cambium {
namespace {

// Far above any use; keeps sizes from overflowing.
constexpr size_t kMaxPositions = size_t{1} << 24;
constexpr size_t kMaxBatchTokens = 4096;

EngineOptions Resolve(EngineOptions options, const ModelConfig& config) {
  if (options.max_context == 0) options.max_context = config.context_length;
  const auto require = [](size_t value, size_t max, const char* name) {
    if (value == 0 || value > max) {
      Fail(ErrorCode::kInvalidArgument, "{} = {} must be in [1, {}]", name, value, max);
    }
  };
  require(options.max_context, kMaxPositions, "max_context");
  require(options.max_batch_tokens, kMaxBatchTokens, "max_batch_tokens");
  require(options.prefill_chunk, kMaxBatchTokens, "prefill_chunk");
  if (options.kv_type) ops::RequireKvType(*options.kv_type, config.head_dim);
  return options;
}

size_t NumLogitRows(const ForwardRequest& request) {
  switch (request.logits) {
    case LogitsOf::kNone:
      return 0;
    case LogitsOf::kLast:
      return 1;
    case LogitsOf::kAll:
      return request.tokens.size();
  }
  return 0;
}

}  // namespace

void Sequence::Truncate(size_t length) {
  cache_.Truncate(length);
  tokens_.resize(length);
}

Engine::Engine(ParameterStore& parameters, ThreadPool& pool, const EngineOptions& options)
    : pool_(pool),
      options_(Resolve(options, parameters.config())),
      model_(parameters, options_.max_context) {
  for (size_t i = 0; i < parameters.specs().size(); ++i) {
    const bool of_expert = parameters.specs()[i].of_expert;
    (of_expert ? expert_weight_bytes_ : shared_weight_bytes_) +=
        parameters.PackedBytes(i, options_.compute);
  }
  if (options_.pack_weights) {
    RequireMemory(static_cast<double>(parameters.memory_bytes()) +
                      static_cast<double>(shared_weight_bytes_) +
                      static_cast<double>(expert_weight_bytes_),
                  "this model, packed to be run,", "a file quantized to fewer bits needs less",
                  static_cast<double>(parameters.memory_bytes()));
    parameters.PackForInference(options_.compute, pool);
    if (options_.release_values) parameters.ReleasePackedValues();
    for (size_t i = 0; i < parameters.specs().size(); ++i) {
      runs_integers_ |= parameters.weight(i).packed_quant.data != nullptr;
    }
  }
  Plan();
  RequireMemory(static_cast<double>(weight_bytes()) + static_cast<double>(activation_bytes_),
                fmt::format("this model, at work on {} tokens at once,", options_.max_batch_tokens),
                "fewer of them (--prefill-chunk) need less", static_cast<double>(weight_bytes()));
  arena_ = std::make_unique<Arena>(activation_bytes_);
  graph_ = std::make_unique<Graph>(*arena_, pool_,
                                   Graph::Options{.compute = options_.compute,
                                                  .kv_type = options_.kv_type,
                                                  .on_product = options_.on_product});
}

double Engine::WeightBytesRead(size_t num_tokens) const {
  const double shared = static_cast<double>(shared_weight_bytes_);
  if (config().num_experts == 0) return shared;
  const double chosen =
      static_cast<double>(config().experts_per_token) / static_cast<double>(config().num_experts);
  const double read = 1 - std::pow(1 - chosen, static_cast<double>(num_tokens));
  return shared + read * static_cast<double>(expert_weight_bytes_);
}

// Runs passes on a planning arena: the same calls, nothing computed. Every size is tried, since
// first-fit may place a smaller pass less well than a larger one.
void Engine::Plan() {
  Arena arena;
  Graph graph(arena, pool_, {.compute = options_.compute});
  const size_t max_tokens = options_.max_batch_tokens;
  const std::vector<int32_t> tokens(max_tokens);
  std::vector<size_t> rows(max_tokens);
  for (size_t n = 1; n <= max_tokens; ++n) {
    graph.Begin(/*recording=*/false);
    const std::span<const int32_t> span(tokens.data(), n);
    const Graph::Value hidden = model_.Hidden(graph, {.tokens = span, .positions = span});
    graph.Logits(hidden, model_.head(), std::span(rows.data(), n), 0, nullptr);
  }
  activation_bytes_ = arena.peak_bytes();
}

Sequence Engine::NewSequence(size_t capacity) const {
  if (capacity == 0 || capacity > options_.max_context) {
    Fail(ErrorCode::kInvalidArgument,
         "a sequence of {} tokens does not fit the context of {} tokens", capacity,
         options_.max_context);
  }
  const double held = static_cast<double>(weight_bytes()) + static_cast<double>(activation_bytes_);
  RequireMemory(held + static_cast<double>(CacheBytes(capacity)),
                fmt::format("a sequence of {} tokens, with the model,", capacity),
                "a shorter context or another --kv-type needs less", held);
  try {
    return Sequence(config(), options_.compute, kv_type(), capacity);
  } catch (const std::bad_alloc&) {
    // The address space has gaps, and others take memory too.
    Fail(ErrorCode::kResourceExhausted,
         "the system refused {} for the keys and values of a sequence of {} tokens; fewer "
         "sequences, shorter ones or another --kv-type need less",
         FormatBytes(static_cast<double>(CacheBytes(capacity))), capacity);
  }
}

void Engine::Check(std::span<const ForwardRequest> requests) const {
  std::set<const Sequence*> seen;
  for (const ForwardRequest& request : requests) {
    CHECK(request.sequence != nullptr);
    const size_t length = request.sequence->tokens().size();
    if (request.tokens.empty() || !seen.insert(request.sequence).second) {
      Fail(ErrorCode::kInvalidArgument,
           "every request needs at least one token, and a sequence of its own");
    }
    if (length + request.tokens.size() > request.sequence->capacity()) {
      Fail(ErrorCode::kInvalidArgument,
           "{} tokens after {} do not fit the sequence's room of {} tokens", request.tokens.size(),
           length, request.sequence->capacity());
    }
    for (const int32_t token : request.tokens) {
      if (token < 0 || static_cast<size_t>(token) >= config().vocab_size) {
        Fail(ErrorCode::kInvalidArgument, "token {} is not in the vocabulary of {} tokens", token,
             config().vocab_size);
      }
    }
  }
}

std::span<const float> Engine::Forward(std::span<const ForwardRequest> requests) {
  Check(requests);
  const ScopedFlushDenormals flush;
  size_t num_logit_rows = 0;
  for (const ForwardRequest& request : requests) num_logit_rows += NumLogitRows(request);
  const size_t V = config().vocab_size;
  float* logits = logits_.Get<float>(std::max<size_t>(num_logit_rows * V, 1));

  std::vector<Piece> pieces;
  size_t rows = 0;
  const auto run = [&] {
    if (!pieces.empty()) RunPass(requests, pieces, logits);
    pieces.clear();
    rows = 0;
  };
  size_t logit_row = 0;
  for (size_t r = 0; r < requests.size(); ++r) {
    const ForwardRequest& request = requests[r];
    for (size_t begin = 0; begin < request.tokens.size();) {
      const size_t count = std::min({request.tokens.size() - begin, options_.prefill_chunk,
                                     options_.max_batch_tokens - rows});
      pieces.push_back(
          {r, begin, count, rows, logit_row + (request.logits == LogitsOf::kAll ? begin : 0)});
      begin += count;
      rows += count;
      // A sequence's next piece needs the keys of this one.
      if (begin < request.tokens.size() || rows == options_.max_batch_tokens) run();
    }
    logit_row += NumLogitRows(request);
  }
  run();
  return {logits, num_logit_rows * V};
}

void Engine::RunPass(std::span<const ForwardRequest> requests, std::span<const Piece> pieces,
                     float* logits) {
  std::vector<int32_t> tokens, positions;
  std::vector<ops::AttentionSegment> segments;
  std::vector<KvCache*> caches;
  // Wanted rows of the pass, in the order of the result, and where their logits go.
  std::vector<size_t> wanted, destinations;
  for (const Piece& piece : pieces) {
    const ForwardRequest& request = requests[piece.request];
    const std::span<const int32_t> part = request.tokens.subspan(piece.begin, piece.count);
    const size_t past = request.sequence->tokens().size();
    tokens.insert(tokens.end(), part.begin(), part.end());
    for (size_t i = 0; i < piece.count; ++i) {
      positions.push_back(static_cast<int32_t>(past + i));
    }
    segments.push_back({.row = piece.row, .num_rows = piece.count});
    caches.push_back(&request.sequence->cache_);
    const bool last = piece.begin + piece.count == request.tokens.size();
    if (request.logits == LogitsOf::kAll) {
      for (size_t i = 0; i < piece.count; ++i) {
        wanted.push_back(piece.row + i);
        destinations.push_back(piece.logit_row + i);
      }
    } else if (request.logits == LogitsOf::kLast && last) {
      wanted.push_back(piece.row + piece.count - 1);
      destinations.push_back(piece.logit_row);
    }
  }

  graph_->Begin(/*recording=*/false);
  const Graph::Value hidden = model_.Hidden(
      *graph_, {.tokens = tokens, .positions = positions, .segments = segments, .caches = caches});
  if (!wanted.empty()) {
    // The rows that a pass finishes follow each other in the result: requests end in their order.
    CHECK(destinations.back() - destinations.front() + 1 == destinations.size());
    graph_->Logits(hidden, model_.head(), wanted, config().logit_softcap,
                   logits + destinations.front() * config().vocab_size);
  }
  for (const Piece& piece : pieces) {
    const ForwardRequest& request = requests[piece.request];
    const std::span<const int32_t> part = request.tokens.subspan(piece.begin, piece.count);
    std::vector<int32_t>& sequence_tokens = request.sequence->tokens_;
    sequence_tokens.insert(sequence_tokens.end(), part.begin(), part.end());
  }
}

}  // namespace cambium
