// SPDX-License-Identifier: Apache-2.0
// The options of samplers (infer/sampler.h) as commands offer them: on the command line, in the
// commands of a chat, and in results.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "infer/sampler.h"
#include "text/tokenizer.h"

namespace cambium {

struct SamplingArguments {
  SamplerOptions options;
  std::vector<std::string> dry_breakers;  // texts; empty: the usual ones
  std::vector<std::string> logit_bias;    // "ID=BIAS"
};

void AddSamplingOptions(CLI::App& command, SamplingArguments& arguments);

// With the breakers and biases as tokens of this vocabulary, checked. Throws kInvalidArgument.
SamplerOptions ResolveSampling(const SamplingArguments& arguments, const Tokenizer& tokenizer);

// name: as on the command line, without dashes ("top-k"). Returns what is wrong with name or text,
// or nothing.
std::string SetSamplingOption(std::string_view name, const std::string& text,
                              SamplerOptions* options);
// "temperature 0.8, top-p 0.95": what is not at its default, and the temperature.
std::string DescribeSampling(const SamplerOptions& options);
// Every option.
Json SamplingJson(const SamplerOptions& options);

}  // namespace cambium
