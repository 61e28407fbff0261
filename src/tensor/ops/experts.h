// SPDX-License-Identifier: Apache-2.0
// The parts of a mixture of experts around its matrix products, for inference only (no backward).
//
// RouteExperts: of each token's logits the K largest, ties to the lowest expert, listed in
// ascending order of experts, with their weights: a softmax over the K, or over all E (normalize
// false).
//   m = max logit (of those in the sum);  e_j = exp(logit_j - m), 0 below kSoftmaxLowest
//   weight = e / sum e                    the sum by rule 4, over the K in their order, or over E
// logits: [T, E] f32; experts: [T, K] int32; weights: [T, K] f32.
//
// CombineExperts: out[t] = residual[t] + acc, acc = fma(weights[t, k], y[slots[t, k]], acc) over
// ascending k from 0: an order that no batch, chunk or thread changes.
// y: [N, C] f32, row slots[t, k] is what the k-th expert of token t made of it; residual, out:
// [T, C] f32, out may be residual.
//
// ClampedSwiGlu: a = (clamp(u, -7, 7) + 1) (h s), h = min(g, 7), s = sigmoid(1.702 h), all [N, F]
// f32 or bf16, one rounding at the end. a may be g or u.
//
// Sources: Shazeer et al. 2017 (arXiv:1701.06538); Jiang et al. 2024 (Mixtral, arXiv:2401.04088);
// OpenAI 2025 (gpt-oss, arXiv:2508.10925).
#pragma once

#include <cstdint>
#include <span>

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

inline constexpr float kSwiGluLimit = 7.0f;
inline constexpr float kSwiGluAlpha = 1.702f;

void RouteExperts(const Tensor& logits, size_t K, bool normalize, std::span<int32_t> experts,
                  std::span<float> weights, ThreadPool& pool);
void CombineExperts(const Tensor& y, std::span<const int32_t> slots, std::span<const float> weights,
                    size_t K, const Tensor& residual, const Tensor& out, ThreadPool& pool);
void ClampedSwiGlu(const Tensor& g, const Tensor& u, const Tensor& a, ThreadPool& pool);

}  // namespace cambium::ops
