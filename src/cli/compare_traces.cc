// SPDX-License-Identifier: Apache-2.0
// cambium runs compare-traces: the first operation in which two runs differ.
#include <memory>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/help.h"
#include "cli/output.h"
#include "train/op_trace.h"

namespace cambium {
namespace {

Json OpJson(const TracedOp& op) {
  return {{"name", op.name}, {"tensor", op.type_and_dims}, {"sha256", op.sha256}};
}

void CompareAndPrint(Context& context, const std::filesystem::path& a,
                     const std::filesystem::path& b) {
  const TraceComparison result = CompareTraces(a, b);
  const std::optional<TraceDifference>& difference = result.first_difference;
  context.exit_code = difference ? kExitFailed : kExitDone;
  if (context.json) {
    Json json = {{"equal", !difference.has_value()},
                 {"operations", result.num_operations},
                 {"steps", result.num_steps},
                 {"goes_on", result.longer.empty() ? Json() : Json(result.longer)}};
    if (difference) {
      json["first_difference"] = {{"step", difference->step},
                                  {"index", difference->index},
                                  {"a", OpJson(difference->a)},
                                  {"b", OpJson(difference->b)}};
    }
    PrintJson(json);
    return;
  }
  if (!difference) {
    Print(
        fmt::format("equal: {} operations of {} steps\n", result.num_operations, result.num_steps));
    if (!result.longer.empty()) Print(fmt::format("{} goes on after them\n", result.longer));
    return;
  }
  Print(
      fmt::format("{} operations are equal; the first that differs:\n"
                  "step {}, operation {}\n"
                  "  {}: {} ({}) {}\n  {}: {} ({}) {}\n",
                  result.num_operations, difference->step, difference->index, a.string(),
                  difference->a.name, difference->a.type_and_dims, difference->a.sha256, b.string(),
                  difference->b.name, difference->b.type_and_dims, difference->b.sha256));
}

}  // namespace

void AddCompareTracesCommand(CLI::App& runs, Context& context) {
  CLI::App* command = runs.add_subcommand(
      "compare-traces",
      "Name the first operation in which two traces of `train --trace-ops` differ");
  const auto a = std::make_shared<std::filesystem::path>();
  const auto b = std::make_shared<std::filesystem::path>();
  command->add_option("A", *a, "A trace")->required();
  command->add_option("B", *b, "Another one")->required();
  SetExamples(*command, "cambium runs compare-traces avx2.trace avx512.trace");
  command->callback(
      [&context, a, b] { context.run = [&context, a, b] { CompareAndPrint(context, *a, *b); }; });
}

}  // namespace cambium
