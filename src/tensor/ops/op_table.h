// SPDX-License-Identifier: Apache-2.0
// The operation table: one row per operation, from which everything that is said about an operation
// is checked or measured.
//   op_table_test.cc   kernel = reference by memcmp: every SIMD target, awkward shapes, misaligned
//                      pointers, 1, 2, 3, 8 threads, NaN-poisoned guards around every buffer;
//                      analytic gradients of the double reference against central differences
//   MeasureOp          time, bytes and flops of one call (cambium bench ops)
//
// To add an operation: write its rows in <op>_rows.cc as a function returning OpRows, declare it
// at the end of this file and call it in op_table.cc. A row gives test shapes, shapes for
// speed, and a function that makes an OpCase (buffers, kernel call, reference call) for a shape and
// an activation type; if it has a gradient, a function that makes a GradientCase in double.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

using Shape = std::vector<size_t>;

enum class ElementType { kF32, kBF16, kI32 };
ElementType ElementOf(DType dtype);
size_t ElementBytes(ElementType type);

enum class Role {
  kInput,   // must be unchanged after the call
  kOutput,  // poisoned before the call, so that every element must be written
  kInOut,   // accumulated into or changed in place: starts with random values
};

// Element i is uniform in [low, high), an integer for kI32; f32 and bf16 values are never denormal.
struct BufferSpec {
  std::string name;
  ElementType type;
  size_t count;
  Role role;
  double low = -2;
  double high = 2;
};

// The buffers of one call, in the order of the specs.
class Buffers {
 public:
  explicit Buffers(std::vector<void*> data) : data_(std::move(data)) {}
  void* Data(size_t i) const { return data_[i]; }
  template <typename T>
  T* As(size_t i) const {
    return static_cast<T*>(data_[i]);
  }
  float* F32(size_t i) const { return As<float>(i); }
  BFloat16* BF16(size_t i) const { return As<BFloat16>(i); }
  int32_t* I32(size_t i) const { return As<int32_t>(i); }
  Tensor View(size_t i, DType dtype, std::initializer_list<size_t> dims) const {
    return Tensor(data_[i], dtype, dims);
  }

 private:
  std::vector<void*> data_;
};

struct OpCase {
  std::vector<BufferSpec> buffers;
  std::function<void(const Buffers&, ThreadPool&)> kernel;
  std::function<void(const Buffers&)> reference;
  // Before the call: inputs that follow from others, such as what the forward pass saved.
  std::function<void(const Buffers&, ThreadPool&)> prepare = {};
  double bytes = 0;  // moved by one call: each input read once, each output written once
  double flops = 0;  // of one call; an elementary function counts as 20
};

using Vector = std::vector<double>;
// y = f(inputs); backward gives for dy the gradient of <y, dy> with respect to every input.
struct GradientCase {
  std::vector<size_t> input_sizes;
  size_t output_size;
  std::function<void(const std::vector<Vector>& inputs, Vector& y)> forward;
  std::function<void(const std::vector<Vector>& inputs, const Vector& dy,
                     std::vector<Vector>& dinputs)>
      backward;
  double low = -1.5;
  double high = 1.5;
};

struct SpeedShape {
  Shape shape;
  std::string of = "";  // which model, and which of its products, when a row has several
};

struct OpRow {
  std::string name;
  std::vector<Shape> shapes;  // for equality; the meaning of the entries is the row's own
  std::vector<SpeedShape> speed_shapes;
  std::vector<DType> dtypes;  // activation types that the operation has
  std::function<OpCase(const Shape&, DType)> make;
  std::vector<Shape> gradient_shapes = {};  // empty: gradients are checked by another row, or none
  std::function<GradientCase(const Shape&)> make_gradient = {};
};
using OpRows = std::vector<OpRow>;

// All rows, in the order of op_table.cc.
const OpRows& OpTable();

// Random, reproducible content for a buffer; `stream` tells buffers of one case apart.
void FillBuffer(const BufferSpec& spec, uint64_t seed, uint64_t stream, void* data);

struct OpSpeed {
  double seconds;  // median over `repeats` calls
  double bytes_per_s;
  double flops_per_s;
};
// Runs one call of the row at a shape `repeats` times after one warm-up.
OpSpeed MeasureOp(const OpRow& row, const Shape& shape, DType dtype, ThreadPool& pool,
                  size_t repeats);

// Shapes that every row-wise operation is tested with: [rows, cols], around multiples of 16.
std::vector<Shape> RowShapes();
// Lengths that every elementwise operation is tested with.
std::vector<Shape> Lengths();
inline const std::vector<DType>& AllDTypes() {
  static const std::vector<DType> dtypes = {DType::kF32, DType::kBF16};
  return dtypes;
}

OpRows AttentionRows();
OpRows BiasRows();
OpRows EmbeddingRows();
OpRows ExpertsRows();
OpRows LayerNormRows();
OpRows MatmulRows();
OpRows RmsNormRows();
OpRows RopeRows();
OpRows ActivationRows();
OpRows SoftcapRows();
OpRows CrossEntropyRows();
OpRows ElementwiseRows();
OpRows AdamWRows();
OpRows MuonRows();

}  // namespace cambium::ops
