// SPDX-License-Identifier: Apache-2.0
#include "infer/generate.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>

#include "base/error.h"
#include "base/hash.h"
#include "base/interrupt.h"
#include "infer/end_tokens.h"
#include "infer/stop_filter.h"
#include "text/stream_decoder.h"

namespace cambium {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// How many tokens at the beginning of both are the same.
size_t CommonPrefix(std::span<const int32_t> a, std::span<const int32_t> b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                             a.begin());
}

// Tokens to draw at most, where a sequence holds `room`.
size_t MaxTokens(size_t prompt_tokens, size_t room, const GenerateOptions& options) {
  if (prompt_tokens == 0) {
    Fail(ErrorCode::kInvalidArgument,
         "the prompt has no tokens, and the tokenizer has no token to begin a text with; give at "
         "least one character");
  }
  if (prompt_tokens >= room) {
    Fail(ErrorCode::kInvalidArgument,
         "the prompt of {} tokens leaves no room in the context of {} tokens", prompt_tokens, room);
  }
  if (options.max_tokens > room - prompt_tokens) {
    Fail(ErrorCode::kInvalidArgument,
         "the prompt of {} tokens and {} new ones do not fit the context of {} tokens; at most {} "
         "can be generated",
         prompt_tokens, options.max_tokens, room, room - prompt_tokens);
  }
  if (options.num_sequences == 0) {
    Fail(ErrorCode::kInvalidArgument, "the number of sequences must be at least 1");
  }
  return options.max_tokens == 0 ? room - prompt_tokens : options.max_tokens;
}

// Positions that a sequence needs: the last token drawn is never fed back.
size_t NumPositions(size_t prompt_tokens, size_t max_tokens) {
  return prompt_tokens + std::max<size_t>(max_tokens, 1) - 1;
}

// One continuation in the making.
struct Stream {
  Stream(Sequence& held, const Tokenizer& tokenizer, const GenerateOptions& options)
      : sequence(&held),
        decoder(tokenizer, IllFormed::kReplace, SpecialText::kSkip),
        stop(options.stop) {}

  size_t index = 0;
  Sequence* sequence;
  StreamDecoder decoder;
  StopFilter stop;
  std::vector<int32_t> history;  // prompt and what was drawn
  SamplerState sampler_state;
  std::unique_ptr<Proposer> proposer;
  std::vector<int32_t> fed;  // of the current pass: the last token drawn, and a guess behind it
  // What was drawn from the rows of the current pass, in order, as far as the guess agrees.
  std::vector<SampledToken> drawn;
  Sha256 fingerprint;
  Continuation result;
  bool done = false;
};

class Generator {
 public:
  // held: the sequence to go on with; nullptr: new ones.
  Generator(Engine& engine, const Tokenizer& tokenizer, std::span<const int32_t> prompt,
            const GenerateOptions& options, const TextCallback& on_text, Sequence* held)
      : engine_(engine),
        tokenizer_(tokenizer),
        prompt_(prompt),
        options_(options),
        on_text_(on_text),
        sampler_(options.sampler),
        ends_(EndTokens(tokenizer)),
        V_(engine.config().vocab_size),
        // A model may have more rows than its tokenizer has tokens (padding): they are never drawn.
        drawable_(std::min(V_, static_cast<size_t>(tokenizer.vocab_size()))),
        start_(Clock::now()) {
    max_tokens_ = MaxTokens(prompt_.size(),
                            held == nullptr ? engine_.max_context() : held->capacity(), options);
    const size_t capacity = NumPositions(prompt_.size(), max_tokens_);
    if (held == nullptr) PlanGeneration(engine, prompt_.size(), options).Require();
    for (size_t i = 0; i < options_.num_sequences; ++i) {
      Sequence& sequence =
          held != nullptr ? *held : sequences_.emplace_back(engine_.NewSequence(capacity));
      Stream& stream = streams_.emplace_back(sequence, tokenizer, options);
      stream.index = i;
      stream.history.assign(prompt.begin(), prompt.end());
      stream.sampler_state = sampler_.InitialState();
      stream.result.sequence = options.first_sequence + i;
      stream.proposer =
          MakeProposer(options.speculation, sampler_, stream.result.sequence, drawable_, capacity);
    }
  }

  GenerateResult Run() {
    std::span<const float> logits = Prefill();
    result_.stats.prefill_seconds = SecondsSince(start_);
    Clock::time_point first_token;
    while (!logits.empty()) {
      const bool first = result_.stats.generated_tokens == 0;
      DrawAll(logits);
      if (first) {
        first_token = Clock::now();
        result_.stats.first_token_seconds = SecondsSince(start_);
      }
      for (Stream* stream : active_) {
        AcceptAll(*stream, logits.first(stream->fed.size() * V_));
        logits = logits.subspan(stream->fed.size() * V_);
      }
      std::erase_if(active_, [](const Stream* stream) { return stream->done; });
      logits = Step();
      if (logits.empty()) result_.stats.decode_seconds = SecondsSince(first_token);
    }
    for (Stream& stream : streams_) {
      if (options_.fingerprint) stream.result.fingerprint = ToHex(stream.fingerprint.Finish());
      result_.continuations.push_back(std::move(stream.result));
    }
    return std::move(result_);
  }

 private:
  // In chunks, so that Ctrl-C is seen in a long prompt. Empty when cancelled.
  std::span<const float> Prefill() {
    size_t begin = 0;
    for (Stream& stream : streams_) {
      // At least one token is computed, for its logits.
      const size_t known =
          std::min(CommonPrefix(stream.sequence->tokens(), prompt_), prompt_.size() - 1);
      stream.sequence->Truncate(known);
      begin = known;  // the same for all: streams are more than one only where all are new
      result_.stats.cached_tokens += known;
    }
    std::span<const float> logits;
    const size_t chunk = engine_.options().prefill_chunk;
    for (; begin < prompt_.size(); begin += chunk) {
      const size_t count = std::min(chunk, prompt_.size() - begin);
      const bool last = begin + count == prompt_.size();
      std::vector<ForwardRequest> requests;
      for (Stream& stream : streams_) {
        requests.push_back({stream.sequence, prompt_.subspan(begin, count),
                            last ? LogitsOf::kLast : LogitsOf::kNone});
      }
      if (Cancelled()) return {};
      logits = engine_.Forward(requests);
      result_.stats.prompt_tokens += count * streams_.size();
    }
    for (Stream& stream : streams_) {
      active_.push_back(&stream);
      stream.fed.assign(1, prompt_.back());
    }
    return logits;
  }

  // The next logits of all active streams, a row for every token fed; empty when there is none.
  std::span<const float> Step() {
    if (active_.empty() || Cancelled()) return {};
    std::vector<ForwardRequest> requests;
    for (Stream* stream : active_) {
      stream->fed.assign(1, stream->history.back());
      if (stream->proposer != nullptr) Guess(*stream);
      requests.push_back({stream->sequence, stream->fed, LogitsOf::kAll});
    }
    ++result_.stats.passes;
    return engine_.Forward(requests);
  }

  void Guess(Stream& stream) {
    // Behind the guess one more token is drawn.
    const size_t left = max_tokens_ - stream.result.tokens.size();
    const size_t most = std::min(options_.speculation.max_tokens, left - 1);
    if (most == 0) return;
    const std::vector<int32_t> guess =
        stream.proposer->Propose(stream.history, stream.sampler_state, most);
    result_.stats.proposed_tokens += guess.size();
    stream.fed.insert(stream.fed.end(), guess.begin(), guess.end());
  }

  bool Cancelled() {
    if (!Interrupted()) return false;
    for (Stream& stream : streams_) {
      if (stream.done) continue;
      stream.result.finish_reason = FinishReason::kCancelled;
      Finish(stream);
    }
    return true;
  }

  // logits: a row for every token fed, stream after stream.
  void DrawAll(std::span<const float> logits) {
    std::vector<size_t> first_rows;
    size_t row = 0;
    for (const Stream* stream : active_) {
      first_rows.push_back(row);
      row += stream->fed.size();
    }
    engine_.pool().ParallelFor(active_.size(), [&](size_t i, size_t) {
      Draw(*active_[i], logits.subspan(first_rows[i] * V_, active_[i]->fed.size() * V_));
    });
  }

  // Draws from row after row while what was drawn is what the next row was computed behind.
  void Draw(Stream& stream, std::span<const float> logits) {
    stream.drawn.clear();
    for (size_t i = 0; i < stream.fed.size(); ++i) {
      stream.drawn.push_back(sampler_.Sample(logits.subspan(i * V_, drawable_), stream.history,
                                             stream.result.sequence, stream.history.size(),
                                             &stream.sampler_state));
      const int32_t token = stream.drawn.back().token;
      stream.history.push_back(token);
      if (Ends(token) || i + 1 == stream.fed.size() || token != stream.fed[i + 1]) break;
    }
  }

  bool Ends(int32_t token) const {
    return !options_.ignore_eos && std::binary_search(ends_.begin(), ends_.end(), token);
  }

  void AcceptAll(Stream& stream, std::span<const float> logits) {
    for (size_t i = 0; i < stream.drawn.size() && !stream.done; ++i) {
      if (i > 0) ++result_.stats.accepted_tokens;
      const std::span<const float> row = logits.subspan(i * V_, V_);
      if (options_.fingerprint) stream.fingerprint.Update(row.data(), row.size_bytes());
      if (options_.num_alternatives > 0) {
        stream.result.alternatives.push_back(
            MostProbable(row.first(drawable_), options_.num_alternatives));
      }
      Accept(stream, stream.drawn[i]);
    }
    // Forgets what a wrong guess left, and what came behind a stop string.
    stream.history.resize(prompt_.size() + stream.result.tokens.size());
    stream.sequence->Truncate(stream.history.size() - 1);
  }

  void Accept(Stream& stream, SampledToken sampled) {
    const int32_t token = sampled.token;
    stream.result.tokens.push_back(token);
    stream.result.logprobs.push_back(sampled.logprob);
    ++result_.stats.generated_tokens;
    if (stream.result.tokens.size() > 1) ++result_.stats.decoded_tokens;
    if (Ends(token)) {
      stream.result.finish_reason = FinishReason::kEos;
      return Finish(stream);
    }
    Show(stream, stream.stop.Push(TextOf(stream, token)));
    if (stream.stop.stopped()) {
      stream.result.finish_reason = FinishReason::kStop;
      stream.done = true;
    } else if (stream.result.tokens.size() == max_tokens_) {
      stream.result.finish_reason = FinishReason::kLength;
      Finish(stream);
    }
  }

  std::string TextOf(Stream& stream, int32_t token) {
    const std::vector<int32_t>& shown = options_.shown_specials;
    if (std::find(shown.begin(), shown.end(), token) == shown.end()) {
      return stream.decoder.Push(token);
    }
    return stream.decoder.Finish() + tokenizer_.TokenBytes(token);
  }

  // What decoder and filter still hold is shown.
  void Finish(Stream& stream) {
    Show(stream, stream.stop.Push(stream.decoder.Finish()));
    Show(stream, stream.stop.Finish());
    if (stream.stop.stopped()) stream.result.finish_reason = FinishReason::kStop;
    stream.done = true;
  }

  void Show(Stream& stream, const std::string& text) {
    if (text.empty()) return;
    stream.result.text += text;
    if (on_text_) on_text_(stream.index, text);
  }

  Engine& engine_;
  const Tokenizer& tokenizer_;
  std::span<const int32_t> prompt_;
  const GenerateOptions& options_;
  const TextCallback& on_text_;
  Sampler sampler_;
  const std::vector<int32_t> ends_;
  const size_t V_;         // columns of a row of logits
  const size_t drawable_;  // of them, those that are tokens
  Clock::time_point start_;
  size_t max_tokens_ = 0;
  std::deque<Sequence> sequences_;  // addresses stay
  std::deque<Stream> streams_;
  std::vector<Stream*> active_;
  GenerateResult result_;
};

}  // namespace

const char* FinishReasonName(FinishReason reason) {
  switch (reason) {
    case FinishReason::kEos:
      return "eos";
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

double GenerateStats::PrefillTokensPerSecond() const {
  return prefill_seconds > 0 ? static_cast<double>(prompt_tokens) / prefill_seconds : 0;
}

double GenerateStats::DecodeTokensPerSecond() const {
  return decode_seconds > 0 ? static_cast<double>(decoded_tokens) / decode_seconds : 0;
}

GenerationMemory PlanGeneration(const Engine& engine, size_t prompt_tokens,
                                const GenerateOptions& options) {
  (void)StopFilter(options.stop);  // throws for an empty string
  const size_t max_tokens = MaxTokens(prompt_tokens, engine.max_context(), options);
  return PlanMemory(engine, options.num_sequences, NumPositions(prompt_tokens, max_tokens),
                    options.speculation);
}

GenerateResult Generate(Engine& engine, const Tokenizer& tokenizer, std::span<const int32_t> prompt,
                        const GenerateOptions& options, const TextCallback& on_text) {
  return Generator(engine, tokenizer, prompt, options, on_text, nullptr).Run();
}

GenerateResult GenerateInto(Engine& engine, const Tokenizer& tokenizer, Sequence& sequence,
                            std::span<const int32_t> prompt, const GenerateOptions& options,
                            const TextCallback& on_text) {
  if (options.num_sequences != 1) {
    Fail(ErrorCode::kInvalidArgument, "one sequence holds one continuation, not {}",
         options.num_sequences);
  }
  return Generator(engine, tokenizer, prompt, options, on_text, &sequence).Run();
}

}  // namespace cambium
