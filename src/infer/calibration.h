// SPDX-License-Identifier: Apache-2.0
// Which columns of a model's matrices matter on a text: what quantisation should keep best. A
// column's weight is the mean square of its input over the tokens of the text; the error of a
// product is then, to first order, the sum of weight times squared error of the matrix's elements.
// Source: the importance matrix of llama.cpp (tools/imatrix), which is computed alike: whole
// windows of tokens, embeddings and output head left out.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/thread_pool.h"
#include "model/parameters.h"
#include "numerics/quant/importance.h"

namespace cambium {

struct CalibrationOptions {
  size_t window_tokens = 512;
  size_t max_tokens = 0;  // 0: all whole windows
  DType compute = DType::kBF16;
  // Called with the tokens done; may throw to stop.
  std::function<void(uint64_t tokens)> progress;
};

struct Calibration {
  ImportanceMap importance;  // by the names of parameters
  uint64_t num_tokens = 0;
};

// The same bits on any number of threads. parameters are packed for inference by this. Throws
// kInvalidArgument when the tokens are less than one window.
Calibration Calibrate(ParameterStore& parameters, std::span<const int32_t> tokens,
                      const CalibrationOptions& options, ThreadPool& pool);

}  // namespace cambium
