// SPDX-License-Identifier: Apache-2.0
// A few words that the model writes while it is trained. Same prompt and weights, same words.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/thread_pool.h"
#include "model/parameters.h"
#include "tensor/tensor.h"
#include "text/tokenizer.h"

namespace cambium {

// For TrainRunOptions::sample. The function reads the weights as they are at its call and changes
// nothing of them; memory for it (a cache of keys and values, and activations of a few tokens) is
// taken at the first call. `parameters` and `pool` must outlive it.
std::function<std::string(std::span<const int32_t> prompt)> SampleWriter(
    ParameterStore& parameters, DType compute, std::shared_ptr<const Tokenizer> tokenizer,
    ThreadPool& pool);

// For a terminal: newlines as \n, other control characters as '?'. text: valid UTF-8.
std::string OneLine(std::string_view text);
// The line, or its beginning and "…", in `width` > 0 columns.
std::string CutSample(const std::string& line, size_t width);

}  // namespace cambium
