// SPDX-License-Identifier: Apache-2.0
// The memory of a training run, from its configuration alone: nothing is taken to find it out.
#pragma once

#include <cstddef>

#include "base/thread_pool.h"
#include "train/train_config.h"

namespace cambium {

// All memory that training takes for tensors, known before step 0. Small things (token tables,
// buffers of the standard library, code) are not in it.
struct MemoryPlan {
  size_t weights_bytes = 0;
  size_t gradients_bytes = 0;
  size_t optimizer_bytes = 0;
  size_t activations_bytes = 0;  // of one micro-batch, gradients of activations included
  size_t packing_bytes = 0;      // packed operands, per-thread attention blocks
  size_t total_bytes() const {
    return weights_bytes + gradients_bytes + optimizer_bytes + activations_bytes + packing_bytes;
  }
};

// The plan of a Trainer with this configuration and pool. A micro-batch is run on shapes alone, in
// time and memory of the list of its operations. Throws kInvalidArgument for a configuration that
// is not valid, kUnsupported for a model that has no gradient, and kResourceExhausted for one that
// takes more memory than there is (MemoryLimitBytes).
MemoryPlan PlanTraining(const TrainConfig& config, ThreadPool& pool);

}  // namespace cambium
