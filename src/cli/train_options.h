// SPDX-License-Identifier: Apache-2.0
// What the training commands (train, quickstart, runs verify) share: the preset list, the report at
// the end.
#pragma once

#include <string>

#include "cli/context.h"
#include "train/run.h"

namespace cambium {

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
