// SPDX-License-Identifier: Apache-2.0
#include "infer/sampling/dry.h"

#include <algorithm>
#include <map>
#include <unordered_set>

namespace cambium {
namespace {

constexpr double kMaxPower = 1e30;

// result[k], k > 0: how many tokens from the end agree with those k tokens before the end, by the
// Z function of the history read backwards (Gusfield 1997, Algorithms on Strings, section 1.3).
std::vector<size_t> RepeatLengths(std::span<const int32_t> history) {
  const size_t n = history.size();
  const auto at = [&](size_t i) { return history[n - 1 - i]; };
  std::vector<size_t> lengths(n, 0);
  size_t left = 0, right = 0;  // the match that reaches furthest: [left, right)
  for (size_t k = 1; k < n; ++k) {
    size_t length = k < right ? std::min(right - k, lengths[k - left]) : 0;
    while (k + length < n && at(length) == at(k + length)) ++length;
    lengths[k] = length;
    if (k + length > right) {
      left = k;
      right = k + length;
    }
  }
  return lengths;
}

}  // namespace

std::vector<int32_t> TokensContaining(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<int32_t> tokens;
  for (int32_t id = 0; !text.empty() && id < tokenizer.vocab_size(); ++id) {
    if (tokenizer.TokenBytes(id).find(text) != std::string::npos) tokens.push_back(id);
  }
  return tokens;
}

void PenalizeRepetition(const DryOptions& options, std::span<const int32_t> history,
                        std::vector<float>* logits) {
  history = history.last(std::min(history.size(), options.last_n));
  const std::unordered_set<int32_t> breakers(options.breakers.begin(), options.breakers.end());
  const auto is_breaker = [&](int32_t token) { return breakers.contains(token); };
  // Matches end at the last breaker of the history.
  size_t limit = 0;
  while (limit < history.size() && !is_breaker(history[history.size() - 1 - limit])) ++limit;
  if (limit < options.allowed_length) return;

  const std::vector<size_t> lengths = RepeatLengths(history);
  std::map<int32_t, size_t> longest;  // per token that followed a match
  for (size_t k = 1; k < history.size(); ++k) {
    const size_t length = std::min(lengths[k], limit);
    if (length < options.allowed_length) continue;
    size_t& known = longest[history[history.size() - k]];
    known = std::max(known, length);
  }
  for (const auto& [token, length] : longest) {
    if (token < 0 || static_cast<size_t>(token) >= logits->size() || is_breaker(token)) continue;
    double power = 1;
    for (size_t i = options.allowed_length; i < length && power < kMaxPower; ++i) {
      power *= static_cast<double>(options.base);
      if (options.base == 1) break;
    }
    float& logit = (*logits)[static_cast<size_t>(token)];
    logit =
        static_cast<float>(static_cast<double>(logit) -
                           static_cast<double>(options.multiplier) * std::min(power, kMaxPower));
  }
}

}  // namespace cambium
