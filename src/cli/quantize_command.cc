// SPDX-License-Identifier: Apache-2.0
// cambium quantize: a GGUF model file in smaller element types.
#include <fmt/ranges.h>

#include <chrono>
#include <memory>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/text_table.h"
#include "formats/gguf_quantize.h"
#include "infer/calibration.h"
#include "model/gguf_importance.h"
#include "model/model_file.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

struct QuantizeArguments {
  std::filesystem::path model, out, calibrate;
  std::string type;
  size_t calibrate_tokens = 0;
  bool requantize = false;
};

std::string RecipeNames() {
  std::vector<std::string_view> names;
  for (const QuantRecipe& recipe : QuantRecipes()) names.push_back(recipe.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

double BitsPerWeight(uint64_t bytes, uint64_t elements) {
  return elements > 0 ? 8 * static_cast<double>(bytes) / static_cast<double>(elements) : 0;
}

Json SummaryJson(const QuantizeArguments& a, const QuantRecipe& recipe,
                 const QuantizeSummary& summary, uint64_t calibration_tokens, double seconds) {
  Json types = Json::array();
  for (const auto& [type, sums] : summary.types) {
    types.push_back({{"type", GgmlTypeName(type)},
                     {"tensors", sums.tensors},
                     {"parameters", sums.elements},
                     {"bytes", sums.bytes}});
  }
  return {{"model", a.model.string()},
          {"out", a.out.string()},
          {"type", recipe.name},
          {"types", types},
          {"parameters", summary.elements},
          {"tensor_bytes_before", summary.old_bytes},
          {"tensor_bytes", summary.new_bytes},
          {"bits_per_weight", BitsPerWeight(summary.new_bytes, summary.elements)},
          {"relative_error", summary.relative_error()},
          {"tensors_with_narrow_rows", summary.narrow},
          {"calibration_tokens", calibration_tokens},
          {"seconds", seconds}};
}

std::string SummaryText(const QuantizeArguments& a, const QuantizeSummary& summary,
                        double seconds) {
  using Align = TableColumn::Align;
  TextTable table({{.name = "TYPE"},
                   {.name = "TENSORS", .align = Align::kRight},
                   {.name = "PARAMETERS", .align = Align::kRight},
                   {.name = "SIZE", .align = Align::kRight}});
  for (const auto& [type, sums] : summary.types) {
    table.AddRow({GgmlTypeName(type), fmt::format("{}", sums.tensors),
                  FormatCount(static_cast<double>(sums.elements)),
                  FormatBytes(static_cast<double>(sums.bytes))});
  }
  return table.Format() + fmt::format(
                              "\n{}: {} of weights before, {} now ({:.2f} bits per weight)\n"
                              "relative error {:.3g}, in {}\n",
                              a.out.string(), FormatBytes(static_cast<double>(summary.old_bytes)),
                              FormatBytes(static_cast<double>(summary.new_bytes)),
                              BitsPerWeight(summary.new_bytes, summary.elements),
                              summary.relative_error(), FormatDuration(seconds));
}

// What matters on the text of --calibrate, by the tensors of the file.
Calibration CalibrateOnText(const Context& context, const QuantizeArguments& a,
                            const GgufFile& file, ThreadPool& pool) {
  const std::string text = ReadFile(a.calibrate);
  const LoadedModel model = LoadModel(a.model, MatrixMemory::kStored);
  const Tokenizer tokenizer(model.tokenizer);
  const std::vector<int32_t> tokens = tokenizer.EncodeParallel(text, pool);
  CalibrationOptions options = {.max_tokens = a.calibrate_tokens, .compute = model.types.compute};
  options.window_tokens = std::min(options.window_tokens, model.config.context_length);
  const uint64_t total =
      options.max_tokens > 0 ? std::min(options.max_tokens, tokens.size()) : tokens.size();
  Progress progress("calibrating", total, "tok", context.quiet);
  options.progress = [&](uint64_t done) {
    if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped; nothing was written");
    progress.Update(done);
  };
  Calibration calibration = Calibrate(*model.parameters, tokens, options, pool);
  progress.Complete();
  calibration.importance = GgufImportance(calibration.importance, model.hyper_parameters,
                                          model.parameters->specs(), file);
  return calibration;
}

void Quantize(const Context& context, const QuantizeArguments& a) {
  const auto recipe = FindQuantRecipe(a.type);
  CHECK(recipe);  // parsing the command line has looked
  std::error_code error;
  if (std::filesystem::equivalent(a.model, a.out, error)) {
    Fail(ErrorCode::kInvalidArgument, "--out {} is the model itself", a.out.string());
  }
  const GgufFile file(std::filesystem::is_directory(a.model) ? a.model / "model.gguf" : a.model);
  uint64_t total = 0;
  for (const GgufTensor& tensor : file.tensors()) total += tensor.size;
  ThreadPool pool(context.NumThreads());
  Calibration calibration;
  if (!a.calibrate.empty()) calibration = CalibrateOnText(context, a, file, pool);
  Progress progress("quantizing", total, "weights", context.quiet);
  const auto begin = std::chrono::steady_clock::now();
  const QuantizeSummary summary =
      QuantizeGguf(file, *recipe, a.out,
                   {.importance = a.calibrate.empty() ? nullptr : &calibration.importance,
                    .requantize = a.requantize,
                    .progress =
                        [&](uint64_t elements) {
                          if (Interrupted())
                            Fail(ErrorCode::kCancelled, "stopped; nothing was written");
                          progress.Update(elements);
                        }},
                   pool);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  progress.Complete();
  if (summary.narrow > 0) {
    context.Note(
        fmt::format("note: {} tensors have rows that are not whole blocks of {}; they got "
                    "a type with smaller blocks",
                    summary.narrow, GgmlTypeName(recipe->type)));
  }
  if (context.json) {
    PrintJson(SummaryJson(a, *recipe, summary, calibration.num_tokens, seconds));
  } else {
    Print(SummaryText(a, summary, seconds));
  }
}

}  // namespace

void AddQuantizeCommand(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("quantize", "Write a GGUF model in smaller types, as llama.cpp would");
  const auto a = std::make_shared<QuantizeArguments>();
  command->add_option("MODEL", a->model, "A GGUF file in F32, F16 or BF16, or the folder of a run")
      ->required();
  command->add_option("--type", a->type, "One of " + RecipeNames())
      ->required()
      ->check(CLI::Validator(
          [](std::string& name) {
            return FindQuantRecipe(name)
                       ? std::string()
                       : fmt::format("'{}' is not one of {}", name, RecipeNames());
          },
          ""))
      ->type_name("TYPE");
  command->add_option("--out", a->out, "The GGUF file to write")->required()->type_name("FILE");
  CLI::Option* calibrate =
      command
          ->add_option("--calibrate", a->calibrate,
                       "A text like those that the model will see: what matters on it is kept "
                       "best")
          ->type_name("TEXT");
  command
      ->add_option("--calibrate-tokens", a->calibrate_tokens,
                   "Of that text at most; 0 is all of it")
      ->needs(calibrate)
      ->capture_default_str()
      ->check(WholeNumber(0))
      ->type_name("N");
  command->add_flag("--requantize", a->requantize,
                    "Also take a model that is quantised already; its error adds up");
  SetExamples(*command,
              "cambium quantize my-model --type Q4_K_M --out my-model.Q4_K_M.gguf\n"
              "cambium quantize model.gguf --type Q4_K_M --calibrate text.txt --out m.gguf\n"
              "cambium quantize model.gguf --type Q8_0 --out model.Q8_0.gguf --json");
  command->callback([&context, a] { context.run = [&context, a] { Quantize(context, *a); }; });
}

}  // namespace cambium
