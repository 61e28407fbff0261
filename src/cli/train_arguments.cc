// SPDX-License-Identifier: Apache-2.0
#include "cli/train_arguments.h"

#include <fmt/format.h>

#include <vector>

#include "base/progress.h"
#include "cli/option_checks.h"
#include "cli/shell_quote.h"
#include "cli/train_configuration.h"
#include "cli/train_options.h"
#include "train/run_config.h"

namespace cambium {
namespace {

std::vector<std::string> PresetList() {
  std::vector<std::string> names;
  for (const ModelPreset& preset : ModelPresets()) names.emplace_back(preset.name);
  return names;
}

// A line each. Parameters: with the number of tokens that a tokenizer trained for it has.
std::string PresetDescriptions() {
  std::string text;
  for (const ModelPreset& preset : ModelPresets()) {
    TrainArguments arguments;
    arguments.preset = preset.name;
    ModelConfig model = preset.config;
    model.vocab_size = VocabSizeOf(arguments);
    text += fmt::format("\n{}: {}, {} layers of width {}, {} heads", preset.name,
                        FormatCount(static_cast<double>(model.NumParameters())), model.num_layers,
                        model.width, model.num_heads);
  }
  return text;
}

// Part of what decides the weights.
void AddConfigurationOptions(CLI::App& command, TrainArguments& a) {
  CLI::Option* budget =
      command
          .add_option("--budget", a.budget,
                      "Time to spend, like 10m: model size and tokens are chosen for it")
          ->check(DurationFrom(5));
  command
      .add_option("--preset", a.preset,
                  "Shape of the model, with its parameters:" + PresetDescriptions() + "\nDefault:")
      ->default_str("small")
      ->check(OneOf(PresetList()))
      ->excludes(budget);
  CLI::Option* tokens = command
                            .add_option("--tokens", a.tokens,
                                        "Tokens to train on, like 10M (default: 20 a parameter)")
                            ->check(CountFrom(1))
                            ->excludes(budget);
  command.add_option("--steps", a.steps, "Steps to train for, instead of --tokens")
      ->check(WholeNumber(1))
      ->excludes(tokens)
      ->excludes(budget);
  command
      .add_option("--config", a.config,
                  "A run's config.toml: the same run again. Options that say something else than "
                  "it are refused")
      ->excludes(budget);
  command.add_option("--dtype", a.dtype, "Compute type: f32 or bf16")
      ->default_str("bf16")
      ->check(OneOf({"f32", "bf16"}));
  CLI::Option* tokenizer = command.add_option(
      "--tokenizer", a.tokenizer,
      "tokenizer.json, a GGUF model, a run's folder, or byte (default: trained on the data)");
  command.add_option("--vocab-size", a.vocab_size, "Tokens of a trained tokenizer (default: 4096)")
      ->check(WholeNumber(257, 1 << 24))
      ->excludes(tokenizer);
  command.add_option("--seed", a.seed, "Of weights and data order")
      ->default_str("1")
      ->check(WholeNumber(0));
  command.add_option("--optimizer", a.optimizer, "For matrices, muon or adamw; AdamW has the rest")
      ->default_str("muon")
      ->check(OneOf({"muon", "adamw"}));
  command.add_option("--lr", a.learning_rate, "Peak learning rate of AdamW (default: by width)")
      ->check(NumberAbove(0));
  command.add_option("--schedule", a.schedule, "wsd (warm-up, stable, decay) or cosine")
      ->default_str("wsd")
      ->check(OneOf({"wsd", "cosine"}));
  command.add_option("--rows", a.rows, "Rows of a step's batch (default: about 8192 tokens)")
      ->check(WholeNumber(1, 65536));
  command.add_option("--row-tokens", a.row_tokens, "Tokens of a row (default: the context's)")
      ->check(WholeNumber(2, 1 << 20));
  command.add_option("--val-fraction", a.val_fraction, "Part of the documents kept for validation")
      ->default_str("0.1")
      ->check(NumberBelow(0, 1));
  command
      .add_option("--batch-mode", a.batch_mode,
                  "packed (documents) or stream (windows of one long text)")
      ->default_str("auto")
      ->check(OneOf({"auto", "packed", "stream"}));
}

// As a shell reads it back.
std::string Argument(const std::string& name, const std::string& value) {
  return value.starts_with('-') ? ShellQuote(name + "=" + value) : name + " " + ShellQuote(value);
}

}  // namespace

void AddTrainOptions(CLI::App& command, TrainArguments& a) {
  command
      .add_option("--data", a.data,
                  "Text: a file, a folder, JSONL with a text field; .gz and .zst of these")
      ->required();
  command.add_option("--out", a.out, "Folder for the model, its checkpoints and its record")
      ->required();
  AddConfigurationOptions(command, a);
  command.add_option("--separator", a.separator, "A line that ends a document in plain text")
      ->default_str(DocumentRules().separator);
  command.add_flag("--skip-bad-lines", a.skip_bad_lines, "Skip and count broken JSONL lines");
  command
      .add_option("--eval-every", a.eval_every,
                  "Steps between validations; 0: only at the end (default: a tenth of the run)")
      ->check(WholeNumber(0));
  command.add_flag("--no-samples", a.no_samples,
                   "Without the few words that the model writes after each validation");
  command
      .add_option("--checkpoint-every", a.checkpoint_every,
                  "Time between checkpoints; 0: only at the end and on Ctrl-C")
      ->capture_default_str()
      ->check(DurationFrom(0));
  command.add_option("--export", a.export_type, "Type of the matrices in model.gguf")
      ->default_str("f32")
      ->check(OneOf({"f32", "bf16", "f16"}));
  command
      .add_option("--trace-ops", a.trace_ops,
                  "For debugging, slow: write the hash of every operation's result to FILE; "
                  "see `cambium runs compare-traces`")
      ->type_name("FILE");
  command.add_flag("--hf", a.hf, "Write a Hugging Face folder as well (DIR/hf)");
  command.add_flag("--resume", a.resume,
                   "Go on from the last checkpoint in DIR with its configuration; options that say "
                   "something else than it are refused. Without a checkpoint, start");
}

std::string CommandToGoOn(const CLI::App& command, const std::string& program) {
  std::string line = program + " train";
  const auto repeat = [&line](const CLI::App& app, const char* name) {
    const CLI::Option* option = app.get_option_no_throw(name);
    if (option == nullptr || option->count() == 0) return;
    const bool flag = option->get_items_expected_max() == 0;
    line += " " + (flag ? std::string(name) : Argument(name, option->results().front()));
  };
  for (const char* name : {"--data", "--out", "--separator", "--skip-bad-lines", "--eval-every",
                           "--no-samples", "--checkpoint-every", "--export", "--hf"}) {
    repeat(command, name);
  }
  for (const char* name : {"--ledger", "--threads", "--isa", "--json", "--quiet"}) {
    repeat(*command.get_parent(), name);
  }
  return line + " --resume";
}

}  // namespace cambium
