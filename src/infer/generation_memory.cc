// SPDX-License-Identifier: Apache-2.0
#include "infer/generation_memory.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/physical_memory.h"
#include "base/progress.h"

namespace cambium {

double GenerationMemory::all_cache_bytes() const {
  return static_cast<double>(num_sequences) * static_cast<double>(cache_bytes);
}

double GenerationMemory::working_bytes() const {
  return static_cast<double>(pass_bytes) + static_cast<double>(tables_bytes) +
         static_cast<double>(num_sequences) * static_cast<double>(logits_bytes);
}

double GenerationMemory::total_bytes() const {
  return static_cast<double>(weights_bytes) + all_cache_bytes() + working_bytes();
}

std::string GenerationMemory::Text() const {
  return fmt::format(
      "memory      {} weights, {} keys and values ({}{} positions, {}), {} working memory",
      FormatBytes(static_cast<double>(weights_bytes)), FormatBytes(all_cache_bytes()),
      num_sequences == 1 ? "" : fmt::format("{} x ", num_sequences), positions,
      ops::KvTypeName(kv_type), FormatBytes(working_bytes()));
}

Json GenerationMemory::ToJson() const {
  return {{"weights", weights_bytes},
          {"kv_cache", std::llround(all_cache_bytes())},
          {"working", std::llround(working_bytes())},
          {"total", std::llround(total_bytes())},
          {"sequences", num_sequences},
          {"positions", positions}};
}

void GenerationMemory::Require() const {
  const std::string sequences =
      num_sequences == 1 ? "one sequence" : fmt::format("{} sequences", num_sequences);
  RequireMemory(total_bytes(),
                fmt::format("the model with {} of {} tokens ({} of keys and values)", sequences,
                            positions, FormatBytes(all_cache_bytes())),
                num_sequences == 1 ? "a shorter text or context, or another --kv-type, needs less"
                                   : "fewer sequences, shorter ones or another --kv-type need less",
                static_cast<double>(weights_bytes + pass_bytes));
}

GenerationMemory PlanMemory(const Engine& engine, size_t num_sequences, size_t positions,
                            const SpeculationOptions& speculation) {
  // A row for the last token, and one for every token of a guess behind it.
  const bool guesses = speculation.kind != SpeculationKind::kNone;
  const size_t rows = guesses ? 1 + speculation.max_tokens : 1;
  GenerationMemory memory = {
      .weights_bytes = engine.weight_bytes(),
      .pass_bytes = engine.activation_bytes(),
      .tables_bytes = engine.TableBytes(positions),
      .cache_bytes = engine.CacheBytes(positions),
      .logits_bytes = rows * engine.config().vocab_size * sizeof(float),
      .num_sequences = num_sequences,
      .positions = positions,
      .kv_type = engine.kv_type(),
  };
  if (speculation.kind == SpeculationKind::kDraft) {
    const Engine& draft = *speculation.draft;
    memory.weights_bytes += draft.weight_bytes();
    memory.pass_bytes +=
        draft.activation_bytes() + draft.config().vocab_size * sizeof(float);  // one row of logits
    const size_t draft_positions = std::min(positions, draft.max_context());
    memory.tables_bytes += draft.TableBytes(draft_positions);
    memory.cache_bytes += draft.CacheBytes(draft_positions);
  }
  return memory;
}

}  // namespace cambium
