// SPDX-License-Identifier: Apache-2.0
// cambium bench machine: the limits that all other speeds are fractions of.
#include <memory>
#include <vector>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/text_table.h"
#include "ledger/environment.h"
#include "numerics/machine_peak.h"
#include "numerics/simd_target.h"

namespace cambium {
namespace {

void BenchMachine(const Context& context, double milliseconds) {
  std::vector<size_t> threads = {1};
  if (context.NumThreads() > 1) threads.push_back(context.NumThreads());
  Json rows = Json::array();
  TextTable table({{.name = "THREADS", .align = TableColumn::Align::kRight},
                   {.name = "F32 GFLOP/S", .align = TableColumn::Align::kRight},
                   {.name = "BF16 GFLOP/S", .align = TableColumn::Align::kRight},
                   {.name = "BYTE GOP/S", .align = TableColumn::Align::kRight},
                   {.name = "READ GB/S", .align = TableColumn::Align::kRight}});
  for (const size_t count : threads) {
    ThreadPool pool(count);
    const MachinePeak peak = MeasureMachinePeak(pool, milliseconds);
    const double read_bytes_per_s = MeasureReadSpeed(pool, milliseconds);
    rows.push_back({{"threads", count},
                    {"f32_flops_per_s", peak.f32_flops_per_s},
                    {"bf16_flops_per_s", peak.bf16_flops_per_s},
                    {"byte_ops_per_s", peak.byte_ops_per_s},
                    {"read_bytes_per_s", read_bytes_per_s}});
    table.AddRow({fmt::format("{}", count), fmt::format("{:.1f}", peak.f32_flops_per_s * 1e-9),
                  fmt::format("{:.1f}", peak.bf16_flops_per_s * 1e-9),
                  fmt::format("{:.1f}", peak.byte_ops_per_s * 1e-9),
                  fmt::format("{:.1f}", read_bytes_per_s * 1e-9)});
  }
  if (context.json) {
    PrintJson({{"cpu", CpuModel()},
               {"simd_target", SimdTargetName(ActiveSimdTarget())},
               {"measurements", rows}});
    return;
  }
  Print(fmt::format("{}, {}\n{}", CpuModel(), SimdTargetName(ActiveSimdTarget()), table.Format()));
}

void AddBenchMachineCommand(CLI::App& bench, Context& context) {
  CLI::App* machine = bench.add_subcommand(
      "machine",
      "Fused multiply-adds, products of bf16 and of bytes, and memory reads per second, with one "
      "thread and with all");
  const auto milliseconds = std::make_shared<double>(200);
  machine->add_option("--milliseconds", *milliseconds, "For each number")
      ->capture_default_str()
      ->check(NumberFrom(1, 60000))
      ->type_name("N");
  SetExamples(*machine, "cambium bench machine\ncambium bench machine --isa avx2 --json");
  machine->callback([&context, milliseconds] {
    context.run = [&context, milliseconds] { BenchMachine(context, *milliseconds); };
  });
}

}  // namespace

void AddBenchCommand(CLI::App& app, Context& context) {
  CLI::App* bench = app.add_subcommand("bench", "Measure speed, beside the machine's own limits");
  bench->require_subcommand(1);
  SetExamples(*bench, "cambium bench machine\ncambium bench ops\ncambium bench train");
  AddBenchMachineCommand(*bench, context);
  AddBenchOpsCommand(*bench, context);
  AddBenchTrainCommand(*bench, context);
  AddBenchGenerateCommand(*bench, context);
}

}  // namespace cambium
