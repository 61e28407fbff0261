// SPDX-License-Identifier: Apache-2.0
// The tape: operations on values, run as they are called; when recording, each pushes a call of its
// backward. Training, evaluation and inference all call the model through a Graph, so there is one
// forward pass. On a planning arena nothing is computed and only memory is counted.
//
// Types: A is the compute type (f32 or bf16). The residual stream and its gradients are f32;
// everything between (normed inputs, queries, keys, values, feed-forward) is A. Where a value feeds
// several matrix products its gradient is f32 and one chain runs through all of them, in the
// reverse of the order of recording. Weight gradients: one chain over the tokens of a call,
// continued from what the gradient holds.
//
// Thread safety: none. Values are valid until the arena is reset.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "tensor/arena.h"
#include "tensor/ops/activation.h"
#include "tensor/ops/attention.h"
#include "tensor/ops/rope.h"
#include "tensor/weight.h"

namespace cambium {

class Graph {
 public:
  struct Value {
    size_t id = 0;
  };
  struct Options {
    DType compute = DType::kBF16;
    bool recording = false;
    // What attention holds keys and values in; nullopt: the compute type. Others: inference only.
    std::optional<ops::KvType> kv_type = std::nullopt;
    // Called with every operation's name and result, forward and backward (bit-level debugging).
    std::function<void(std::string_view name, const Tensor& result)> trace;
    // Called with the input [T, in] of every product with a weight, before it is computed.
    std::function<void(const Weight& weight, const Tensor& x)> on_product;
  };

  Graph(Arena& arena, ThreadPool& pool, Options options);

  // Forgets all values and recorded calls and resets the arena; packing buffers are kept.
  void Begin(bool recording);

  const Tensor& value(Value v) const { return nodes_[v.id].value; }
  DType compute() const { return options_.compute; }
  bool planning() const { return arena_.planning(); }

  // x[T, C] f32 = rows of the table, times scale.
  Value Embedding(std::span<const int32_t> tokens, Weight& table, float scale = 1.0f);
  // x += rows of the table; in place.
  void AddRows(Value x, std::span<const int32_t> rows, Weight& table);
  // A; feeds several products (gradient f32) or one operation that wants A.
  Value RmsNorm(Value x, Weight& w, float epsilon, DType grad_dtype);
  // As RmsNorm; x f32.
  Value LayerNorm(Value x, Weight& w, Weight& b, float epsilon, DType grad_dtype);
  // residual + RMSNorm(x), f32; x A. residual as in LinearResidual.
  Value NormResidual(Value x, Weight& w, float epsilon, Value residual);
  // x [T, C] f32 as A; feeds several products (gradient f32).
  Value Narrow(Value x);
  // RMSNorm of every head: x [T, heads * D] A, w [D].
  Value HeadNorm(Value x, Weight& w, size_t num_heads, float epsilon);
  // Rotates x [T, heads * D] in place.
  void Rope(Value x, size_t num_heads, std::span<const int32_t> positions,
            const ops::RopeTables& tables, ops::RopePairs pairs);
  // x W^T, A.
  Value Linear(Value x, Weight& w);
  // x += b in every row; in place.
  void AddBias(Value x, Weight& b);
  // residual + x W^T, f32. residual is not to be used as an input of other values afterwards.
  Value LinearResidual(Value x, Weight& w, Value residual);
  // params.kv_type is set from the options.
  Value Attention(Value q, Value k, Value v, ops::AttentionParams params,
                  std::span<const ops::AttentionSegment> segments);
  // act(gate) * up, or act(gate) without up.
  Value Activation(ops::Activation act, Value gate, const Value* up);

  // residual + sum over the K experts that the router picks for a token of weight * FFN(x)
  // (ops/experts.h), f32; residual as in LinearResidual. Inference only: kUnsupported when
  // recording.
  struct ExpertMatrices {
    Weight *gate, *up, *down;                 // [F, C], [F, C], [C, F]
    Weight *gate_bias, *up_bias, *down_bias;  // null: none
  };
  struct ExpertsParams {
    size_t per_token = 1;   // K
    bool normalize = true;  // the K weights add up to 1
    bool clamped = false;   // ClampedSwiGlu instead of the gated activation
    ops::Activation activation = ops::Activation::kSilu;
  };
  Value Experts(Value x, Weight& router, Weight* router_bias,
                std::span<const ExpertMatrices> experts, const ExpertsParams& params,
                Value residual);
  // (clamp(up) + 1) act(clamp(gate)), ops/experts.h. Inference only.
  Value ClampedSwiGlu(Value gate, Value up);

  // Logits [n, V] f32 of the given rows of x, softcapped.
  void Logits(Value x, Weight& head, std::span<const size_t> rows, float softcap, float* out);
  // losses[T] f32 = cross entropy of every row (0 where target is -1). When recording, the gradient
  // of grad_scale * sum(losses) is propagated: chunk by chunk of rows, so that only one chunk of
  // logits exists at a time.
  void CrossEntropy(Value x, Weight& head, std::span<const int32_t> targets, float softcap,
                    float grad_scale, float* losses);

  // Runs the recorded backward calls, newest first.
  void Backward();
  // Without recording, gives back the memory of a value that nothing uses any more.
  void Release(Value v);

  // Packing buffers that operations needed so far, counted when planning too.
  size_t scratch_bytes() const {
    return scratch_b_bytes_ + scratch_a_bytes_ + scratch_x_bytes_ + scratch_bytes_bytes_;
  }

 private:
  struct Node {
    Tensor value;
    Tensor grad;  // empty until backward makes it
    DType grad_dtype = DType::kF32;
  };

  // x[T, C] f32 = rows of a table, held as values or as its file has it, times scale.
  void ReadTableRows(const Weight& table, std::span<const int32_t> rows, float scale,
                     const Tensor& x);
  // y = x W^T in the dtype of y; x is no value of the graph.
  void Multiply(const Tensor& x, Weight& w, const Tensor& y);
  // Throws kUnsupported when recording: `what` has no backward.
  void RefuseRecording(const char* what) const;
  // The result of an addition to the residual stream: the residual's own memory in inference.
  Tensor ResidualResult(Value residual);
  void ForgetResidual(Value residual);
  Value NewValue(Tensor tensor, DType grad_dtype);
  void Push(std::function<void()> backward);
  void Trace(std::string_view name, const Tensor& result);
  Tensor TakeGrad(Value v);
  void FreeGrad(const Tensor& grad) { arena_.Free(grad); }
  // dx of a product: into an existing f32 gradient (chain continued) or a new one.
  void ProductBackward(const Tensor& dy, Value x, Weight& w);
  template <typename T>
  PackedB<T> PackedForward(Weight& w);
  template <typename T>
  PackedB<T> PackedBackward(Weight& w);
  template <typename T>
  void Product(const Tensor& x, const PackedB<T>& w, const GemmOutput& out);
  // x W^T by the form that W is held in. id: of the value x, or kNoValue.
  void Apply(const Tensor& x, size_t id, Weight& w, const GemmOutput& out);
  // graph_quant.cc: x as bytes times a quantised W.
  void ApplyQuantized(const Tensor& x, size_t id, const PackedQuant& w, const GemmOutput& out);
  template <typename Block>
  void ApplyQuantizedAs(const Tensor& x, size_t id, const PackedQuant& w, const GemmOutput& out);
  template <typename T>
  void WeightGradient(const Tensor& dy, const Tensor& x, Weight& w);
  template <typename T>
  void InputGradient(const Tensor& dy, Weight& w, const GemmOutput& out);
  template <typename T>
  void CrossEntropyChunks(const Tensor& x, Weight& head, std::span<const int32_t> targets,
                          float softcap, float grad_scale, float* losses, const Tensor& dx);
  template <typename T>
  T* ScratchB(size_t size);
  template <typename T>
  T* ScratchA(size_t size);
  template <typename T>
  T* ScratchX(size_t size);
  template <typename Fn>
  void DispatchCompute(const Fn& fn);

  Arena& arena_;
  ThreadPool& pool_;
  Options options_;
  std::vector<Node> nodes_;
  std::vector<std::function<void()>> backward_;
  // Packed weights, transposed output gradients, inputs of weight gradients.
  Scratch scratch_b_, scratch_a_, scratch_x_;
  size_t scratch_b_bytes_ = 0, scratch_a_bytes_ = 0, scratch_x_bytes_ = 0;
  const void* packed_input_ = nullptr;  // the tensor that scratch_x_ holds
  // Inputs of quantised products as bytes: the last one is kept, since queries, keys and values
  // have one input, and so have gate and up.
  static constexpr size_t kNoValue = SIZE_MAX;
  Scratch scratch_bytes_;
  size_t bytes_id_ = kNoValue;   // the value that scratch_bytes_ holds
  size_t bytes_block_size_ = 0;  // in blocks of this size
  size_t scratch_bytes_bytes_ = 0;
};

}  // namespace cambium
