// SPDX-License-Identifier: Apache-2.0
// cambium bench ops: every operation of the operation table as a fraction of what the machine can
// do.
#include <memory>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/text_table.h"
#include "numerics/machine_peak.h"
#include "numerics/simd_target.h"
#include "tensor/ops/op_table.h"

namespace cambium {
namespace {

struct Measurement {
  std::string name;
  std::string of;  // what has this shape, if it is said
  std::string shape;
  DType dtype = DType::kF32;
  double seconds = 0;
  double flops = 0;
  double bytes = 0;
};

struct BenchOpsArguments {
  std::string filter, dtype;
  size_t repeats = 5;
};

std::vector<Measurement> MeasureAll(const BenchOpsArguments& a, ThreadPool& pool) {
  const ScopedFlushDenormals flush;
  std::vector<Measurement> results;
  for (const ops::OpRow& row : ops::OpTable()) {
    for (const DType dtype : row.dtypes) {
      if (!a.dtype.empty() && a.dtype != DTypeName(dtype)) continue;
      for (const auto& [shape, of] : row.speed_shapes) {
        if (fmt::format("{} {}", row.name, of).find(a.filter) == std::string::npos) continue;
        const ops::OpSpeed speed = ops::MeasureOp(row, shape, dtype, pool, a.repeats);
        results.push_back({.name = row.name,
                           .of = of,
                           .shape = fmt::format("{}", fmt::join(shape, " x ")),
                           .dtype = dtype,
                           .seconds = speed.seconds,
                           .flops = speed.flops_per_s * speed.seconds,
                           .bytes = speed.bytes_per_s * speed.seconds});
      }
    }
  }
  return results;
}

void BenchOps(const Context& context, const BenchOpsArguments& a) {
  ThreadPool pool(context.NumThreads());
  const MachinePeak peak = MeasureMachinePeak(pool);
  const double read_bytes_per_s = MeasureReadSpeed(pool);
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
    const double of_memory = m.bytes / m.seconds / read_bytes_per_s;
    const auto percent = [](double part) { return fmt::format("{:.0f} %", 100 * part); };
    table.AddRow({m.name, m.of.empty() ? m.shape : m.of, DTypeName(m.dtype),
                  fmt::format("{:.0f} us", m.seconds * 1e6),
                  fmt::format("{:.1f}", m.flops / m.seconds * 1e-9), percent(of_peak),
                  fmt::format("{:.1f}", m.bytes / m.seconds * 1e-9), percent(of_memory)});
    rows.push_back({{"name", m.name},
                    {"of", m.of},
                    {"shape", m.shape},
                    {"dtype", DTypeName(m.dtype)},
                    {"seconds", m.seconds},
                    {"flops_per_s", m.flops / m.seconds},
                    {"fraction_of_peak", of_peak},
                    {"bytes_per_s", m.bytes / m.seconds},
                    {"fraction_of_memory", of_memory}});
  }
  if (context.json) {
    PrintJson({{"threads", pool.num_threads()},
               {"simd_target", SimdTargetName(ActiveSimdTarget())},
               {"f32_flops_per_s", peak.f32_flops_per_s},
               {"bf16_flops_per_s", peak.bf16_flops_per_s},
               {"read_bytes_per_s", read_bytes_per_s},
               {"operations", rows}});
    return;
  }
  Print(fmt::format(
      "{} threads, {}\nf32 {:.1f} GFLOP/s, bf16 {:.1f} GFLOP/s, memory {:.1f} GB/s\n"
      "(operands that fit the caches can be faster than the memory)\n\n",
      pool.num_threads(), SimdTargetName(ActiveSimdTarget()), peak.f32_flops_per_s * 1e-9,
      peak.bf16_flops_per_s * 1e-9, read_bytes_per_s * 1e-9));
  Print(table.Format());
}

}  // namespace

void AddBenchOpsCommand(CLI::App& bench, Context& context) {
  CLI::App* command = bench.add_subcommand(
      "ops", "Every operation; matrix products and attention at the small and gpt2 shapes");
  const auto a = std::make_shared<BenchOpsArguments>();
  command
      ->add_option("--filter", a->filter, "Only operations with this in their name or shape's name")
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
