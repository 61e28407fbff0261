// SPDX-License-Identifier: Apache-2.0
#include "infer/sampling/penalties.h"

#include <algorithm>

namespace cambium {

void Penalize(const PenaltyOptions& options, std::span<const int32_t> history,
              std::vector<float>* logits) {
  const std::span<const int32_t> last = history.last(std::min(history.size(), options.last_n));
  std::vector<int32_t> recent(last.begin(), last.end());
  std::sort(recent.begin(), recent.end());
  for (size_t begin = 0; begin < recent.size();) {
    const int32_t token = recent[begin];
    size_t end = begin;
    while (end < recent.size() && recent[end] == token) ++end;
    const double count = static_cast<double>(end - begin);
    begin = end;
    if (token < 0 || static_cast<size_t>(token) >= logits->size()) continue;
    float& logit = (*logits)[static_cast<size_t>(token)];
    logit = logit > 0 ? logit / options.repeat : logit * options.repeat;
    const double less =
        count * static_cast<double>(options.frequency) + static_cast<double>(options.presence);
    logit = static_cast<float>(static_cast<double>(logit) - less);
  }
}

}  // namespace cambium
