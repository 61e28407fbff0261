// SPDX-License-Identifier: Apache-2.0
// cambium info: what a model file holds, and whether its weights are what it says they are.
#include <algorithm>
#include <memory>
#include <optional>

#include "base/hash.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/generation_model.h"
#include "cli/help.h"
#include "cli/model_description.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/text_table.h"
#include "infer/generation_memory.h"
#include "model/kv_cache.h"
#include "model/model_file.h"
#include "model/parameters.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

struct InfoArguments {
  std::filesystem::path path;
  uint64_t context = 0;  // 0: the model's
  std::string kv_type;
  bool tensors = false, metadata = false, verify = false;
};

// Larger files are hashed only when asked for: all weights are read, and widened to f32.
constexpr uint64_t kMaxBytesToHash = uint64_t{2} << 30;

struct WeightIdentity {
  std::string fingerprint;  // of the values in the file, as f32; empty: not computed
  std::string verdict;
  // As `generate` and `chat` run the model.
  std::optional<GenerationMemory> memory;
};

// A model that cannot run needs no memory.
bool HasCache(const ModelDescription& model) {
  return model.config && model.why_not_runnable.empty();
}

uint64_t ContextOf(const ModelDescription& model, const InfoArguments& a) {
  return a.context > 0 ? a.context : model.config->context_length;
}

ops::KvType CacheType(const ModelDescription& model, const InfoArguments& a) {
  return KvTypeOption(a.kv_type).value_or(ops::KvTypeOf(model.default_compute));
}

uint64_t CacheBytes(const ModelDescription& model, const InfoArguments& a) {
  return KvCache::SizeBytes(*model.config, model.default_compute, CacheType(model, a),
                            ContextOf(model, a));
}

// Of running the model, without packing it.
GenerationMemory PlanOf(const ModelDescription& model, const InfoArguments& a,
                        ParameterStore& parameters, ThreadPool& pool) {
  const Engine engine(parameters, pool,
                      {.compute = model.default_compute,
                       .kv_type = KvTypeOption(a.kv_type),
                       .pack_weights = false});
  GenerationMemory memory = PlanMemory(engine, 1, ContextOf(model, a));
  memory.weights_bytes = parameters.InferenceBytes(model.default_compute);
  return memory;
}

WeightIdentity IdentityOf(const ModelDescription& model, const InfoArguments& a, ThreadPool& pool) {
  WeightIdentity identity;
  if (!model.why_not_runnable.empty()) {
    identity.verdict = "not computed: this build cannot load the model";
    return identity;
  }
  const bool hashed = model.file_bytes <= kMaxBytesToHash || a.verify;
  try {
    // A folder's weights would all be read, to be f32 values: for the plan their shapes will do.
    const bool shapes_only = !hashed && std::filesystem::is_directory(model.path);
    const std::unique_ptr<ParameterStore> parameters =
        shapes_only ? ParameterStore::ShapesOnly(*model.config)
                    : std::move(LoadModel(model.path, MatrixMemory::kStored).parameters);
    if (hashed) identity.fingerprint = ToHex(parameters->Fingerprint());
    identity.memory = PlanOf(model, a, *parameters, pool);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported && error.code() != ErrorCode::kCorruptData &&
        error.code() != ErrorCode::kNotFound) {
      throw;
    }
    identity.verdict = std::string("not computed: ") + error.what();
    return identity;
  }
  if (!hashed) {
    identity.verdict = "not computed: the file is large; --verify reads all of it";
  } else if (model.stored_fingerprint.empty()) {
    identity.verdict = "the file records none to compare with";
  } else if (identity.fingerprint == model.stored_fingerprint) {
    identity.verdict = "equal to the one recorded in the file";
  } else if (model.all_f32()) {
    identity.verdict = "NOT the one recorded in the file: the weights were changed";
  } else {
    identity.verdict = "differs from the recorded one, which is of the weights before rounding";
  }
  return identity;
}

std::string Sha256Text(std::string_view text) { return ToHex(Sha256Of(text)); }

const char* TokenizerModelName(TokenizerModel model) {
  switch (model) {
    case TokenizerModel::kByte:
      return "byte";
    case TokenizerModel::kBpe:
      return "bpe";
    case TokenizerModel::kSentencePiece:
      return "sentencepiece";
    case TokenizerModel::kWordPiece:
      return "wordpiece";
  }
  return "";
}

std::string TokenizerModelText(const TokenizerData& data) {
  switch (data.model) {
    case TokenizerModel::kByte:
      return "bytes";
    case TokenizerModel::kBpe:
      return fmt::format("BPE, pre-tokenizer {}, {} merges", data.pre_tokenizer,
                         data.merges.size());
    case TokenizerModel::kSentencePiece:
      return data.merges.empty() ? std::string("SentencePiece BPE by scores")
                                 : fmt::format("SentencePiece BPE, {} merges", data.merges.size());
    case TokenizerModel::kWordPiece:
      return "WordPiece";
  }
  return "";
}

// Why its chat template cannot be used; empty: it can, or there is none.
std::string TemplateProblem(const ModelDescription& model) {
  try {
    const ChatTemplate parsed(model.tokenizer->chat_template);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Json TokenizerJson(const ModelDescription& model) {
  if (!model.tokenizer) return {{"note", model.why_no_tokenizer}};
  const TokenizerData& data = *model.tokenizer;
  Json specials = Json::array();
  for (size_t i = 0; i < data.tokens.size(); ++i) {
    if (data.types[i] != TokenType::kControl && data.types[i] != TokenType::kUserDefined) continue;
    specials.push_back({{"id", i}, {"text", data.tokens[i]}});
  }
  Json json = {{"model", TokenizerModelName(data.model)},
               {"vocab_size", data.tokens.size()},
               {"merges", data.merges.size()},
               {"pre_tokenizer", data.pre_tokenizer},
               {"bos_id", data.bos_id},
               {"eos_id", data.eos_id},
               {"add_bos", data.add_bos},
               {"special_tokens", specials},
               {"hash", nullptr},
               {"chat_template_sha256", nullptr}};
  try {
    json["hash"] = ToHex(Tokenizer(data).Hash());
  } catch (const Error& error) {
    json["note"] = error.what();
  }
  json["end_ids"] = data.end_ids;
  if (!data.chat_template.empty()) {
    json["chat_template_sha256"] = Sha256Text(data.chat_template);
    const std::string problem = TemplateProblem(model);
    if (!problem.empty()) json["chat_template_problem"] = problem;
  }
  return json;
}

std::string TokenizerText(const ModelDescription& model) {
  if (!model.tokenizer) return "cannot be used by this build: " + model.why_no_tokenizer;
  const Json json = TokenizerJson(model);
  const TokenizerData& data = *model.tokenizer;
  std::string text = TokenizerModelText(data);
  text +=
      fmt::format(", {} tokens ({} special)", data.tokens.size(), json["special_tokens"].size());
  if (data.bos_id >= 0) text += fmt::format(", bos {}", data.bos_id);
  if (data.eos_id >= 0) text += fmt::format(", eos {}", data.eos_id);
  return text;
}

Json InfoJson(const ModelDescription& model, const InfoArguments& a,
              const WeightIdentity& identity) {
  Json json = {{"path", model.path.string()},        {"format", model.format},
               {"file_bytes", model.file_bytes},     {"name", model.name},
               {"architecture", model.architecture}, {"runnable", model.why_not_runnable.empty()}};
  if (!model.why_not_runnable.empty()) json["why_not_runnable"] = model.why_not_runnable;
  if (model.config) json["config"] = model.config->ToJson();
  json["parameters"] = model.num_parameters();
  json["tensor_count"] = model.tensors.size();
  json["tensor_bytes"] = model.tensor_bytes();
  json["tensor_groups"] = Json::array();
  for (const TensorGroup& group : GroupTensors(model.tensors)) {
    json["tensor_groups"].push_back({{"name", group.name},
                                     {"types", group.types},
                                     {"count", group.count},
                                     {"parameters", group.size},
                                     {"bytes", group.size_bytes}});
  }
  json["tokenizer"] = TokenizerJson(model);
  json["numerics_version"] = model.numerics_version;
  json["compute_type"] = model.compute_type;
  json["fingerprint"] = {
      {"stored", model.stored_fingerprint},
      {"computed", identity.fingerprint},
      {"equal", !identity.fingerprint.empty() && identity.fingerprint == model.stored_fingerprint},
      {"note", identity.verdict}};
  if (HasCache(model)) {
    json["kv_cache"] = {{"context", ContextOf(model, a)},
                        {"type", ops::KvTypeName(CacheType(model, a))},
                        {"bytes", CacheBytes(model, a)}};
    if (identity.memory) json["memory_plan"] = identity.memory->ToJson();
  }
  if (a.tensors) {
    json["tensors"] = Json::array();
    for (const DescribedTensor& tensor : model.tensors) {
      json["tensors"].push_back({{"name", tensor.name},
                                 {"type", tensor.type},
                                 {"shape", tensor.shape},
                                 {"bytes", tensor.size_bytes}});
    }
  }
  if (a.metadata) {
    json["metadata"] = Json::object();
    for (const auto& [key, value] : model.metadata) json["metadata"][key] = value;
  }
  return json;
}

std::string ShapeText(const ModelConfig& c) {
  std::string text = fmt::format(
      "{} layers, width {}, {} heads{} of {}, feed-forward {} {}, vocabulary {}, context {}",
      c.num_layers, c.width, c.num_heads,
      c.num_kv_heads == c.num_heads ? "" : fmt::format(" ({} for keys)", c.num_kv_heads),
      c.head_dim, FfnKindName(c.ffn), c.ffn_width, c.vocab_size, c.context_length);
  if (c.num_experts != 0) {
    text += fmt::format(", {} of {} experts for each token", c.experts_per_token, c.num_experts);
  }
  if (c.qk_norm) text += ", QK-norm";
  if (c.window != 0) {
    text += fmt::format(", window {}", c.window);
    if (c.full_attention_every != 0) {
      text += fmt::format(" but in every {}. layer", c.full_attention_every);
    }
  }
  text += c.tied_embeddings ? ", head = embedding" : ", own head";
  return text;
}

void AddLine(const char* name, const std::string& value, std::string* out) {
  if (!value.empty()) *out += WrapField(name, 13, value);
}

// What headers say: there at once, whatever the size of the file.
std::string InfoText(const ModelDescription& model, const InfoArguments& a) {
  std::string out;
  const auto line = [&](const char* name, const std::string& value) { AddLine(name, value, &out); };
  line("file", fmt::format("{} ({}, {})", model.path.string(), model.format,
                           FormatBytes(static_cast<double>(model.file_bytes))));
  line("name", model.name);
  line("architecture", model.architecture);
  line("note", model.why_not_runnable.empty()
                   ? ""
                   : "cambium cannot run this model: " + model.why_not_runnable);
  if (model.config) line("shape", ShapeText(*model.config));
  line("parameters", fmt::format("{} ({}) in {} tensors",
                                 FormatCount(static_cast<double>(model.num_parameters())),
                                 model.num_parameters(), model.tensors.size()));
  line("tokenizer", TokenizerText(model));
  const Json tokenizer = TokenizerJson(model);
  if (tokenizer.contains("hash") && tokenizer["hash"].is_string()) {
    line("  hash", tokenizer["hash"].get<std::string>());
  }
  if (model.tokenizer) {
    line("chat template", model.tokenizer->chat_template.empty()
                              ? "none"
                              : "SHA-256 " + Sha256Text(model.tokenizer->chat_template));
    line("", model.tokenizer->chat_template.empty() ? "" : TemplateProblem(model));
  }
  if (model.numerics_version > 0 && !model.compute_type.empty()) {
    line("numerics",
         fmt::format("version {}, trained in {}", model.numerics_version, model.compute_type));
  }
  line("recorded", model.stored_fingerprint);
  if (HasCache(model)) {
    line("KV cache", fmt::format("{} for {} positions of one sequence in {}",
                                 FormatBytes(static_cast<double>(CacheBytes(model, a))),
                                 ContextOf(model, a), ops::KvTypeName(CacheType(model, a))));
    if (ContextOf(model, a) > model.config->context_length) {
      line("", fmt::format("{} positions are more than the {} that the model was trained for",
                           ContextOf(model, a), model.config->context_length));
    }
  }
  using Align = TableColumn::Align;
  TextTable groups({{.name = "TENSORS", .may_shrink = true},
                    {.name = "COUNT", .align = Align::kRight},
                    {.name = "TYPE"},
                    {.name = "SHAPE", .may_shrink = true},
                    {.name = "PARAMETERS", .align = Align::kRight},
                    {.name = "SIZE", .align = Align::kRight}});
  for (const TensorGroup& group : GroupTensors(model.tensors)) {
    groups.AddRow({group.name, fmt::format("{}", group.count), group.types, group.shape,
                   FormatCount(static_cast<double>(group.size)),
                   FormatBytes(static_cast<double>(group.size_bytes))});
  }
  if (!model.tensors.empty()) out += "\n" + groups.Format();
  if (a.tensors) {
    TextTable tensors({{.name = "TENSOR", .may_shrink = true},
                       {.name = "TYPE"},
                       {.name = "SHAPE", .may_shrink = true},
                       {.name = "SIZE", .align = Align::kRight}});
    for (const DescribedTensor& tensor : model.tensors) {
      tensors.AddRow({tensor.name, tensor.type, fmt::format("{}", fmt::join(tensor.shape, " x ")),
                      FormatBytes(static_cast<double>(tensor.size_bytes))});
    }
    out += "\n" + tensors.Format();
  }
  if (a.metadata) {
    out += "\n";
    for (const auto& [key, value] : model.metadata) out += fmt::format("{} = {}\n", key, value);
  }
  return out;
}

// What takes opening the weights, or reading all of them.
std::string WeightsText(const WeightIdentity& identity) {
  std::string out;
  if (identity.memory) {
    const GenerationMemory& memory = *identity.memory;
    AddLine("memory",
            fmt::format("{} to run: weights {}, KV cache {}, working memory {}",
                        FormatBytes(memory.total_bytes()),
                        FormatBytes(static_cast<double>(memory.weights_bytes)),
                        FormatBytes(memory.all_cache_bytes()), FormatBytes(memory.working_bytes())),
            &out);
  }
  AddLine("fingerprint", identity.fingerprint, &out);
  AddLine(identity.fingerprint.empty() ? "fingerprint" : "", identity.verdict, &out);
  return out;
}

void PrintInfo(const Context& context, const InfoArguments& a) {
  context.EndAtOnceOnInterrupt();  // nothing is written, and hashing a model takes long
  const ModelDescription model = DescribeModel(a.path);
  ThreadPool pool(context.NumThreads());
  if (context.json) {
    PrintJson(InfoJson(model, a, IdentityOf(model, a, pool)));
    return;
  }
  Print(InfoText(model, a) + "\n");
  FlushOutput();
  Print(WeightsText(IdentityOf(model, a, pool)));
}

}  // namespace

void AddInfoCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "info", "Show what a model file holds: shape, tensors, tokenizer, identity");
  const auto a = std::make_shared<InfoArguments>();
  command
      ->add_option("PATH", a->path,
                   "A GGUF file, a Hugging Face folder, or the folder of a training run")
      ->required();
  command
      ->add_option("--context", a->context, "Positions to plan memory for (default: the model's)")
      ->check(WholeNumber(1, uint64_t{1} << 24))
      ->type_name("N");
  AddKvTypeOption(*command, a->kv_type);
  command->add_flag("--tensors", a->tensors, "List every tensor");
  command->add_flag("--metadata", a->metadata, "List every key of a GGUF file");
  command->add_flag("--verify", a->verify,
                    "Compute the weights' fingerprint of a file above 2 GiB, too");
  SetExamples(*command,
              "cambium info my-model/model.gguf\n"
              "cambium info my-model --tensors\n"
              "cambium info model.gguf --context 32768 --json");
  command->callback([&context, a] { context.run = [&context, a] { PrintInfo(context, *a); }; });
}

}  // namespace cambium
