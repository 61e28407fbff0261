// SPDX-License-Identifier: Apache-2.0
#include "infer/calibration.h"

#include <algorithm>

#include "base/error.h"
#include "infer/session.h"

namespace cambium {
namespace {

// Adds the squares of x [T, C] to sums, token after token in every column.
template <typename T>
void AddSquares(const Tensor& x, std::vector<double>& sums, ThreadPool& pool) {
  const T* values = x.ptr<T>();
  const size_t C = x.cols();
  pool.ParallelRanges(C, 64, [&](size_t begin, size_t end, size_t) {
    for (size_t t = 0; t < x.rows(); ++t) {
      for (size_t c = begin; c < end; ++c) {
        const auto value = static_cast<double>(ToFloat(values[t * C + c]));
        sums[c] += value * value;
      }
    }
  });
}

}  // namespace

Calibration Calibrate(ParameterStore& parameters, std::span<const int32_t> tokens,
                      const CalibrationOptions& options, ThreadPool& pool) {
  const size_t window = options.window_tokens;
  const size_t available =
      options.max_tokens > 0 ? std::min(options.max_tokens, tokens.size()) : tokens.size();
  if (window == 0 || available < window) {
    if (tokens.size() >= window && window > 0) {
      Fail(ErrorCode::kInvalidArgument, "{} tokens at most are less than one window of {}",
           options.max_tokens, window);
    }
    Fail(ErrorCode::kCorruptData,
         "the text to calibrate on has {} tokens, less than one window of {}; give a longer text",
         tokens.size(), window);
  }
  // Of every matrix but the embedding and the head; its index in the store is its key.
  std::vector<std::vector<double>> sums(parameters.specs().size());
  std::vector<uint64_t> counts(sums.size());
  const auto on_product = [&](const Weight& weight, const Tensor& x) {
    const auto index = static_cast<size_t>(&weight - &parameters.weight(0));
    if (index == 0 || &weight == &parameters.output_head()) return;
    sums[index].resize(weight.cols);
    counts[index] += x.rows();
    if (x.dtype == DType::kF32) {
      AddSquares<float>(x, sums[index], pool);
    } else {
      AddSquares<BFloat16>(x, sums[index], pool);
    }
  };
  Engine engine(parameters, pool,
                {.compute = options.compute,
                 .max_context = window,
                 .max_batch_tokens = window,
                 .prefill_chunk = window,
                 .on_product = on_product});
  Calibration result;
  Sequence sequence = engine.NewSequence(window);
  for (size_t begin = 0; begin + window <= available; begin += window) {
    sequence.Truncate(0);
    const ForwardRequest request = {&sequence, tokens.subspan(begin, window), LogitsOf::kNone};
    engine.Forward({&request, 1});
    result.num_tokens += window;
    if (options.progress) options.progress(result.num_tokens);
  }
  for (size_t i = 0; i < sums.size(); ++i) {
    if (sums[i].empty()) continue;
    std::vector<float>& importance = result.importance[parameters.specs()[i].name];
    for (const double sum : sums[i]) {
      importance.push_back(static_cast<float>(sum / static_cast<double>(counts[i])));
    }
  }
  return result;
}

}  // namespace cambium
