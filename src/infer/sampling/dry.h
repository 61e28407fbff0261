// SPDX-License-Identifier: Apache-2.0
// DRY ("don't repeat yourself"): a penalty for tokens that would go on with a repetition. Let
// L(t) be the largest n such that the last n tokens of the history are also found earlier in it,
// followed by token t. Where L(t) >= allowed_length:
//   logit(t) = logit(t) - multiplier * base^(L(t) - allowed_length)
// A match never contains a breaker token, and breakers are not penalised. The power is a product in
// double, held below 1e30. Source: P. E. Weidmann 2024, text-generation-webui pull request 5677.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace cambium {

struct DryOptions {
  float multiplier = 0.0f;    // [0, 100]; 0: off
  float base = 1.75f;         // [1, 10]
  size_t allowed_length = 2;  // at least 1
  size_t last_n = SIZE_MAX;   // tokens of the history that are searched
  std::vector<int32_t> breakers;

  bool active() const { return multiplier != 0; }
};

// The tokens whose bytes contain `text`, ascending: what a breaker given as text stands for. None
// for an empty text.
std::vector<int32_t> TokensContaining(const Tokenizer& tokenizer, std::string_view text);

// Linear in the history. Ids of the history outside of [0, V) are never penalised.
void PenalizeRepetition(const DryOptions& options, std::span<const int32_t> history,
                        std::vector<float>* logits);

}  // namespace cambium
