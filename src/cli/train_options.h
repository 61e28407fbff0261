// SPDX-License-Identifier: Apache-2.0
// What the training commands (train, quickstart, runs verify) share: tokenizers by name, the
// preset list, the report at the end.
#pragma once

#include <memory>
#include <string>

#include "cli/context.h"
#include "train/run.h"

namespace cambium {

// "byte", a tokenizer.json, a GGUF model, or a folder with one of these. Documents begin with the
// token that ends them.
std::shared_ptr<const Tokenizer> LoadTokenizer(const std::filesystem::path& name);
// The first of the tokenizer of a run's folder, its model's tokenizer and bytes that has this hash
// (hex). Throws kNotFound.
std::shared_ptr<const Tokenizer> FindTokenizer(const std::filesystem::path& folder,
                                               const std::string& hash);
// Sets bos to eos where there is none: a document's first token is then learned as well, and text
// can be generated from nothing.
TokenizerData WithDocumentTokens(TokenizerData data);

std::string PresetNames();
GgmlType ExportTypeOf(const std::string& name);

// Of the first megabyte of the data.
double MeanBytesPerToken(const std::filesystem::path& data, const TokenDatasetOptions& dataset,
                         const Tokenizer& tokenizer);

// What the user learns when a run ends: loss, fingerprint, where things are, how to go on.
void ReportTraining(const TrainRunResult& result, const std::string& out,
                    const std::string& command_to_go_on, const Context& context);
// Of a run that was complete before this command.
void ReportFinishedBefore(const TrainRunResult& result, const std::string& out,
                          const Context& context);

}  // namespace cambium
