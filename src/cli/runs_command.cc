// SPDX-License-Identifier: Apache-2.0
// cambium runs list|show: what the ledger knows. (verify: runs_verify.cc; compare-traces:
// compare_traces.cc.)
#include <bit>
#include <memory>

#include "base/progress.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/text_table.h"
#include "ledger/ledger.h"

namespace cambium {
namespace {

constexpr size_t kShownSteps = 10;

// The configuration as JSON; as text if it does not parse.
Json ConfigurationJson(const std::string& text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return text;
  return json;
}

std::string StatusText(const RunRecord& run) {
  return RunWasKilled(run) ? "killed" : RunStatusName(run.end.status);
}

Json RunJson(const RunRecord& run) {
  return {{"id", run.id},
          {"kind", run.start.kind},
          {"created", run.created},
          {"status", StatusText(run)},
          {"message", run.end.message},
          {"fingerprint", run.end.fingerprint},
          {"tokens", run.end.tokens},
          {"flops", run.end.flops},
          {"wall_seconds", run.end.wall_seconds},
          {"cpu_seconds", run.end.cpu_seconds},
          {"compute_type", run.start.compute_type},
          {"numerics_version", run.start.numerics_version},
          {"binary_version", run.binary_version},
          {"simd_target", run.start.simd_target},
          {"cpu_model", run.cpu_model},
          {"threads", run.start.threads},
          {"host", run.host},
          {"pid", run.pid},
          {"data_hash", run.start.data_hash},
          {"tokenizer_hash", run.start.tokenizer_hash},
          {"out_dir", run.start.out_dir},
          {"configuration", ConfigurationJson(run.start.configuration)}};
}

// A table of runs, newest first.
std::string FormatRuns(const std::vector<RunRecord>& runs) {
  using Align = TableColumn::Align;
  TextTable table({{.name = "ID"},
                   {.name = "KIND", .may_shrink = true},
                   {.name = "STARTED (UTC)"},
                   {.name = "STATUS"},
                   {.name = "TOKENS", .align = Align::kRight},
                   {.name = "TIME", .align = Align::kRight},
                   {.name = "FINGERPRINT", .may_shrink = true}});
  for (const RunRecord& run : runs) {
    std::string created = run.created.substr(0, 16);
    if (created.size() > 10) created[10] = ' ';
    table.AddRow({run.id, run.start.kind, created, StatusText(run),
                  FormatCount(static_cast<double>(run.end.tokens)),
                  FormatDuration(run.end.wall_seconds), run.end.fingerprint.substr(0, 12)});
  }
  return table.Format();
}

std::string FormatSteps(const RunDetails& details) {
  if (details.fingerprints.empty()) return "";
  const size_t count = details.fingerprints.size();
  const size_t shown = std::min(count, kShownSteps);
  std::string out = fmt::format("\nfingerprints of {} steps", count);
  out += shown < count ? fmt::format(", the last {} (all with --json):\n", shown) : ":\n";
  TextTable table({{.name = "STEP", .align = TableColumn::Align::kRight},
                   {.name = "LOSS", .align = TableColumn::Align::kRight},
                   {.name = "SHA-256", .may_shrink = true}});
  for (size_t i = count - shown; i < count; ++i) {
    const StepFingerprint& step = details.fingerprints[i];
    table.AddRow({fmt::format("{}", step.step), fmt::format("{:.5f}", step.loss), step.sha256});
  }
  return out + table.Format();
}

std::string FormatRun(const RunDetails& details) {
  const RunRecord& run = details.record;
  std::string out;
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) out += WrapField(name, 15, value);
  };
  line("run", run.id);
  line("kind", run.start.kind);
  line("status", StatusText(run));
  line("message", run.end.message);
  line("started", run.created);
  line("fingerprint", run.end.fingerprint);
  line("tokens", fmt::format("{}", run.end.tokens));
  line("FLOPs", fmt::format("{}", run.end.flops));
  line("wall time", FormatDuration(run.end.wall_seconds));
  line("CPU time", FormatDuration(run.end.cpu_seconds));
  line("compute type", run.start.compute_type);
  line("numerics", fmt::format("version {}", run.start.numerics_version));
  line("binary", run.binary_version);
  line("machine", fmt::format("{}: {}, {}, {} threads", run.host, run.cpu_model,
                              run.start.simd_target, run.start.threads));
  line("data", run.start.data_hash);
  line("tokenizer", run.start.tokenizer_hash);
  line("folder", run.start.out_dir);
  if (!run.start.configuration.empty()) {
    out += "\nconfiguration:\n" +
           ConfigurationJson(run.start.configuration)
               .dump(1, ' ', false, Json::error_handler_t::replace) +
           "\n";
  }
  return out + FormatSteps(details);
}

// Asking for the runs of a ledger that is not there must not make one.
bool LedgerIsThere(const Context& context) {
  std::error_code ignored;
  return std::filesystem::exists(context.LedgerPath(), ignored);
}

void ListRuns(const Context& context, int64_t limit) {
  std::vector<RunRecord> runs;
  if (LedgerIsThere(context)) runs = Ledger(context.LedgerPath()).List(limit);
  if (context.json) {
    Json list = Json::array();
    for (const RunRecord& run : runs) list.push_back(RunJson(run));
    PrintJson({{"runs", list}});
    return;
  }
  if (runs.empty()) {
    context.Note(fmt::format("{}: no runs yet", context.LedgerPath().string()));
    return;
  }
  Print(FormatRuns(runs));
}

void ShowRun(const Context& context, const std::string& id) {
  if (!LedgerIsThere(context)) {
    Fail(ErrorCode::kNotFound, "{}: there is no run ledger yet", context.LedgerPath().string());
  }
  const RunDetails details = Ledger(context.LedgerPath()).Show(id);
  if (!context.json) {
    Print(FormatRun(details));
    return;
  }
  Json json = RunJson(details.record);
  json["fingerprints"] = Json::array();
  for (const StepFingerprint& step : details.fingerprints) {
    json["fingerprints"].push_back(
        {{"step", step.step},
         {"sha256", step.sha256},
         {"loss", step.loss},
         {"loss_bits", fmt::format("{:08x}", std::bit_cast<uint32_t>(step.loss))}});
  }
  json["metrics"] = Json::array();
  for (const StepMetric& metric : details.metrics) {
    json["metrics"].push_back(
        {{"step", metric.step}, {"name", metric.name}, {"value", metric.value}});
  }
  PrintJson(json);
}

}  // namespace

void AddRunsCommand(CLI::App& app, Context& context) {
  CLI::App* runs = app.add_subcommand("runs", "Show and verify earlier runs");
  runs->require_subcommand(1);
  SetExamples(*runs, "cambium runs list\ncambium runs show latest\ncambium runs verify latest");

  CLI::App* list = runs->add_subcommand("list", "List runs, the newest first");
  const auto limit = std::make_shared<int64_t>(20);
  list->add_option("--limit", *limit, "How many; 0 is all")
      ->capture_default_str()
      ->check(WholeNumber(0, INT64_MAX))
      ->type_name("N");
  SetExamples(*list, "cambium runs list\ncambium runs list --limit 0 --json");
  list->callback(
      [&context, limit] { context.run = [&context, limit] { ListRuns(context, *limit); }; });

  CLI::App* show = runs->add_subcommand("show", "Show all that is known of a run");
  const auto id = std::make_shared<std::string>();
  show->add_option("ID", *id, "The run's id, the beginning of it, or `latest`")->required();
  SetExamples(*show, "cambium runs show latest\ncambium runs show 2k9f3 --json");
  show->callback([&context, id] { context.run = [&context, id] { ShowRun(context, *id); }; });

  AddRunsVerifyCommand(*runs, context);
  AddCompareTracesCommand(*runs, context);
}

}  // namespace cambium
