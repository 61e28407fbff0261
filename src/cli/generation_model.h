// SPDX-License-Identifier: Apache-2.0
// The model that writes, and what belongs to it: tokenizer, engine, a draft model for speculation,
// the chat template. What `generate` and `chat` have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/context.h"
#include "infer/chat_prompt.h"
#include "infer/generate.h"
#include "model/model_file.h"

namespace cambium {

// What --compute says, "f32" or "bf16"; empty: what suits the stored matrices
// (StoredTypes::compute).
DType ComputeType(const std::string& option, DType stored);
inline constexpr const char* kComputeHelp =
    "f32 or bf16; default: f32 if a matrix is stored in f32 or f16, else (bf16 and quantised "
    "types) bf16";

// --kv-type: what keys and values are held in. Empty: the compute type.
void AddKvTypeOption(CLI::App& command, std::string& kv_type, const std::string& group = "");
std::optional<ops::KvType> KvTypeOption(const std::string& option);

struct GenerationModelArguments {
  std::filesystem::path model, draft;
  std::string compute, kv_type, speculate;
  size_t prefill_chunk = 256, speculate_tokens = 8;
  size_t context = 0;  // 0: the model's
};

void AddGenerationModelOptions(CLI::App& command, GenerationModelArguments& arguments);

class GenerationModel {
 public:
  // Throws as LoadModel does; kInvalidArgument for a context that the model does not have and a
  // draft model of another vocabulary.
  GenerationModel(const Context& context, const GenerationModelArguments& arguments);

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  Engine& engine() { return *engine_; }
  const LoadedModel& model() const { return model_; }
  const SpeculationOptions& speculation() const { return speculation_; }

 private:
  ThreadPool pool_;
  LoadedModel model_, draft_model_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<Engine> engine_, draft_;
  SpeculationOptions speculation_;
};

struct ChatTemplateArguments {
  std::string chat_template;  // a file, or "none"; empty: the model's
  std::string reasoning = "show";
  std::string date;  // "2026-03-31", which templates that ask are told; empty: today
};

void AddChatTemplateOptions(CLI::App& command, ChatTemplateArguments& arguments);
// Notes on standard error where there is no template. Throws kCorruptData for a broken one.
ChatPrompt MakeChatPrompt(const Context& context, const ChatTemplateArguments& arguments,
                          const Tokenizer& tokenizer);

// "none", "ngram" or "draft", and what came of it; for results and for people.
Json SpeculationJson(const SpeculationOptions& options, const GenerateStats& stats);
std::string SpeculationText(const GenerateStats& stats);

}  // namespace cambium
