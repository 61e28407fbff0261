// SPDX-License-Identifier: Apache-2.0
// The definition of attention (attention.h) as plain loops for one segment without past. A: element
// type of the activations; F: float defines the bits, double (with A = double) checks gradients.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

#include "numerics/gemm_ref.h"
#include "numerics/math_ref.h"
#include "tensor/ops/attention.h"

namespace cambium::ops::ref {

template <typename A, typename F>
A RoundTo(F x) {
  if constexpr (std::is_same_v<A, BFloat16>) {
    return ToBFloat16(static_cast<float>(x));
  } else {
    return static_cast<A>(x);
  }
}

// 16 partial sums, element i into i mod 16, then the tree 8 4 2 1.
template <typename F>
F TreeSum(F (&lanes)[16]) {
  for (const size_t half : {8, 4, 2, 1}) {
    for (size_t i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];
  }
  return lanes[0];
}

template <typename A, typename F>
struct Attention {
  AttentionParams params;
  size_t T;
  const A* q;
  const A* k;
  const A* v;

  size_t kv_head(size_t h) const { return h / (params.num_heads / params.num_kv_heads); }
  const A* Q(size_t i, size_t h) const { return q + (i * params.num_heads + h) * params.head_dim; }
  const A* K(size_t j, size_t h) const {
    return k + (j * params.num_kv_heads + kv_head(h)) * params.head_dim;
  }
  const A* V(size_t j, size_t h) const {
    return v + (j * params.num_kv_heads + kv_head(h)) * params.head_dim;
  }
  size_t First(size_t i) const {
    return params.window != 0 && i + 1 > params.window ? i + 1 - params.window : 0;
  }
  F Score(size_t i, size_t j, size_t h) const {
    F t = cambium::ref::Dot<F>(Q(i, h), 1, K(j, h), 1, params.head_dim, F{0}) *
          static_cast<F>(params.scale);
    if (params.softcap > 0) {
      const F cap = static_cast<F>(params.softcap);
      t = cap * RefTanh(t * (F{1} / cap));
    }
    return t;
  }

  void Forward(A* out, F* stats) const {
    const size_t D = params.head_dim;
    for (size_t i = 0; i < T; ++i) {
      for (size_t h = 0; h < params.num_heads; ++h) {
        F m = -std::numeric_limits<F>::infinity();
        for (size_t j = First(i); j <= i; ++j) m = std::max(m, Score(i, j, h));
        if (params.sinks != nullptr) m = std::max(m, static_cast<F>(params.sinks[h]));
        F l = 0;
        std::vector<F> u(D, F{0});
        for (size_t split = 0; split <= i; split += kSplitPositions) {
          F lanes[16] = {};
          std::vector<A> p(kSplitPositions, RoundTo<A>(F{0}));
          for (size_t j = std::max(split, First(i)); j <= i && j < split + kSplitPositions; ++j) {
            p[j - split] = RoundTo<A>(
                RefExpNonPositive(Score(i, j, h) - m, static_cast<F>(math::kSoftmaxLowest)));
            lanes[j % 16] = lanes[j % 16] + static_cast<F>(cambium::ref::Widen(p[j - split]));
          }
          l = l + TreeSum(lanes);
          const size_t count = std::min(kSplitPositions, i + 1 - split);
          for (size_t d = 0; d < D; ++d) {
            u[d] = u[d] + cambium::ref::Dot<F>(p.data(), 1, V(split, h) + d,
                                               params.num_kv_heads * D, count, F{0});
          }
        }
        if (params.sinks != nullptr) {
          l = l + RefExpNonPositive(static_cast<F>(params.sinks[h]) - m,
                                    static_cast<F>(math::kSoftmaxLowest));
        }
        const F inverse_l = F{1} / l;
        stats[(i * params.num_heads + h) * 2] = m;
        stats[(i * params.num_heads + h) * 2 + 1] = inverse_l;
        for (size_t d = 0; d < D; ++d) {
          out[(i * params.num_heads + h) * D + d] = RoundTo<A>(u[d] * inverse_l + F{0});
        }
      }
    }
  }

  void Backward(const A* out, const F* stats, const A* dout, A* dq, A* dk, A* dv) const {
    const size_t H = params.num_heads, D = params.head_dim, G = H / params.num_kv_heads;
    const F scale = static_cast<F>(params.scale);
    for (size_t g = 0; g < params.num_kv_heads; ++g) {
      std::vector<F> dk_sum(T * D, F{0}), dv_sum(T * D, F{0});
      for (size_t h = g * G; h < (g + 1) * G; ++h) {
        // pa and ds, dense [T, T] with zeros where not visible.
        std::vector<A> pa(T * T, RoundTo<A>(F{0})), ds(T * T, RoundTo<A>(F{0}));
        for (size_t i = 0; i < T; ++i) {
          const A* o = out + (i * H + h) * D;
          const A* d_o = dout + (i * H + h) * D;
          F lanes[16] = {};
          for (size_t d = 0; d < D; ++d) {
            lanes[d % 16] = std::fma(static_cast<F>(cambium::ref::Widen(d_o[d])),
                                     static_cast<F>(cambium::ref::Widen(o[d])), lanes[d % 16]);
          }
          const F delta = TreeSum(lanes);
          const F m = stats[(i * H + h) * 2], inverse_l = stats[(i * H + h) * 2 + 1];
          for (size_t j = First(i); j <= i; ++j) {
            const F t = Score(i, j, h);
            const F p = RefExpNonPositive(t - m, static_cast<F>(math::kSoftmaxLowest)) * inverse_l;
            const F dp = cambium::ref::Dot<F>(d_o, 1, V(j, h), 1, D, F{0});
            F s = p * (dp - delta) * scale;
            if (params.softcap > 0) {
              const F ratio = t * (F{1} / static_cast<F>(params.softcap));
              s = s * std::fma(-ratio, ratio, F{1});
            }
            pa[i * T + j] = RoundTo<A>(p);
            ds[i * T + j] = RoundTo<A>(s);
          }
          for (size_t d = 0; d < D; ++d) {
            const F sum =
                cambium::ref::Dot<F>(&ds[i * T], 1, K(0, h) + d, params.num_kv_heads * D, T, F{0});
            dq[(i * H + h) * D + d] = RoundTo<A>(sum + F{0});
          }
        }
        for (size_t j = 0; j < T; ++j) {
          for (size_t d = 0; d < D; ++d) {
            F& k_sum = dk_sum[j * D + d];
            F& v_sum = dv_sum[j * D + d];
            k_sum = cambium::ref::Dot<F>(&ds[j], T, Q(0, h) + d, H * D, T, k_sum);
            v_sum = cambium::ref::Dot<F>(&pa[j], T, dout + h * D + d, H * D, T, v_sum);
          }
        }
      }
      for (size_t j = 0; j < T; ++j) {
        for (size_t d = 0; d < D; ++d) {
          const size_t at = (j * params.num_kv_heads + g) * D + d;
          dk[at] = RoundTo<A>(dk_sum[j * D + d] + F{0});
          dv[at] = RoundTo<A>(dv_sum[j * D + d] + F{0});
        }
      }
    }
  }
};

}  // namespace cambium::ops::ref
