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
#include "cli/generation_model.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "infer/model_comparison.h"
#include "infer/speculation.h"
#include "model/model_file.h"
#include "train/run.h"
#include "train/text_loss.h"

namespace cambium {
namespace {

struct EvalLossArguments {
  std::filesystem::path model, data, against;
  std::string compute, kv_type, max_tokens, separator = "<|endoftext|>";
  uint32_t context = 0;  // 0: the model's
  bool chunks = false;
};

uint32_t RowTokens(const EvalLossArguments& a, const ModelConfig& config) {
  const uint32_t tokens = a.context > 0 ? a.context : static_cast<uint32_t>(config.context_length);
  if (tokens > config.context_length) {
    Fail(ErrorCode::kInvalidArgument,
         "--context {}: the model was trained for a context of {} tokens, and cannot see more",
         tokens, config.context_length);
  }
  return tokens;
}

// Said where keys are not as they were computed.
std::string HeldText(ops::KvType kv_type, DType compute) {
  if (kv_type == ops::KvTypeOf(compute)) return "";
  return fmt::format(" with keys in {}", ops::KvTypeName(kv_type));
}

void ShowScored(uint64_t num_tokens, Progress& progress) {
  progress.Update(num_tokens);
  if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped after {} tokens", num_tokens);
}

// The same tokens through both models.
ComparisonResult CompareOnText(const Context& context, const EvalLossArguments& a,
                               const Tokenizer& tokenizer, uint32_t row_tokens, Engine& model,
                               Engine& reference, ThreadPool& pool, TextLoss* counts) {
  const uint64_t max_tokens = a.max_tokens.empty() ? 0 : ParseCount(a.max_tokens);
  const std::vector<uint32_t> bytes_of_token = BytesOfTokens(tokenizer);
  ModelComparison comparison(model, reference, static_cast<size_t>(tokenizer.vocab_size()),
                             row_tokens);
  Progress progress("scoring", max_tokens, "tok", context.quiet);
  const SegmentCallback add = [&](std::span<const int32_t> tokens,
                                  std::span<const int32_t> targets) {
    std::vector<int32_t> wanted(targets.begin(), targets.end());
    uint64_t left = max_tokens == 0 ? UINT64_MAX : max_tokens - comparison.num_tokens();
    for (int32_t& target : wanted) {
      if (target < 0) continue;
      if (left == 0) {
        target = -1;
        continue;
      }
      --left;
      counts->num_bytes += bytes_of_token[static_cast<size_t>(target)];
    }
    comparison.Add(tokens, wanted, [&](uint64_t num_tokens) { ShowScored(num_tokens, progress); });
    return max_tokens == 0 || comparison.num_tokens() < max_tokens;
  };
  if (a.chunks) {
    ForEachWindowSegment(ReadFile(a.data), tokenizer, row_tokens, pool, counts, add);
  } else {
    DocumentReader reader(a.data, {.separator = a.separator});
    ForEachDocumentSegment(reader, tokenizer, row_tokens, pool, counts, add);
    context.Note(reader.stats().Summary());
  }
  progress.Complete();
  return comparison.Finish();
}

void CompareModels(const Context& context, const EvalLossArguments& a) {
  ThreadPool pool(context.NumThreads());
  LoadedModel model = LoadModel(a.model, MatrixMemory::kStored);
  LoadedModel reference = LoadModel(a.against, MatrixMemory::kStored);
  const Tokenizer tokenizer(model.tokenizer);
  CheckSameVocabulary(Tokenizer(reference.tokenizer), tokenizer);
  const uint32_t row_tokens = std::min(RowTokens(a, model.config), RowTokens(a, reference.config));
  // Both in one type, in which the model runs by itself: what differs is then the weights, not the
  // arithmetic (an original in F16 would by itself be computed in f32, what is made of it in bf16).
  const DType compute = ComputeType(a.compute, model.types.compute);
  const auto engine_of = [&](LoadedModel& loaded, const std::string& kv_type) {
    return Engine(*loaded.parameters, pool,
                  {.compute = compute,
                   .kv_type = KvTypeOption(kv_type),
                   .max_context = row_tokens,
                   .max_batch_tokens = ModelComparison::kPassTokens,
                   .prefill_chunk = ModelComparison::kPassTokens,
                   .release_values = true});
  };
  const std::string fingerprint = ToHex(model.parameters->Fingerprint());
  const std::string reference_fingerprint = ToHex(reference.parameters->Fingerprint());
  // The reference keeps its own keys as they are, so that --kv-type can be measured by itself.
  Engine model_engine = engine_of(model, a.kv_type), reference_engine = engine_of(reference, "");
  TextLoss counts;
  const ComparisonResult result = CompareOnText(context, a, tokenizer, row_tokens, model_engine,
                                                reference_engine, pool, &counts);
  if (result.num_tokens == 0) {
    Fail(ErrorCode::kCorruptData, "{}: holds no token to score", a.data.string());
  }
  TextLoss loss = counts, reference_loss = counts;
  loss.num_tokens = reference_loss.num_tokens = result.num_tokens;
  loss.sum_nats = result.model_nats;
  reference_loss.sum_nats = result.reference_nats;
  const double ratio = result.model_perplexity() / result.reference_perplexity();
  if (context.json) {
    PrintJson({{"model", a.model.string()},
               {"fingerprint", fingerprint},
               {"against", a.against.string()},
               {"against_fingerprint", reference_fingerprint},
               {"data", a.data.string()},
               {"mode", a.chunks ? "chunks" : "documents"},
               {"compute_type", DTypeName(compute)},
               {"kv_type", ops::KvTypeName(model_engine.kv_type())},
               {"against_compute_type", DTypeName(compute)},
               {"numerics_version", kNumericsVersion},
               {"context", row_tokens},
               {"tokens", result.num_tokens},
               {"bytes", counts.num_bytes},
               {"documents", counts.num_documents},
               {"windows", counts.num_windows},
               {"nats_per_token", loss.nats_per_token()},
               {"against_nats_per_token", reference_loss.nats_per_token()},
               {"bits_per_byte", loss.bits_per_byte()},
               {"against_bits_per_byte", reference_loss.bits_per_byte()},
               {"perplexity", loss.perplexity()},
               {"against_perplexity", reference_loss.perplexity()},
               {"perplexity_ratio", ratio},
               {"kl_mean", result.mean_kl},
               {"kl_median", result.median_kl},
               {"kl_99_percent", result.kl_99_percent},
               {"kl_max", result.max_kl},
               {"same_top_token", result.same_best_share()}});
    return;
  }
  Print(
      fmt::format("KL divergence   mean {:.6f}, median {:.6f}, 99 % {:.6f}, max {:.6f} nats\n"
                  "same top token  {:.2f} %\n",
                  result.mean_kl, result.median_kl, result.kl_99_percent, result.max_kl,
                  result.same_best_share() * 100));
  Print(fmt::format(
      "nats per token  {:.5f}, the reference's {:.5f}\n"
      "bits per byte   {:.5f}, the reference's {:.5f}\n"
      "perplexity      {:.4f}, the reference's {:.4f}, ratio {:.5f}\n",
      loss.nats_per_token(), reference_loss.nats_per_token(), loss.bits_per_byte(),
      reference_loss.bits_per_byte(), loss.perplexity(), reference_loss.perplexity(), ratio));
  Print(fmt::format("over {} tokens ({}) of {}, at most {} tokens at once, both in {}{}\n",
                    result.num_tokens, FormatBytes(static_cast<double>(counts.num_bytes)),
                    a.chunks ? fmt::format("{} windows", counts.num_windows)
                             : fmt::format("{} documents", counts.num_documents),
                    row_tokens, DTypeName(compute), HeldText(model_engine.kv_type(), compute)));
}

void EvalLoss(const Context& context, const EvalLossArguments& a) {
  ThreadPool pool(context.NumThreads());
  LoadedModel model = LoadModel(a.model, MatrixMemory::kStored);
  const Tokenizer tokenizer(model.tokenizer);
  const DType compute = ComputeType(a.compute, model.types.compute);
  TextLossOptions options;
  options.row_tokens = RowTokens(a, model.config);
  options.kv_type = KvTypeOption(a.kv_type);
  const ops::KvType kv_type = options.kv_type.value_or(ops::KvTypeOf(compute));
  if (!a.max_tokens.empty()) options.max_tokens = ParseCount(a.max_tokens);
  const std::string fingerprint = ToHex(model.parameters->Fingerprint());
  model.parameters->PackForInference(compute, pool);

  Progress progress("scoring", options.max_tokens, "tok", context.quiet);
  options.progress = [&](uint64_t num_tokens) { ShowScored(num_tokens, progress); };
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
  progress.Complete();
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
               {"kv_type", ops::KvTypeName(kv_type)},
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
  Print(fmt::format("over {} tokens ({}) of {}, in {}{}, at most {} tokens at once\n",
                    loss.num_tokens, FormatBytes(static_cast<double>(loss.num_bytes)),
                    a.chunks ? fmt::format("{} windows", loss.num_windows)
                             : fmt::format("{} documents", loss.num_documents),
                    DTypeName(compute), HeldText(kv_type, compute), options.row_tokens));
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
                   fmt::format("{}. With --against: of both models, by default what suits --model",
                               kComputeHelp))
      ->check(OneOf({"f32", "bf16"}))
      ->type_name("TYPE");
  AddKvTypeOption(*loss, a->kv_type);
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
  loss->add_option("--against", a->against,
                   "A model to compare with, of the same vocabulary: the reference of KL "
                   "divergence, top-1 agreement and perplexity ratio")
      ->type_name("FILE");
  loss->add_flag("--chunks", a->chunks,
                 "The file as one text in windows of --context tokens, the second half of each "
                 "scored: comparable with llama.cpp's llama-perplexity");
  SetExamples(*loss,
              "cambium eval loss --model my-model --data held-out.txt\n"
              "cambium eval loss --model model.gguf --data wiki.txt --chunks --context 512\n"
              "cambium eval loss --model q8.gguf --against bf16.gguf --data wiki.txt");
  loss->callback([&context, a] {
    context.run = [&context, a] {
      if (a->against.empty()) return EvalLoss(context, *a);
      CompareModels(context, *a);
    };
  });
}

}  // namespace cambium
