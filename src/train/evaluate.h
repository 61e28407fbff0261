// SPDX-License-Identifier: Apache-2.0
// Loss of a model on held-out text, forward only.
#pragma once

#include "train/data_loader.h"
#include "train/trainer.h"

namespace cambium {

struct Evaluation {
  double nats_per_token = 0;
  double bits_per_byte = 0;  // of text; independent of the tokenizer
  uint64_t num_tokens = 0;
  uint64_t num_bytes = 0;
};

// All batches of the loader, in order.
Evaluation Evaluate(Trainer& trainer, const ValidationLoader& loader);

}  // namespace cambium
