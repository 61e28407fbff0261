// SPDX-License-Identifier: Apache-2.0
// cambium eval loss: how well a model predicts a text.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "model/model_file.h"
#include "train/text_loss.h"

namespace cambium {
namespace {

struct EvalLossArguments {
  std::filesystem::path model, data;
  std::string compute, max_tokens, separator = "<|endoftext|>";
  uint32_t context = 0;  // 0: the model's
  bool chunks = false;
};

// Tokens computed at once, about: enough for the matrix kernels, little memory.
constexpr uint32_t kBatchTokens = 2048;

void EvalLoss(const Context& context, const EvalLossArguments& a) {
  ThreadPool pool(context.NumThreads());
  LoadedModel model = LoadModel(a.model, MatrixMemory::kStored);
  const Tokenizer tokenizer(model.tokenizer);
  const DType compute = a.compute.empty()    ? model.stored
                        : a.compute == "f32" ? DType::kF32
                                             : DType::kBF16;
  TextLossOptions options;
  options.row_tokens =
      a.context > 0 ? a.context : static_cast<uint32_t>(model.config.context_length);
  options.rows = std::max<uint32_t>(1, kBatchTokens / options.row_tokens);
  if (options.row_tokens > model.config.context_length) {
    Fail(ErrorCode::kInvalidArgument,
         "--context {}: the model was trained for a context of {} tokens, and cannot see more",
         options.row_tokens, model.config.context_length);
  }
  if (!a.max_tokens.empty()) options.max_tokens = ParseCount(a.max_tokens);
  const std::string fingerprint = ToHex(model.parameters->Fingerprint());
  model.parameters->PackForInference(compute, pool);

  Progress progress("scoring", options.max_tokens, "tok", context.quiet);
  options.progress = [&](uint64_t tokens) {
    progress.Update(tokens);
    if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped after {} tokens", tokens);
  };
  const auto begin = std::chrono::steady_clock::now();
  TextLoss loss;
  std::string read;  // what of the data was skipped and repaired
  if (a.chunks) {
    const std::string text = ReadFile(a.data);
    if (text.empty()) Fail(ErrorCode::kCorruptData, "{}: is empty", a.data.string());
    loss = LossOverWindows(text, tokenizer, *model.parameters, compute, options, pool);
  } else {
    DocumentReader reader(a.data, {.separator = a.separator});
    loss = LossOverDocuments(reader, tokenizer, *model.parameters, compute, options, pool);
    read = reader.stats().Summary();
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  progress.Finish();
  if (!read.empty()) context.Note(read);
  if (!std::isfinite(loss.nats_per_token())) {
    Fail(ErrorCode::kCorruptData,
         "{}: the loss is not finite: the weights are damaged, or overflow in this compute type",
         a.model.string());
  }
  if (context.json) {
    PrintJson({{"model", a.model.string()},
               {"fingerprint", fingerprint},
               {"data", a.data.string()},
               {"mode", a.chunks ? "chunks" : "documents"},
               {"compute_type", DTypeName(compute)},
               {"numerics_version", kNumericsVersion},
               {"context", options.row_tokens},
               {"nats_per_token", loss.nats_per_token()},
               {"perplexity", loss.perplexity()},
               {"bits_per_byte", loss.bits_per_byte()},
               {"tokens", loss.num_tokens},
               {"bytes", loss.num_bytes},
               {"documents", loss.num_documents},
               {"windows", loss.num_windows},
               {"seconds", seconds}});
    return;
  }
  Print(fmt::format("nats per token  {:.5f}\nperplexity      {:.4f}\nbits per byte   {:.5f}\n",
                    loss.nats_per_token(), loss.perplexity(), loss.bits_per_byte()));
  Print(fmt::format("over {} tokens ({}) of {}, in {}, at most {} tokens at once\n",
                    loss.num_tokens, FormatBytes(static_cast<double>(loss.num_bytes)),
                    a.chunks ? fmt::format("{} windows", loss.num_windows)
                             : fmt::format("{} documents", loss.num_documents),
                    DTypeName(compute), options.row_tokens));
}

}  // namespace

void AddEvalCommand(CLI::App& app, Context& context) {
  CLI::App* eval = app.add_subcommand("eval", "Measure a model");
  eval->require_subcommand(1);
  SetExamples(*eval, "cambium eval loss --model my-model --data held-out.txt");

  CLI::App* loss =
      eval->add_subcommand("loss", "Loss on a text: nats per token, perplexity, bits per byte");
  const auto a = std::make_shared<EvalLossArguments>();
  loss->add_option("--model", a->model, "A GGUF file, or the folder of a run or a model")
      ->required()
      ->type_name("FILE");
  loss->add_option("--data", a->data,
                   "Text: a file, a folder, JSONL with a text field; .gz and .zst of these")
      ->required()
      ->type_name("PATH");
  loss->add_option("--compute", a->compute,
                   "f32 or bf16; default: bf16 if the model is stored as bf16, else f32")
      ->check(OneOf({"f32", "bf16"}))
      ->type_name("TYPE");
  loss->add_option("--context", a->context,
                   "Tokens that are seen at once: at most, and by default, the model's context")
      ->check(WholeNumber(2, 1u << 20))
      ->type_name("N");
  loss->add_option("--max-tokens", a->max_tokens,
                   "Score exactly the first N tokens, like 100k (default: all)")
      ->check(CountFrom(1))
      ->type_name("N");
  loss->add_option("--separator", a->separator, "A line that ends a document in plain text")
      ->capture_default_str()
      ->type_name("TEXT");
  loss->add_flag("--chunks", a->chunks,
                 "The file as one text in windows of --context tokens, the second half of each "
                 "scored: comparable with llama.cpp's llama-perplexity");
  SetExamples(*loss,
              "cambium eval loss --model my-model --data held-out.txt\n"
              "cambium eval loss --model model.gguf --data wiki.txt --chunks --context 512");
  loss->callback([&context, a] { context.run = [&context, a] { EvalLoss(context, *a); }; });
}

}  // namespace cambium
