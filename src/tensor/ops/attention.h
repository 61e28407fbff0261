// SPDX-License-Identifier: Apache-2.0
// Causal grouped-query attention over segments: a segment is a document inside a packed row
// (training) or the new tokens of one sequence whose past lies in a KV cache (inference). Positions
// count from the segment's first token, so a document gives the same bits wherever it was packed.
//
// For query i of head h at position P = past + i, kv head g = h / (H / Hkv), and keys j visible to
// it, max(0, P + 1 - window) <= j <= P (window 0: all):
//   t_ij = dot(q_i, k_j) * scale            dot: numerics rule 2 over D
//   t_ij = cap * tanh(t_ij / cap)           if softcap > 0
//   m_i  = max_j t_ij;   p_ij = round_A(exp(t_ij - m_i)), +0 where j is not visible or the
//                        exponent is below kSoftmaxLowest (numerics/math_ref.h)
//   per split of 256 positions: l = 16 partial sums of p (j into j mod 16), tree 8 4 2 1;
//                               u_d = chain over pairs of j (rule 2) of p_ij * v_jd, from 0
//   l_i, u_i: sums over splits, ascending, from 0
//   with sinks s_h (gpt-oss): m_i = max(s_h, max_j t_ij), and exp(s_h - m_i) is added to l_i last
//   o_i  = round_A(u_i * (1 / l_i) + 0)     the + 0 makes a zero's sign canonical
// Saved for backward: m_i and 1 / l_i.
//
// Backward (past = 0). do: gradient of o.
//   delta_i = sum_d do_id * o_id            16 partial sums (fma), tree
//   p_ij  = exp(t_ij - m_i) * (1 / l_i)     not rounded; pa_ij = round_A(p_ij)
//   dp_ij = dot(do_i, v_j)
//   ds_ij = round_A(p_ij * (dp_ij - delta_i) * scale), times 1 - (t_ij / cap)^2 if softcap
//   dq_i  = sum_j ds_ij k_j    one chain over pairs of j ascending
//   dk_j  = sum_h sum_i ds_ij q_i,  dv_j = sum_h sum_i pa_ij do_i   one chain over the heads of the
//           group ascending, inside a head over pairs of i ascending
//   each + 0, then rounded to A. Not with sinks, whose gradient is not there.
// Overwrites: out, stats, dq, dk, dv. Finite inputs are required.
//
// k_j and v_j are what params.kv_type holds of them (kv_blocks.h), also for keys of the same pass
// and without a cache. Backward: of the compute type only.
// Sources: Vaswani et al. 2017 (arXiv:1706.03762); Ainslie et al. 2023 (GQA, arXiv:2305.13245);
// Dao et al. 2022 (recomputation in backward, arXiv:2205.14135).
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/thread_pool.h"
#include "tensor/ops/kv_blocks.h"
#include "tensor/tensor.h"

namespace cambium::ops {

struct AttentionParams {
  size_t num_heads = 0;          // H
  size_t num_kv_heads = 0;       // Hkv, divides H
  size_t head_dim = 0;           // D, even
  float scale = 0;               // usually 1 / sqrt(D)
  size_t window = 0;             // visible keys at most; 0: no limit
  float softcap = 0;             // 0: none
  const float* sinks = nullptr;  // [H]: a score of every head that has no value; null: none
  // What keys and values are held in; nullopt: the compute type, which changes nothing.
  std::optional<KvType> kv_type = std::nullopt;
};

struct AttentionSegment {
  size_t row = 0;       // first row of the segment in q, k, v and out
  size_t num_rows = 0;  // new tokens
  size_t past = 0;      // tokens already in the blocks
  // A KV cache: keys and values of kv head 0, and bytes from one kv head to the next. room (as in
  // KvLayout): at least past + num_rows; the new rows are written by Forward. Null (training, past
  // 0): the blocks are made in scratch and dropped.
  void* keys = nullptr;
  void* values = nullptr;
  size_t keys_head_stride_bytes = 0;
  size_t values_head_stride_bytes = 0;
  size_t room = 0;
};

// q: [T, H*D] A; k, v: [T, Hkv*D] A; out: [T, H*D] A; stats: [T, H, 2] f32 (m, 1/l) or empty.
void AttentionForward(const AttentionParams& params, std::span<const AttentionSegment> segments,
                      const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& out,
                      const Tensor& stats, ThreadPool& pool);

// Uses row and num_rows of the segments only (the blocks may be gone); past must be 0.
void AttentionBackward(const AttentionParams& params, std::span<const AttentionSegment> segments,
                       const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& out,
                       const Tensor& stats, const Tensor& dout, const Tensor& dq, const Tensor& dk,
                       const Tensor& dv, ThreadPool& pool);

}  // namespace cambium::ops
