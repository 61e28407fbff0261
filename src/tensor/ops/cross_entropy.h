// SPDX-License-Identifier: Apache-2.0
// Softmax cross-entropy of a chunk of logits, forward and backward in one call, so that the logits
// of a batch never have to exist at once.
//   z = logits, or c tanh(logits / c) with softcap c > 0
//   loss = log(sum exp(z - m)) - (z_target - m),  m = max z
//   dlogits = (softmax(z) - onehot(target)) * scale * dz/dlogits
// logits: [n, V] f32, rows `logits_stride` elements apart (0: V). They are workspace: overwritten
//   with exp(z - m), or with z where there is a softcap.
// targets: [n] int32 in [0, V), or -1: the row is ignored (loss 0, dlogits 0, logits untouched).
// loss: [n] f32. dlogits: [n, V] f32 or bf16, contiguous; empty: loss only.
// Numerics: e = ExpNonPositive(z - m, kSoftmaxLowest), s by rule 4 of e;
//   d = e * (scale / s);  d_target -= scale;  with softcap d *= fma(-t, t, 1), t = z / c.
// Overwrites: loss, dlogits, logits. |scale| >= 2^-39 V keeps d clear of denormals.
#pragma once

#include <cstdint>
#include <span>

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

struct CrossEntropyOptions {
  float softcap = 0;  // 0: none
  float scale = 1;    // of the gradient, e.g. 1 / number of tokens of the step
  size_t logits_stride = 0;
};

void CrossEntropy(const Tensor& logits, std::span<const int32_t> targets, const Tensor& loss,
                  const Tensor& dlogits, ThreadPool& pool, const CrossEntropyOptions& options = {});

}  // namespace cambium::ops
