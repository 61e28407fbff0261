// SPDX-License-Identifier: Apache-2.0
#include "train/evaluate.h"

#include <numbers>

namespace cambium {

Evaluation Evaluate(Trainer& trainer, const ValidationLoader& loader) {
  Evaluation result;
  double sum = 0;
  Batch batch;
  for (uint64_t i = 0; i < loader.num_batches(); ++i) {
    loader.Load(i, batch);
    sum += trainer.SumLosses(batch);
    result.num_tokens += batch.num_targets;
    result.num_bytes += batch.target_bytes;
  }
  if (result.num_tokens > 0) result.nats_per_token = sum / static_cast<double>(result.num_tokens);
  if (result.num_bytes > 0) {
    result.bits_per_byte = sum / std::numbers::ln2 / static_cast<double>(result.num_bytes);
  }
  return result;
}

}  // namespace cambium
