// SPDX-License-Identifier: Apache-2.0
// cambium convert: a model from a Hugging Face folder to GGUF and back.
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/new_folder.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "model/model_file.h"
#include "numerics/bfloat16.h"
#include "numerics/float16.h"

namespace cambium {
namespace {

struct ConvertArguments {
  std::filesystem::path model, out;
  std::string type;
  std::string name;
};

bool Holds(GgmlType type, float value) {
  const float held = type == GgmlType::kF16    ? ToFloat(ToFloat16(value))
                     : type == GgmlType::kBF16 ? ToFloat(ToBFloat16(value))
                                               : value;
  return std::bit_cast<uint32_t>(held) == std::bit_cast<uint32_t>(value);
}

// Weights that are not the same in this type. Vectors are written in F32, whatever the type.
uint64_t CountRounded(const ParameterStore& parameters, GgmlType type) {
  uint64_t count = 0;
  for (size_t i = 0; i < parameters.specs().size() && type != GgmlType::kF32; ++i) {
    const ParameterSpec& spec = parameters.specs()[i];
    if (spec.rows == 1) continue;
    if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped; nothing was written");
    const std::span<const float> values(parameters.weight(i).value.f32(), spec.size());
    count += static_cast<uint64_t>(std::count_if(
        values.begin(), values.end(), [type](float value) { return !Holds(type, value); }));
  }
  return count;
}

struct Choice {
  GgmlType type;  // of the matrices
  uint64_t rounded;
};

// What was asked for, or what the model is stored in. That is not chosen where a bit would change:
// a folder may hold other types than its config.json says, and routers are often wider than the
// rest.
Choice ChooseType(const std::string& wanted, const LoadedModel& model) {
  GgmlType type = model.types.matrices;
  if (wanted == "f32") type = GgmlType::kF32;
  if (wanted == "f16") type = GgmlType::kF16;
  if (wanted == "bf16") type = GgmlType::kBF16;
  const uint64_t rounded = CountRounded(*model.parameters, type);
  if (wanted.empty() && rounded > 0) return {GgmlType::kF32, 0};
  return {type, rounded};
}

uint64_t CountWeights(const ParameterStore& parameters) {
  uint64_t count = 0;
  for (const ParameterSpec& spec : parameters.specs()) count += spec.size();
  return count;
}

void CheckPaths(const ConvertArguments& a, bool to_gguf) {
  std::error_code ignored;
  if (std::filesystem::equivalent(a.model, a.out, ignored)) {
    Fail(ErrorCode::kInvalidArgument, "--out {} is the model itself", a.out.string());
  }
  if (to_gguf && std::filesystem::is_directory(a.out, ignored)) {
    Fail(ErrorCode::kInvalidArgument, "--out {} is a folder; a GGUF file is to be written",
         a.out.string());
  }
  if (!to_gguf && std::filesystem::exists(a.out, ignored) &&
      !std::filesystem::is_empty(a.out, ignored)) {
    Fail(ErrorCode::kInvalidArgument, "--out {} is there already and is not an empty folder",
         a.out.string());
  }
}

// The bar of one half of the work.
class Bar {
 public:
  Bar(const Context& context, const char* title) : context_(context), title_(title) {}

  WeightsProgress Callback() {
    return [this](uint64_t done, uint64_t total) {
      if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped; nothing was written");
      if (!progress_) progress_.emplace(title_, total, "weights", context_.quiet);
      progress_->Update(std::min(done, total));
    };
  }
  void Finish() {
    if (progress_) progress_->Complete();
  }

 private:
  const Context& context_;
  const char* title_;
  std::optional<Progress> progress_;
};

// A folder that is made beside its place, and moved there when all is in it.
class PendingFolder {
 public:
  explicit PendingFolder(const std::filesystem::path& target)
      : target_(std::filesystem::absolute(target).lexically_normal()) {
    if (!target_.has_filename()) target_ = target_.parent_path();  // "folder/"
    path_ = target_;
    path_ += fmt::format(".{}.tmp", getpid());
  }
  ~PendingFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  PendingFolder(const PendingFolder&) = delete;
  PendingFolder& operator=(const PendingFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void Commit() {
    std::error_code error;
    std::filesystem::rename(path_, target_, error);  // over an empty folder
    if (error) Fail(ErrorCode::kIo, "{}: cannot make it: {}", target_.string(), error.message());
  }

 private:
  std::filesystem::path target_, path_;
};

void Convert(const Context& context, const ConvertArguments& a) {
  const bool to_gguf = a.out.extension() == ".gguf";
  CheckPaths(a, to_gguf);
  Bar reading(context, "reading"), writing(context, "writing");
  const LoadedModel model = LoadModel(a.model, MatrixMemory::kValues, reading.Callback());
  reading.Finish();
  const auto [type, rounded] = ChooseType(a.type, model);
  SaveOptions options{.type = type,
                      .name = a.name,
                      .hyper_parameters = &model.hyper_parameters,
                      .progress = writing.Callback()};
  if (options.name.empty()) options.name = model.name.empty() ? "cambium" : model.name;
  if (to_gguf) {
    SaveGguf(a.out, *model.parameters, model.tokenizer, options);
  } else {
    const NewFolder place(a.out);
    PendingFolder folder(a.out);
    SaveHfModel(folder.path(), *model.parameters, model.tokenizer, options);
    folder.Commit();
  }
  writing.Finish();
  const uint64_t weights = CountWeights(*model.parameters);
  if (rounded > 0) {
    context.Note(
        fmt::format("note: {} of {} weights are not what they were: {} cannot hold them exactly "
                    "(--type f32 can), so the fingerprint is another one",
                    rounded, weights, GgmlTypeName(type)));
  }
  if (context.json) {
    PrintJson({{"model", a.model.string()},
               {"out", a.out.string()},
               {"format", to_gguf ? "gguf" : "hugging_face"},
               {"type", GgmlTypeName(type)},
               {"parameters", weights},
               {"rounded", rounded},
               {"tokens", model.tokenizer.tokens.size()},
               {"chat_template", !model.tokenizer.chat_template.empty()}});
    return;
  }
  Print(fmt::format("{}: {} weights in {}, {} tokens{}\n", a.out.string(),
                    FormatCount(static_cast<double>(weights)), GgmlTypeName(type),
                    model.tokenizer.tokens.size(),
                    model.tokenizer.chat_template.empty() ? "" : ", chat template"));
}

}  // namespace

void AddConvertCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "convert", "Turn a Hugging Face folder into a GGUF file, or the other way round");
  const auto a = std::make_shared<ConvertArguments>();
  command
      ->add_option("MODEL", a->model,
                   "A Hugging Face folder, a GGUF file (of several: the first) or a run's folder")
      ->required();
  command
      ->add_option("--out", a->out,
                   "What to write: FILE.gguf, or a folder for Hugging Face's format")
      ->required()
      ->type_name("PATH");
  command
      ->add_option("--type", a->type,
                   "Of the matrices: f32, f16 or bf16 (default: as they are stored, so that no "
                   "bit changes; f32 for quantised and mixed ones)")
      ->check(OneOf({"f32", "f16", "bf16"}))
      ->type_name("TYPE");
  command->add_option("--name", a->name, "The model's name in the file (default: as it was)")
      ->type_name("NAME");
  SetExamples(*command,
              "cambium convert ~/models/SmolLM2-135M --out smollm2.gguf --type bf16\n"
              "cambium convert model.gguf --out model-hf\n"
              "cambium convert model-00001-of-00003.gguf --out model.gguf --json");
  command->callback([&context, a] { context.run = [&context, a] { Convert(context, *a); }; });
}

}  // namespace cambium
