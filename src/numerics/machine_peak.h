// SPDX-License-Identifier: Apache-2.0
// The machine's own limits, measured: what speeds are fractions of. Median of short repeats; the
// pool's threads all run at once, as they do in a step.
#pragma once

#include "base/thread_pool.h"

namespace cambium {

struct MachinePeak {
  double f32_flops_per_s = 0;   // fused multiply-adds, 2 each
  double bf16_flops_per_s = 0;  // pairs of a bf16 dot product, 4 each, by the active target's means
  double byte_ops_per_s = 0;    // products of bytes and their sums, 2 each, by the active target's
};

// milliseconds: time to spend on each of the three.
MachinePeak MeasureMachinePeak(ThreadPool& pool, double milliseconds = 120);

// Bytes per second of linear reads of memory that no cache holds: takes 256 MiB for as long as it
// measures.
double MeasureReadSpeed(ThreadPool& pool, double milliseconds = 120);

}  // namespace cambium
