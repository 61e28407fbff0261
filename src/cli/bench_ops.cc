// SPDX-License-Identifier: Apache-2.0
// cambium bench ops: every operation of the table, and the matrix products and attention of
// training, as fractions of what the machine can do.
#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/text_table.h"
#include "numerics/gemm.h"
#include "numerics/machine_peak.h"
#include "numerics/simd_target.h"
#include "tensor/ops/attention.h"
#include "tensor/ops/op_table.h"

namespace cambium {
namespace {

// Median seconds of a call, after one that warms up.
double MedianSeconds(size_t repeats, const std::function<void()>& call) {
  std::vector<double> seconds;
  for (size_t i = 0; i <= repeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    call();
    if (i == 0) continue;
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

struct Measurement {
  std::string name;
  std::string shape;
  DType dtype = DType::kF32;
  double seconds = 0;
  double flops = 0;
  double bytes = 0;
};

// One product of the model: T tokens, weight [out, in].
struct Product {
  const char* model;
  const char* name;
  size_t tokens, out, in;
};
// The products of shapes (a) and (b) of bench/README.md: tokens of a micro-batch, and of a chunk of
// logits for the head.
constexpr Product kProducts[] = {
    {"small", "attention", 2048, 256, 256}, {"small", "ffn up", 2048, 1024, 256},
    {"small", "ffn down", 2048, 256, 1024}, {"small", "head", 288, 4096, 256},
    {"gpt2", "attention", 1024, 768, 768},  {"gpt2", "ffn up", 1024, 2048, 768},
    {"gpt2", "ffn down", 1024, 768, 2048},  {"gpt2", "head", 576, 50257, 768},
};

float PatternValue(size_t i) {
  return static_cast<float>((i * 2654435761u >> 7) % 2001) * 1e-3f - 1;
}

template <typename T>
void FillPattern(T* data, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if constexpr (std::is_same_v<T, float>) {
      data[i] = PatternValue(i);
    } else {
      data[i] = ToBFloat16(PatternValue(i));
    }
  }
}

// Forward (y = x W^T), input gradient (dy W) and weight gradient (dy^T x), each with the packing
// that a training step does for it.
template <typename T>
void MeasureProduct(const Product& p, size_t repeats, ThreadPool& pool,
                    std::vector<Measurement>& results) {
  Scratch memory[6];
  T* x = memory[0].Get<T>(p.tokens * p.in);
  T* dy = memory[1].Get<T>(p.tokens * p.out);
  float* w = memory[2].Get<float>(p.out * p.in);
  T* packed_b = memory[3].Get<T>(
      std::max({PackedSize(p.out, p.in), PackedSize(p.in, p.out), PackedSize(p.in, p.tokens)}));
  T* packed_a = memory[4].Get<T>(TransposedSize(p.out, p.tokens));
  const size_t out_size = std::max({p.tokens * p.out, p.tokens * p.in, p.out * p.in});
  float* out = memory[5].Get<float>(out_size);
  FillPattern(x, p.tokens * p.in);
  FillPattern(dy, p.tokens * p.out);
  FillPattern(w, p.out * p.in);
  std::fill_n(out, out_size, 0.0f);
  const auto add = [&](const char* pass, const std::function<void()>& call) {
    results.push_back({.name = fmt::format("{} {} {}", p.model, p.name, pass),
                       .shape = fmt::format("{} x {} x {}", p.tokens, p.out, p.in),
                       .dtype = DTypeOf<T>(),
                       .seconds = MedianSeconds(repeats, call),
                       .flops = 2.0 * static_cast<double>(p.tokens * p.out * p.in)});
  };
  add("forward", [&] {
    const PackedB<T> b = PackRows(w, p.out, p.in, p.in, packed_b, pool);
    Gemm(p.tokens, RowMajorA(x, p.in), b, {.data = out, .row_stride = p.out}, pool);
  });
  add("dX", [&] {
    const PackedB<T> b = PackColumns(w, p.out, p.in, p.in, packed_b, pool);
    Gemm(p.tokens, RowMajorA(dy, p.out), b, {.data = out, .row_stride = p.in}, pool);
  });
  add("dW", [&] {
    const PackedB<T> b = PackColumns(x, p.tokens, p.in, p.in, packed_b, pool);
    const OperandA a = PackTransposedA(dy, p.tokens, p.out, p.out, packed_a, pool);
    Gemm(p.out, a, b, {.init = GemmInit::kLoad, .data = out, .row_stride = p.in}, pool);
  });
}

struct AttentionShape {
  const char* model;
  size_t rows, row_tokens, heads, head_dim;
};
constexpr AttentionShape kAttention[] = {{"small", 8, 256, 8, 32}, {"gpt2", 4, 256, 12, 64}};

template <typename T>
void MeasureAttention(const AttentionShape& shape, size_t repeats, ThreadPool& pool,
                      std::vector<Measurement>& results) {
  const size_t tokens = shape.rows * shape.row_tokens, width = shape.heads * shape.head_dim;
  Scratch memory[9];
  Tensor t[8];  // q, k, v, out, dout, dq, dk, dv
  for (size_t i = 0; i < 8; ++i) {
    t[i] = Tensor(memory[i].Get<T>(tokens * width), DTypeOf<T>(), {tokens, width});
    FillPattern(t[i].ptr<T>(), tokens * width);
  }
  const Tensor stats(memory[8].Get<float>(tokens * shape.heads * 2), DType::kF32,
                     {tokens, shape.heads, 2});
  std::vector<ops::AttentionSegment> segments;
  for (size_t row = 0; row < shape.rows; ++row) {
    segments.push_back({.row = row * shape.row_tokens, .num_rows = shape.row_tokens});
  }
  const ops::AttentionParams params = {.num_heads = shape.heads,
                                       .num_kv_heads = shape.heads,
                                       .head_dim = shape.head_dim,
                                       .scale = 0.125f};
  // Keys that are visible, (T + 1) / 2 on average; two products forward, five backward.
  const double products =
      2.0 * static_cast<double>(tokens * width) * static_cast<double>(shape.row_tokens + 1) / 2;
  const std::string text = fmt::format("{} x {}, {} heads of {}", shape.rows, shape.row_tokens,
                                       shape.heads, shape.head_dim);
  results.push_back(
      {.name = fmt::format("{} attention forward", shape.model),
       .shape = text,
       .dtype = DTypeOf<T>(),
       .seconds = MedianSeconds(
           repeats,
           [&] { ops::AttentionForward(params, segments, t[0], t[1], t[2], t[3], stats, pool); }),
       .flops = 2 * products});
  results.push_back({.name = fmt::format("{} attention backward", shape.model),
                     .shape = text,
                     .dtype = DTypeOf<T>(),
                     .seconds = MedianSeconds(repeats,
                                              [&] {
                                                ops::AttentionBackward(params, segments, t[0], t[1],
                                                                       t[2], t[3], stats, t[4],
                                                                       t[5], t[6], t[7], pool);
                                              }),
                     .flops = 5 * products});
}

struct BenchOpsArguments {
  std::string filter, dtype;
  size_t repeats = 5;
};

bool Wanted(const BenchOpsArguments& a, const std::string& name, DType dtype) {
  return name.find(a.filter) != std::string::npos &&
         (a.dtype.empty() || a.dtype == DTypeName(dtype));
}

std::vector<Measurement> MeasureAll(const BenchOpsArguments& a, ThreadPool& pool) {
  const ScopedFlushDenormals flush;
  std::vector<Measurement> results;
  for (const ops::OpRow& row : ops::OpTable()) {
    for (const DType dtype : row.dtypes) {
      if (!Wanted(a, row.name, dtype)) continue;
      const ops::OpSpeed speed = ops::MeasureOp(row, dtype, pool, a.repeats);
      results.push_back({.name = row.name,
                         .shape = fmt::format("{}", fmt::join(row.speed_shape, " x ")),
                         .dtype = dtype,
                         .seconds = speed.seconds,
                         .flops = speed.flops_per_s * speed.seconds,
                         .bytes = speed.bytes_per_s * speed.seconds});
    }
  }
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    for (const Product& product : kProducts) {
      if (!Wanted(a, fmt::format("{} {}", product.model, product.name), dtype)) continue;
      if (dtype == DType::kF32) {
        MeasureProduct<float>(product, a.repeats, pool, results);
      } else {
        MeasureProduct<BFloat16>(product, a.repeats, pool, results);
      }
    }
    for (const AttentionShape& shape : kAttention) {
      if (!Wanted(a, fmt::format("{} attention", shape.model), dtype)) continue;
      if (dtype == DType::kF32) {
        MeasureAttention<float>(shape, a.repeats, pool, results);
      } else {
        MeasureAttention<BFloat16>(shape, a.repeats, pool, results);
      }
    }
  }
  return results;
}

void BenchOps(const Context& context, const BenchOpsArguments& a) {
  ThreadPool pool(context.NumThreads());
  const MachinePeak peak = MeasureMachinePeak(pool);
  const std::vector<Measurement> results = MeasureAll(a, pool);
  if (results.empty()) {
    Fail(ErrorCode::kInvalidArgument, "no operation has '{}' in its name", a.filter);
  }
  using Align = TableColumn::Align;
  TextTable table({{.name = "OPERATION", .may_shrink = true},
                   {.name = "SHAPE", .may_shrink = true},
                   {.name = "TYPE"},
                   {.name = "TIME", .align = Align::kRight},
                   {.name = "GFLOP/S", .align = Align::kRight},
                   {.name = "PEAK", .align = Align::kRight},
                   {.name = "GB/S", .align = Align::kRight},
                   {.name = "MEMORY", .align = Align::kRight}});
  Json rows = Json::array();
  for (const Measurement& m : results) {
    const double unit = m.dtype == DType::kBF16 ? peak.bf16_flops_per_s : peak.f32_flops_per_s;
    const double of_peak = m.flops / m.seconds / unit;
    const double of_memory = m.bytes / m.seconds / peak.read_bytes_per_s;
    const auto percent = [](double part) { return fmt::format("{:.0f} %", 100 * part); };
    table.AddRow({m.name, m.shape, DTypeName(m.dtype), fmt::format("{:.0f} us", m.seconds * 1e6),
                  fmt::format("{:.1f}", m.flops / m.seconds * 1e-9), percent(of_peak),
                  m.bytes > 0 ? fmt::format("{:.1f}", m.bytes / m.seconds * 1e-9) : "",
                  m.bytes > 0 ? percent(of_memory) : ""});
    Json row = {{"name", m.name},
                {"shape", m.shape},
                {"dtype", DTypeName(m.dtype)},
                {"seconds", m.seconds},
                {"flops_per_s", m.flops / m.seconds},
                {"fraction_of_peak", of_peak}};
    if (m.bytes > 0) {
      row["bytes_per_s"] = m.bytes / m.seconds;
      row["fraction_of_memory"] = of_memory;
    }
    rows.push_back(row);
  }
  if (context.json) {
    PrintJson({{"threads", pool.num_threads()},
               {"simd_target", SimdTargetName(ActiveSimdTarget())},
               {"f32_flops_per_s", peak.f32_flops_per_s},
               {"bf16_flops_per_s", peak.bf16_flops_per_s},
               {"read_bytes_per_s", peak.read_bytes_per_s},
               {"operations", rows}});
    return;
  }
  Print(fmt::format(
      "{} threads, {}\nf32 {:.1f} GFLOP/s, bf16 {:.1f} GFLOP/s, memory {:.1f} GB/s\n"
      "(operands that fit the caches can be faster than the memory)\n\n",
      pool.num_threads(), SimdTargetName(ActiveSimdTarget()), peak.f32_flops_per_s * 1e-9,
      peak.bf16_flops_per_s * 1e-9, peak.read_bytes_per_s * 1e-9));
  Print(table.Format());
}

}  // namespace

void AddBenchOpsCommand(CLI::App& bench, Context& context) {
  CLI::App* command = bench.add_subcommand(
      "ops", "Every operation, and the matrix products and attention of the small and gpt2 shapes");
  const auto a = std::make_shared<BenchOpsArguments>();
  command->add_option("--filter", a->filter, "Only operations with this in their name")
      ->type_name("TEXT");
  command->add_option("--dtype", a->dtype, "Only f32 or bf16")
      ->check(OneOf({"f32", "bf16"}))
      ->type_name("TYPE");
  command->add_option("--repeats", a->repeats, "Of each; the median counts")
      ->capture_default_str()
      ->check(WholeNumber(1, 1000))
      ->type_name("N");
  SetExamples(*command, "cambium bench ops\ncambium bench ops --filter gpt2 --dtype bf16 --json");
  command->callback([&context, a] { context.run = [&context, a] { BenchOps(context, *a); }; });
}

}  // namespace cambium
