// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/op_table.h"

#include <memory>

#include "base/philox.h"
#include "base/stopwatch.h"

namespace cambium::ops {
namespace {

OpRows MakeTable() {
  OpRows table;
  for (const auto& rows :
       {EmbeddingRows(), RmsNormRows(), RopeRows(), ActivationRows(), SoftcapRows(),
        CrossEntropyRows(), ElementwiseRows(), AdamWRows(), MuonRows(), BiasRows(), LayerNormRows(),
        ExpertsRows(), MatmulRows(), AttentionRows()}) {
    table.insert(table.end(), rows.begin(), rows.end());
  }
  return table;
}

}  // namespace

const OpRows& OpTable() {
  static const OpRows table = MakeTable();
  return table;
}

ElementType ElementOf(DType dtype) {
  return dtype == DType::kF32 ? ElementType::kF32 : ElementType::kBF16;
}

size_t ElementBytes(ElementType type) { return type == ElementType::kBF16 ? 2 : 4; }

void FillBuffer(const BufferSpec& spec, uint64_t seed, uint64_t stream, void* data) {
  const Philox philox(seed, RandomPurpose::kTest);
  for (size_t i = 0; i < spec.count; ++i) {
    const double u = static_cast<double>(philox.Uniform(stream, i));
    const double value = spec.low + (spec.high - spec.low) * u;
    switch (spec.type) {
      case ElementType::kF32:
        static_cast<float*>(data)[i] = static_cast<float>(value);
        break;
      case ElementType::kBF16:
        static_cast<BFloat16*>(data)[i] = ToBFloat16(static_cast<float>(value));
        break;
      case ElementType::kI32: {
        const auto range = static_cast<uint64_t>(spec.high - spec.low);
        static_cast<int32_t*>(data)[i] =
            static_cast<int32_t>(spec.low) + static_cast<int32_t>(philox.Below(range, stream, i));
        break;
      }
    }
  }
}

OpSpeed MeasureOp(const OpRow& row, const Shape& shape, DType dtype, ThreadPool& pool,
                  size_t repeats) {
  const OpCase op = row.make(shape, dtype);
  std::vector<std::unique_ptr<std::byte[]>> memory;
  std::vector<void*> data;
  for (size_t i = 0; i < op.buffers.size(); ++i) {
    const BufferSpec& spec = op.buffers[i];
    memory.push_back(std::make_unique<std::byte[]>(spec.count * ElementBytes(spec.type) + 64));
    const auto address = reinterpret_cast<uintptr_t>(memory.back().get());
    data.push_back(reinterpret_cast<void*>((address + 63) / 64 * 64));
    if (spec.role != Role::kOutput) FillBuffer(spec, 1, i, data.back());
  }
  const Buffers buffers(data);
  if (op.prepare) op.prepare(buffers, pool);
  const double seconds = MedianSeconds(repeats, [&] { op.kernel(buffers, pool); });
  return {seconds, op.bytes / seconds, op.flops / seconds};
}

std::vector<Shape> RowShapes() {
  return {{1, 1},   {3, 15},  {2, 16},  {5, 17},  {64, 31},  {65, 33},
          {130, 8}, {7, 127}, {3, 256}, {200, 1}, {1, 1009}, {0, 16}};
}

std::vector<Shape> Lengths() {
  return {{0}, {1}, {15}, {16}, {17}, {31}, {33}, {127}, {1009}, {70001}};
}

}  // namespace cambium::ops
