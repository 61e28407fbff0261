// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for attention.h as training calls it, without a cache (attention with
// one is compared with this in attention_test.cc).
// A shape is {H, Hkv, D, window, n, length, ...}: n documents of that length, and so on.
#include <algorithm>

#include "tensor/ops/attention.h"
#include "tensor/ops/attention_ref.h"
#include "tensor/ops/dispatch.h"
#include "tensor/ops/op_table.h"

namespace cambium::ops {
namespace {

constexpr float kScale = 1.0f / 8;

struct Dims {
  AttentionParams params;
  std::vector<AttentionSegment> documents;
  size_t T = 0;

  Dims(const Shape& shape, float softcap)
      : params{.num_heads = shape[0],
               .num_kv_heads = shape[1],
               .head_dim = shape[2],
               .scale = kScale,
               .window = shape[3],
               .softcap = softcap} {
    for (size_t i = 4; i < shape.size(); i += 2) {
      for (size_t n = 0; n < shape[i]; ++n) {
        documents.push_back({.row = T, .num_rows = shape[i + 1]});
        T += shape[i + 1];
      }
    }
  }
  size_t q_cols() const { return params.num_heads * params.head_dim; }
  size_t kv_cols() const { return params.num_kv_heads * params.head_dim; }
  size_t stats_size() const { return T * params.num_heads * 2; }
  // 2 D flops for every query, head and visible key: what one of the products costs, of which there
  // are two forward and five backward.
  double ProductFlops() const {
    size_t visible = 0;
    for (const AttentionSegment& document : documents) {
      for (size_t i = 1; i <= document.num_rows; ++i) {
        visible += params.window == 0 ? i : std::min(i, params.window);
      }
    }
    return 2.0 * static_cast<double>(visible * q_cols());
  }
};

// The buffers of a case, by name.
enum Buffer : size_t { kQ, kK, kV, kOut, kStats, kSinks, kDout = kSinks, kDq, kDk, kDv };

void Forward(const Dims& d, const AttentionParams& params, DType dtype, const Buffers& m,
             ThreadPool& pool) {
  AttentionForward(params, d.documents, m.View(kQ, dtype, {d.T, d.q_cols()}),
                   m.View(kK, dtype, {d.T, d.kv_cols()}), m.View(kV, dtype, {d.T, d.kv_cols()}),
                   m.View(kOut, dtype, {d.T, d.q_cols()}),
                   m.View(kStats, DType::kF32, {d.T, params.num_heads, 2}), pool);
}

template <typename A>
ref::Attention<A, float> Reference(const Dims& d, const AttentionParams& params,
                                   const AttentionSegment& document, const Buffers& m) {
  return {params, document.num_rows, m.As<A>(kQ) + document.row * d.q_cols(),
          m.As<A>(kK) + document.row * d.kv_cols(), m.As<A>(kV) + document.row * d.kv_cols()};
}

template <int kSoftcapTenths, bool kWithSinks>
OpCase ForwardCase(const Shape& shape, DType dtype) {
  const Dims d(shape, static_cast<float>(kSoftcapTenths) / 10);
  const auto params = [d](const Buffers& m) {
    AttentionParams p = d.params;
    if (kWithSinks) p.sinks = m.F32(kSinks);
    return p;
  };
  const ElementType type = ElementOf(dtype);
  std::vector<BufferSpec> buffers = {
      {"q", type, d.T * d.q_cols(), Role::kInput},
      {"k", type, d.T * d.kv_cols(), Role::kInput},
      {"v", type, d.T * d.kv_cols(), Role::kInput, -1, 1},
      {"out", type, d.T * d.q_cols(), Role::kOutput},
      {"stats", ElementType::kF32, d.stats_size(), Role::kOutput},
  };
  // Below, among and above the scores.
  if (kWithSinks) {
    buffers.push_back({"sinks", ElementType::kF32, d.params.num_heads, Role::kInput, -20, 20});
  }
  return {
      .buffers = buffers,
      .kernel = [=](const Buffers& m, ThreadPool& pool) { Forward(d, params(m), dtype, m, pool); },
      .reference =
          [=](const Buffers& m) {
            WithType(dtype, [&]<typename A>(A*) {
              for (const AttentionSegment& document : d.documents) {
                Reference<A>(d, params(m), document, m)
                    .Forward(m.As<A>(kOut) + document.row * d.q_cols(),
                             m.F32(kStats) + document.row * d.params.num_heads * 2);
              }
            });
          },
      .bytes = static_cast<double>(2 * d.T * (d.q_cols() + d.kv_cols()) * DTypeBytes(dtype)),
      .flops = 2 * d.ProductFlops()};
}

template <int kSoftcapTenths>
OpCase BackwardCase(const Shape& shape, DType dtype) {
  const Dims d(shape, static_cast<float>(kSoftcapTenths) / 10);
  const ElementType type = ElementOf(dtype);
  return {
      .buffers = {{"q", type, d.T * d.q_cols(), Role::kInput},
                  {"k", type, d.T * d.kv_cols(), Role::kInput},
                  {"v", type, d.T * d.kv_cols(), Role::kInput, -1, 1},
                  {"out", type, d.T * d.q_cols(), Role::kInput},
                  {"stats", ElementType::kF32, d.stats_size(), Role::kInput},
                  {"dout", type, d.T * d.q_cols(), Role::kInput, -1, 1},
                  {"dq", type, d.T * d.q_cols(), Role::kOutput},
                  {"dk", type, d.T * d.kv_cols(), Role::kOutput},
                  {"dv", type, d.T * d.kv_cols(), Role::kOutput}},
      .kernel =
          [=](const Buffers& m, ThreadPool& pool) {
            const auto q_like = [&](Buffer b) { return m.View(b, dtype, {d.T, d.q_cols()}); };
            const auto k_like = [&](Buffer b) { return m.View(b, dtype, {d.T, d.kv_cols()}); };
            AttentionBackward(d.params, d.documents, q_like(kQ), k_like(kK), k_like(kV),
                              q_like(kOut),
                              m.View(kStats, DType::kF32, {d.T, d.params.num_heads, 2}),
                              q_like(kDout), q_like(kDq), k_like(kDk), k_like(kDv), pool);
          },
      .reference =
          [=](const Buffers& m) {
            WithType(dtype, [&]<typename A>(A*) {
              for (const AttentionSegment& document : d.documents) {
                const size_t q = document.row * d.q_cols(), k = document.row * d.kv_cols();
                Reference<A>(d, d.params, document, m)
                    .Backward(
                        m.As<A>(kOut) + q, m.F32(kStats) + document.row * d.params.num_heads * 2,
                        m.As<A>(kDout) + q, m.As<A>(kDq) + q, m.As<A>(kDk) + k, m.As<A>(kDv) + k);
              }
            });
          },
      // Out and stats are what the forward pass saved.
      .prepare = [=](const Buffers& m, ThreadPool& pool) { Forward(d, d.params, dtype, m, pool); },
      .bytes = static_cast<double>(4 * d.T * (d.q_cols() + d.kv_cols()) * DTypeBytes(dtype)),
      .flops = 5 * d.ProductFlops()};
}

// Inputs: q, k, v of all documents.
template <int kSoftcapTenths>
GradientCase Gradient(const Shape& shape) {
  const Dims d(shape, static_cast<float>(kSoftcapTenths) / 10);
  using Reference = ref::Attention<double, double>;
  const auto of = [=](const AttentionSegment& document, const std::vector<Vector>& in) {
    return Reference{d.params, document.num_rows, in[0].data() + document.row * d.q_cols(),
                     in[1].data() + document.row * d.kv_cols(),
                     in[2].data() + document.row * d.kv_cols()};
  };
  return {{d.T * d.q_cols(), d.T * d.kv_cols(), d.T * d.kv_cols()},
          d.T * d.q_cols(),
          [=](const std::vector<Vector>& in, Vector& y) {
            Vector stats(d.stats_size());
            for (const AttentionSegment& document : d.documents) {
              of(document, in).Forward(y.data() + document.row * d.q_cols(), stats.data());
            }
          },
          [=](const std::vector<Vector>& in, const Vector& dy, std::vector<Vector>& din) {
            Vector out(dy.size()), stats(d.stats_size());
            for (const AttentionSegment& document : d.documents) {
              const size_t q = document.row * d.q_cols(), k = document.row * d.kv_cols();
              const Reference attention = of(document, in);
              attention.Forward(out.data() + q, stats.data());
              attention.Backward(out.data() + q, stats.data(), dy.data() + q, din[0].data() + q,
                                 din[1].data() + k, din[2].data() + k);
            }
          }};
}

}  // namespace

OpRows AttentionRows() {
  // Causal, several documents, groups of heads, windows; around the 64 queries of a tile and the
  // 256 positions of a split.
  const std::vector<Shape> shapes = {{2, 2, 8, 0, 1, 1, 1, 2, 1, 17, 1, 49},
                                     {4, 2, 32, 0, 1, 5, 1, 64, 1, 97},
                                     {3, 1, 64, 20, 1, 130},
                                     {1, 1, 130, 100, 1, 290}};
  const std::vector<Shape> capped = {{2, 1, 80, 0, 1, 33, 1, 300}, {4, 2, 16, 30, 2, 19}};
  const std::vector<Shape> with_sinks = {{4, 2, 16, 30, 1, 70, 1, 1, 1, 270}, {2, 2, 32, 0, 1, 9}};
  const std::vector<SpeedShape> speed = {{{8, 8, 32, 0, 8, 256}, "small"},
                                         {{12, 12, 64, 0, 4, 256}, "gpt2"}};
  const std::vector<Shape> gradients = {
      {1, 1, 2, 0, 1, 4}, {4, 2, 4, 5, 1, 9}, {2, 1, 6, 0, 1, 3, 2, 1, 1, 5}};
  return {
      {"attention_forward", shapes, speed, AllDTypes(), ForwardCase<0, false>},
      {"attention_backward", shapes, speed, AllDTypes(), BackwardCase<0>, gradients, Gradient<0>},
      {"attention_softcap_forward", capped, speed, AllDTypes(), ForwardCase<20, false>},
      {"attention_softcap_backward", capped, speed, AllDTypes(), BackwardCase<20>, gradients,
       Gradient<15>},
      {"attention_sinks_forward", with_sinks, speed, AllDTypes(), ForwardCase<0, true>},
  };
}

}  // namespace cambium::ops
