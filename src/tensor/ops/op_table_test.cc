// SPDX-License-Identifier: Apache-2.0
// Runs the operation table (op_table.h says what is checked and how to add an operation).
#include "tensor/ops/op_table.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>

#include "base/philox.h"
#include "numerics/simd_target.h"

namespace cambium::ops {
namespace {

constexpr uint64_t kSeed = 20240601;
constexpr size_t kGuardBytes = 256;
// A quiet NaN in every 4 bytes, and in every 2.
constexpr uint8_t kPoison[4] = {0xd5, 0x7f, 0xd5, 0x7f};

// One buffer with poisoned guards on both sides; the data begins `offset` elements after a 64-byte
// boundary.
class GuardedBuffer {
 public:
  GuardedBuffer(const BufferSpec& spec, size_t offset)
      : size_bytes_(spec.count * ElementBytes(spec.type)),
        begin_(kGuardBytes + offset * ElementBytes(spec.type)),
        memory_(2 * kGuardBytes + 64 + size_bytes_ + 64) {
    const auto address = reinterpret_cast<uintptr_t>(memory_.data());
    begin_ += (64 - address % 64) % 64;
    Poison();
  }
  void Poison() {
    for (size_t i = 0; i < memory_.size(); ++i) memory_[i] = kPoison[(i - begin_) % 4];
  }
  uint8_t* data() { return memory_.data() + begin_; }
  size_t size_bytes() const { return size_bytes_; }
  bool GuardsIntact() const {
    for (size_t i = 0; i < memory_.size(); ++i) {
      const bool inside = i >= begin_ && i < begin_ + size_bytes_;
      if (!inside && memory_[i] != kPoison[(i - begin_) % 4]) return false;
    }
    return true;
  }

 private:
  size_t size_bytes_;
  size_t begin_;
  std::vector<uint8_t> memory_;
};

struct CaseMemory {
  std::vector<GuardedBuffer> buffers;
  CaseMemory(const OpCase& op, size_t offset) {
    for (const BufferSpec& spec : op.buffers) buffers.emplace_back(spec, offset);
  }
  // Inputs random or prepared, outputs poisoned.
  Buffers Fill(const OpCase& op, ThreadPool& pool) {
    std::vector<void*> data;
    for (size_t i = 0; i < buffers.size(); ++i) {
      buffers[i].Poison();
      if (op.buffers[i].role != Role::kOutput)
        FillBuffer(op.buffers[i], kSeed, i, buffers[i].data());
      data.push_back(buffers[i].data());
    }
    if (op.prepare) op.prepare(Buffers(data), pool);
    return Buffers(data);
  }
};

double ValueAt(ElementType type, const uint8_t* data, size_t i) {
  uint32_t bits = 0;
  std::memcpy(&bits, data + i * ElementBytes(type), ElementBytes(type));
  if (type == ElementType::kBF16) return static_cast<double>(std::bit_cast<float>(bits << 16));
  if (type == ElementType::kI32) return static_cast<double>(static_cast<int32_t>(bits));
  return static_cast<double>(std::bit_cast<float>(bits));
}

// The element that differs most, for the failure message.
std::string WorstElement(const BufferSpec& spec, const uint8_t* expected, const uint8_t* got) {
  size_t worst = 0, differing = 0;
  double worst_difference = -1;
  for (size_t i = 0; i < spec.count; ++i) {
    const size_t at = i * ElementBytes(spec.type);
    if (std::memcmp(expected + at, got + at, ElementBytes(spec.type)) == 0) continue;
    ++differing;
    double difference = std::fabs(ValueAt(spec.type, expected, i) - ValueAt(spec.type, got, i));
    if (std::isnan(difference)) difference = INFINITY;
    if (difference > worst_difference) {
      worst_difference = difference;
      worst = i;
    }
  }
  return fmt::format(
      "buffer '{}': {} of {} elements differ, worst at {}: reference {:.9g}, got {:.9g}", spec.name,
      differing, spec.count, worst, ValueAt(spec.type, expected, worst),
      ValueAt(spec.type, got, worst));
}

class OpTableTest : public testing::TestWithParam<size_t> {
 protected:
  const OpRow& row() const { return OpTable()[GetParam()]; }
  static ThreadPool& Pool(size_t num_threads) {
    static std::map<size_t, std::unique_ptr<ThreadPool>> pools;
    auto& pool = pools[num_threads];
    if (!pool) pool = std::make_unique<ThreadPool>(num_threads, /*pin=*/false);
    return *pool;
  }
};

TEST_P(OpTableTest, KernelEqualsReference) {
  for (const Shape& shape : row().shapes) {
    for (const DType dtype : row().dtypes) {
      const OpCase op = row().make(shape, dtype);
      CaseMemory expected(op, 0);
      {
        const ScopedFlushDenormals flush;
        op.reference(expected.Fill(op, Pool(1)));
      }
      for (const GuardedBuffer& buffer : expected.buffers) ASSERT_TRUE(buffer.GuardsIntact());
      for (const SimdTarget target : AvailableSimdTargets()) {
        SetSimdTarget(target);
        for (const size_t threads : {1, 2, 3, 8}) {
          // A different misalignment for every number of threads.
          const size_t offset = threads == 1 ? 0 : threads;
          CaseMemory got(op, offset);
          op.kernel(got.Fill(op, Pool(threads)), Pool(threads));
          for (size_t i = 0; i < op.buffers.size(); ++i) {
            const std::string where =
                fmt::format("{} [{}] {} on {} with {} threads, seed {}, offset {}", row().name,
                            fmt::join(shape, ", "), DTypeName(dtype), SimdTargetName(target),
                            threads, kSeed, offset);
            ASSERT_TRUE(got.buffers[i].GuardsIntact())
                << where << ": wrote outside of buffer '" << op.buffers[i].name << "'";
            ASSERT_EQ(0, std::memcmp(expected.buffers[i].data(), got.buffers[i].data(),
                                     got.buffers[i].size_bytes()))
                << where << ": "
                << WorstElement(op.buffers[i], expected.buffers[i].data(), got.buffers[i].data());
          }
        }
      }
    }
  }
  SetSimdTarget(AvailableSimdTargets().back());
}

// Central differences of <f(x), dy> in double, every element of every input. The step balances
// truncation (h^2) against rounding (eps / h): both near 1e-10 of the values, 1e-7 is asserted.
using OpGradientTest = OpTableTest;
TEST_P(OpGradientTest, GradientEqualsFiniteDifferences) {
  for (const Shape& shape : row().gradient_shapes) {
    const GradientCase gradient = row().make_gradient(shape);
    const Philox philox(kSeed, RandomPurpose::kTest);
    const auto random = [&](uint64_t stream, size_t n) {
      Vector values(n);
      for (size_t i = 0; i < n; ++i) {
        values[i] = gradient.low +
                    (gradient.high - gradient.low) * static_cast<double>(philox.Uniform(stream, i));
      }
      return values;
    };
    std::vector<Vector> inputs, dinputs;
    for (size_t k = 0; k < gradient.input_sizes.size(); ++k) {
      inputs.push_back(random(k, gradient.input_sizes[k]));
      dinputs.emplace_back(gradient.input_sizes[k], 0.0);
    }
    const Vector dy = random(100, gradient.output_size);
    gradient.backward(inputs, dy, dinputs);
    Vector y(gradient.output_size);
    const auto loss = [&] {
      gradient.forward(inputs, y);
      double sum = 0;
      for (size_t i = 0; i < y.size(); ++i) sum += y[i] * dy[i];
      return sum;
    };
    constexpr double kStep = 1e-5;
    for (size_t k = 0; k < inputs.size(); ++k) {
      for (size_t i = 0; i < inputs[k].size(); ++i) {
        const double x = inputs[k][i];
        inputs[k][i] = x + kStep;
        const double above = loss();
        inputs[k][i] = x - kStep;
        const double below = loss();
        inputs[k][i] = x;
        const double numeric = (above - below) / (2 * kStep);
        ASSERT_NEAR(dinputs[k][i], numeric, 1e-7 * (1 + std::fabs(numeric)))
            << row().name << " [" << fmt::format("{}", fmt::join(shape, ", ")) << "]: input " << k
            << " element " << i << " seed " << kSeed;
      }
    }
  }
}

std::vector<size_t> RowsWithGradient() {
  std::vector<size_t> rows;
  for (size_t i = 0; i < OpTable().size(); ++i) {
    if (OpTable()[i].make_gradient) rows.push_back(i);
  }
  return rows;
}

std::string RowName(const testing::TestParamInfo<size_t>& param) {
  return OpTable()[param.param].name;
}

INSTANTIATE_TEST_SUITE_P(All, OpTableTest, testing::Range<size_t>(0, OpTable().size()), RowName);
INSTANTIATE_TEST_SUITE_P(All, OpGradientTest, testing::ValuesIn(RowsWithGradient()), RowName);

}  // namespace
}  // namespace cambium::ops
