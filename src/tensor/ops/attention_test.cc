// SPDX-License-Identifier: Apache-2.0
// Attention against its plain definition: forward and backward by memcmp on every SIMD target and
// thread count, with a cache, and equality of prefill in any chunks. (Gradients:
// attention_rows.cc.)
#include "tensor/ops/attention.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/philox.h"
#include "numerics/simd_target.h"
#include "tensor/ops/attention_ref.h"
#include "tensor/ops/kv_ref.h"

namespace cambium::ops {
namespace {

template <typename T>
std::vector<T> RandomVector(size_t size, uint64_t stream, float range) {
  const Philox random(21, RandomPurpose::kTest);
  std::vector<T> x(size);
  for (size_t i = 0; i < size; ++i) {
    const float value = (random.Uniform(stream, i) * 2 - 1) * range;
    x[i] = FromFloat<T>(value);
  }
  return x;
}

struct Case {
  size_t H, Hkv, D;
  std::vector<size_t> lengths;
  size_t window;
  float softcap;
  bool sinks = false;  // forward only
};

const Case kCases[] = {
    {2, 2, 8, {1, 2, 17, 49}, 0, 0}, {4, 2, 32, {5, 64, 97}, 0, 0},
    {3, 1, 64, {130}, 20, 0},        {2, 1, 80, {33, 300}, 0, 2.0f},
    {1, 1, 130, {290}, 100, 0},      {4, 2, 16, {70, 1, 270}, 30, 0, true},
};

// One below, among and above the scores.
const float kSinks[] = {-70.0f, 0.5f, 2.0f, 40.0f};

AttentionParams ParamsOf(const Case& c, std::optional<KvType> kv_type = std::nullopt) {
  return {c.H, c.Hkv, c.D, 1.0f / 8, c.window, c.softcap, c.sinks ? kSinks : nullptr, kv_type};
}

constexpr KvType kKvTypes[] = {KvType::kF32, KvType::kBF16, KvType::kF16, KvType::kQ8_0};

bool CanHold(KvType type, const Case& c) { return type != KvType::kQ8_0 || c.D % kKvBlock == 0; }

// Memory for each sequence, full of NaNs: what was never written must not be read.
struct Blocks {
  std::vector<std::vector<uint8_t>> keys, values;
  std::vector<AttentionSegment> segments;

  Blocks(const Case& c, DType operand, KvType type) {
    size_t row = 0;
    for (const size_t length : c.lengths) {
      const KvLayout layout = {type, operand, c.D, KvRoom(length)};
      keys.emplace_back(c.Hkv * layout.KeyBytes(), uint8_t{0xff});
      values.emplace_back(c.Hkv * layout.ValueBytes(), uint8_t{0xff});
      segments.push_back({row, length, 0, keys.back().data(), values.back().data(),
                          layout.KeyBytes(), layout.ValueBytes(), layout.room});
      row += length;
    }
  }
};

template <typename T>
std::vector<T> HeldRows(KvType type, size_t D, std::vector<T> x) {
  const ScopedFlushDenormals flush;
  for (size_t i = 0; i < x.size(); i += D) ref::HoldRow(type, D, &x[i]);
  return x;
}

template <typename T>
Tensor View(std::vector<T>& x, size_t rows, size_t cols) {
  return Tensor(x.data(), DTypeOf<T>(), {rows, cols});
}

template <typename T>
void ExpectEqualBits(const std::vector<T>& expected, const std::vector<T>& actual,
                     const char* what) {
  ASSERT_EQ(expected.size(), actual.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(std::memcmp(&expected[i], &actual[i], sizeof(T)), 0)
        << what << " differs first at " << i << ": expected " << ToFloat(expected[i]) << ", got "
        << ToFloat(actual[i]);
  }
}

template <typename T>
class AttentionTest : public testing::Test {};
using ElementTypes = testing::Types<float, BFloat16>;
TYPED_TEST_SUITE(AttentionTest, ElementTypes);

TYPED_TEST(AttentionTest, EqualsReference) {
  using T = TypeParam;
  for (const Case& c : kCases) {
    SCOPED_TRACE(testing::Message() << "H " << c.H << " Hkv " << c.Hkv << " D " << c.D);
    size_t rows = 0;
    for (const size_t length : c.lengths) rows += length;
    const size_t q_cols = c.H * c.D, kv_cols = c.Hkv * c.D;
    auto q = RandomVector<T>(rows * q_cols, 1, 2), k = RandomVector<T>(rows * kv_cols, 2, 2),
         v = RandomVector<T>(rows * kv_cols, 3, 1), dout = RandomVector<T>(rows * q_cols, 4, 1);
    std::vector<T> out(rows * q_cols), dq(rows * q_cols), dk(rows * kv_cols), dv(rows * kv_cols);
    std::vector<float> stats(rows * c.H * 2);
    {
      const ScopedFlushDenormals flush;
      size_t row = 0;
      for (const size_t length : c.lengths) {
        const size_t qa = row * q_cols, ka = row * kv_cols;
        const ref::Attention<T, float> attention = {ParamsOf(c), length, &q[qa], &k[ka], &v[ka]};
        attention.Forward(&out[qa], &stats[row * c.H * 2]);
        if (!c.sinks)
          attention.Backward(&out[qa], &stats[row * c.H * 2], &dout[qa], &dq[qa], &dk[ka], &dv[ka]);
        row += length;
      }
    }
    for (const SimdTarget target : AvailableSimdTargets()) {
      SetSimdTarget(target);
      for (const size_t threads : {1, 2, 3, 8}) {
        SCOPED_TRACE(testing::Message() << SimdTargetName(target) << " threads " << threads);
        ThreadPool pool(threads, false);
        Blocks blocks(c, DTypeOf<T>(), KvTypeOf(DTypeOf<T>()));
        std::vector<T> out2(out.size()), dq2(dq.size()), dk2(dk.size()), dv2(dv.size());
        std::vector<float> stats2(stats.size());
        const Tensor tq = View(q, rows, q_cols), tk = View(k, rows, kv_cols),
                     tv = View(v, rows, kv_cols), to = View(out2, rows, q_cols),
                     ts(stats2.data(), DType::kF32, {rows, c.H, 2});
        AttentionForward(ParamsOf(c), blocks.segments, tq, tk, tv, to, ts, pool);
        ExpectEqualBits(out, out2, "out");
        ExpectEqualBits(stats, stats2, "stats");
        std::vector<AttentionSegment> without_cache = blocks.segments;
        for (AttentionSegment& segment : without_cache) segment.keys = segment.values = nullptr;
        std::fill(out2.begin(), out2.end(), T{});
        AttentionForward(ParamsOf(c), without_cache, tq, tk, tv, to, ts, pool);
        ExpectEqualBits(out, out2, "out without cache");
        if (c.sinks) continue;
        AttentionBackward(ParamsOf(c), blocks.segments, tq, tk, tv, to, ts,
                          View(dout, rows, q_cols), View(dq2, rows, q_cols),
                          View(dk2, rows, kv_cols), View(dv2, rows, kv_cols), pool);
        ExpectEqualBits(dq, dq2, "dq");
        ExpectEqualBits(dk, dk2, "dk");
        ExpectEqualBits(dv, dv2, "dv");
      }
    }
  }
}

// With a cache of every type, and rounded as by one without a cache.
TYPED_TEST(AttentionTest, HeldKeysEqualReference) {
  using T = TypeParam;
  for (const Case& c : kCases) {
    for (const KvType type : kKvTypes) {
      if (!CanHold(type, c)) continue;
      size_t rows = 0;
      for (const size_t length : c.lengths) rows += length;
      const size_t q_cols = c.H * c.D, kv_cols = c.Hkv * c.D;
      auto q = RandomVector<T>(rows * q_cols, 1, 2), k = RandomVector<T>(rows * kv_cols, 2, 2),
           v = RandomVector<T>(rows * kv_cols, 3, 1);
      const std::vector<T> held_k = HeldRows(type, c.D, k), held_v = HeldRows(type, c.D, v);
      std::vector<T> out(rows * q_cols);
      std::vector<float> stats(rows * c.H * 2);
      {
        const ScopedFlushDenormals flush;
        size_t row = 0;
        for (const size_t length : c.lengths) {
          const size_t ka = row * kv_cols;
          ref::Attention<T, float>{ParamsOf(c), length, &q[row * q_cols], &held_k[ka], &held_v[ka]}
              .Forward(&out[row * q_cols], &stats[row * c.H * 2]);
          row += length;
        }
      }
      for (const SimdTarget target : AvailableSimdTargets()) {
        SetSimdTarget(target);
        for (const size_t threads : {1, 3}) {
          SCOPED_TRACE(testing::Message() << "H " << c.H << " Hkv " << c.Hkv << " D " << c.D
                                          << " held in " << KvTypeName(type) << ", "
                                          << SimdTargetName(target) << " threads " << threads);
          ThreadPool pool(threads, false);
          Blocks blocks(c, DTypeOf<T>(), type);
          std::vector<AttentionSegment> without_cache = blocks.segments;
          for (AttentionSegment& segment : without_cache) segment.keys = segment.values = nullptr;
          for (const auto& segments : {blocks.segments, without_cache}) {
            std::vector<T> out2(out.size());
            AttentionForward(ParamsOf(c, type), segments, View(q, rows, q_cols),
                             View(k, rows, kv_cols), View(v, rows, kv_cols),
                             View(out2, rows, q_cols), Tensor(), pool);
            ExpectEqualBits(out, out2, "out");
          }
        }
      }
    }
  }
}

TEST(KvTypes, RoundAsDefined) {
  float x[] = {1.0f, 1.0f + 0x1p-11f, 1.0f + 0x1.8p-10f, 65519.0f, 1e9f, -1e9f, 0x1p-24f, 0x1p-26f};
  ref::HoldRow(KvType::kF16, std::size(x), x);
  const float f16[] = {1.0f, 1.0f, 1.0f + 0x1p-9f, 65504.0f, 65504.0f, -65504.0f, 0x1p-24f, 0.0f};
  EXPECT_EQ(std::memcmp(x, f16, sizeof x), 0);
  float block[kKvBlock] = {127.0f, -63.5f, 0.49f, 0.51f};
  ref::HoldRow(KvType::kQ8_0, kKvBlock, block);
  EXPECT_EQ(block[0], 127.0f);
  EXPECT_EQ(block[1], -64.0f);  // halves away from zero, as ggml rounds
  EXPECT_EQ(block[2], 0.0f);
  EXPECT_EQ(block[3], 1.0f);
  EXPECT_EQ(FindKvType("q8_0"), KvType::kQ8_0);
  EXPECT_EQ(FindKvType("q4_0"), std::nullopt);
  EXPECT_NO_THROW(RequireKvType(KvType::kF16, 80));
  EXPECT_THROW(RequireKvType(KvType::kQ8_0, 80), Error);
}

TYPED_TEST(AttentionTest, AnyChunksGiveTheSameBits) {
  using T = TypeParam;
  for (const KvType type : kKvTypes) {
    SCOPED_TRACE(KvTypeName(type));
    const Case c = {2, 1, 96, {530}, 0, 0};
    const size_t rows = c.lengths[0], q_cols = c.H * c.D, kv_cols = c.Hkv * c.D;
    auto q = RandomVector<T>(rows * q_cols, 1, 2), k = RandomVector<T>(rows * kv_cols, 2, 2),
         v = RandomVector<T>(rows * kv_cols, 3, 1);
    ThreadPool pool(2, false);
    std::vector<T> whole(rows * q_cols);
    Blocks blocks(c, DTypeOf<T>(), type);
    AttentionForward(ParamsOf(c, type), blocks.segments, View(q, rows, q_cols),
                     View(k, rows, kv_cols), View(v, rows, kv_cols), View(whole, rows, q_cols),
                     Tensor(), pool);
    for (const size_t chunk : {1, 7, 64, 300}) {
      SCOPED_TRACE(chunk);
      Blocks cache(c, DTypeOf<T>(), type);
      std::vector<T> out(rows * q_cols);
      for (size_t row = 0; row < rows; row += chunk) {
        AttentionSegment segment = cache.segments[0];
        segment.row = row;
        segment.past = row;
        segment.num_rows = std::min(chunk, rows - row);
        AttentionForward(ParamsOf(c, type), {&segment, 1}, View(q, rows, q_cols),
                         View(k, rows, kv_cols), View(v, rows, kv_cols), View(out, rows, q_cols),
                         Tensor(), pool);
      }
      ExpectEqualBits(whole, out, "out");
    }
  }
}

}  // namespace
}  // namespace cambium::ops
