// SPDX-License-Identifier: Apache-2.0
#include "infer/generate.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/interrupt.h"
#include "infer/stop_filter.h"
#include "text/stream_decoder.h"

namespace cambium {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// One continuation in the making.
struct Stream {
  Stream(Engine& engine, const Tokenizer& tokenizer, const GenerateOptions& options,
         size_t capacity)
      : sequence(engine.NewSequence(capacity)),
        decoder(tokenizer, IllFormed::kReplace, SpecialText::kSkip),
        stop(options.stop) {}

  Sequence sequence;
  StreamDecoder decoder;
  StopFilter stop;
  std::vector<int32_t> history;  // prompt and what was drawn
  Continuation result;
  SampledToken sampled;
  bool done = false;
};

class Generator {
 public:
  Generator(Engine& engine, const Tokenizer& tokenizer, std::span<const int32_t> prompt,
            const GenerateOptions& options, const TextCallback& on_text)
      : engine_(engine),
        tokenizer_(tokenizer),
        prompt_(prompt),
        options_(options),
        on_text_(on_text),
        sampler_(options.sampler),
        start_(Clock::now()) {
    CheckSizes();
    // The last token drawn is never fed back.
    const size_t capacity = prompt_.size() + std::max<size_t>(max_tokens_, 1) - 1;
    streams_.reserve(options_.num_sequences);
    for (size_t i = 0; i < options_.num_sequences; ++i) {
      Stream& stream = streams_.emplace_back(engine, tokenizer, options, capacity);
      stream.history.assign(prompt.begin(), prompt.end());
      stream.result.sequence = options.first_sequence + i;
    }
  }

  GenerateResult Run() {
    std::span<const float> logits = Prefill();
    result_.stats.prefill_seconds = SecondsSince(start_);
    Clock::time_point first_token;
    while (!logits.empty()) {
      const bool first = result_.stats.generated_tokens == 0;
      SampleAll(logits);
      if (first) {
        first_token = Clock::now();
        result_.stats.first_token_seconds = SecondsSince(start_);
      }
      for (Stream* stream : active_) Accept(*stream);
      std::erase_if(active_, [](const Stream* stream) { return stream->done; });
      logits = Step();
      if (logits.empty()) result_.stats.decode_seconds = SecondsSince(first_token);
    }
    for (Stream& stream : streams_) result_.continuations.push_back(std::move(stream.result));
    return std::move(result_);
  }

 private:
  void CheckSizes() {
    const size_t room = engine_.max_context();
    if (prompt_.empty()) {
      Fail(ErrorCode::kInvalidArgument,
           "the prompt has no tokens, and the tokenizer has no token to begin a text with; give at "
           "least one character");
    }
    if (prompt_.size() >= room) {
      Fail(ErrorCode::kInvalidArgument,
           "the prompt of {} tokens leaves no room in the model's context of {} tokens",
           prompt_.size(), room);
    }
    max_tokens_ = options_.max_tokens == 0 ? room - prompt_.size() : options_.max_tokens;
    if (max_tokens_ > room - prompt_.size()) {
      Fail(ErrorCode::kInvalidArgument,
           "the prompt of {} tokens and {} new ones do not fit the model's context of {} tokens; "
           "at most {} can be generated",
           prompt_.size(), max_tokens_, room, room - prompt_.size());
    }
    if (options_.num_sequences == 0) {
      Fail(ErrorCode::kInvalidArgument, "the number of sequences must be at least 1");
    }
  }

  // In chunks, so that Ctrl-C is seen in a long prompt. Empty when cancelled.
  std::span<const float> Prefill() {
    std::span<const float> logits;
    const size_t chunk = engine_.options().prefill_chunk;
    for (size_t begin = 0; begin < prompt_.size(); begin += chunk) {
      const size_t count = std::min(chunk, prompt_.size() - begin);
      const bool last = begin + count == prompt_.size();
      std::vector<ForwardRequest> requests;
      for (Stream& stream : streams_) {
        requests.push_back({&stream.sequence, prompt_.subspan(begin, count),
                            last ? LogitsOf::kLast : LogitsOf::kNone});
      }
      if (Cancelled()) return {};
      logits = engine_.Forward(requests);
      result_.stats.prompt_tokens += count * streams_.size();
    }
    for (Stream& stream : streams_) active_.push_back(&stream);
    return logits;
  }

  // The next logits of all active streams; empty when there is none.
  std::span<const float> Step() {
    if (active_.empty() || Cancelled()) return {};
    std::vector<ForwardRequest> requests;
    for (Stream* stream : active_) {
      requests.push_back({&stream->sequence, {&stream->sampled.token, 1}, LogitsOf::kLast});
    }
    return engine_.Forward(requests);
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

  void SampleAll(std::span<const float> logits) {
    const size_t V = engine_.config().vocab_size;
    // A model may have more rows than its tokenizer has tokens (padding): they are never drawn.
    const size_t drawable = std::min(V, static_cast<size_t>(tokenizer_.vocab_size()));
    engine_.pool().ParallelFor(active_.size(), [&](size_t i, size_t) {
      Stream& stream = *active_[i];
      stream.sampled = sampler_.Sample(logits.subspan(i * V, drawable), stream.history,
                                       stream.result.sequence, stream.history.size());
    });
  }

  void Accept(Stream& stream) {
    const int32_t token = stream.sampled.token;
    stream.history.push_back(token);
    stream.result.tokens.push_back(token);
    stream.result.logprobs.push_back(stream.sampled.logprob);
    ++result_.stats.generated_tokens;
    if (stream.result.tokens.size() > 1) ++result_.stats.decoded_tokens;
    if (token == tokenizer_.eos_id() && !options_.ignore_eos) {
      stream.result.finish_reason = FinishReason::kEos;
      return Finish(stream);
    }
    Show(stream, stream.stop.Push(stream.decoder.Push(token)));
    if (stream.stop.stopped()) {
      stream.result.finish_reason = FinishReason::kStop;
      stream.done = true;
    } else if (stream.result.tokens.size() == max_tokens_) {
      stream.result.finish_reason = FinishReason::kLength;
      Finish(stream);
    }
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
    if (on_text_) on_text_(static_cast<size_t>(&stream - streams_.data()), text);
  }

  Engine& engine_;
  const Tokenizer& tokenizer_;
  std::span<const int32_t> prompt_;
  const GenerateOptions& options_;
  const TextCallback& on_text_;
  Sampler sampler_;
  Clock::time_point start_;
  size_t max_tokens_ = 0;
  std::vector<Stream> streams_;
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

GenerateResult Generate(Engine& engine, const Tokenizer& tokenizer, std::span<const int32_t> prompt,
                        const GenerateOptions& options, const TextCallback& on_text) {
  return Generator(engine, tokenizer, prompt, options, on_text).Run();
}

}  // namespace cambium
