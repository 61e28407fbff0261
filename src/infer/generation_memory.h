// SPDX-License-Identifier: Apache-2.0
// What making texts takes of memory, known before the sequences take any of it: shown to the user,
// and refused where there is not as much.
#pragma once

#include <cstddef>
#include <string>

#include "base/json.h"
#include "infer/speculation.h"

namespace cambium {

struct GenerationMemory {
  // Of all models, all but the tables held already.
  size_t weights_bytes = 0;
  size_t pass_bytes = 0;    // what a forward pass works in
  size_t tables_bytes = 0;  // of positions, made as texts grow
  // Of every sequence, a draft model's included.
  size_t cache_bytes = 0;   // keys and values
  size_t logits_bytes = 0;  // of one pass

  size_t num_sequences = 0;
  size_t positions = 0;  // that each has room for
  ops::KvType kv_type = ops::KvType::kF32;

  // Doubles, so that no number of sequences overflows.
  double all_cache_bytes() const;
  double working_bytes() const;
  double total_bytes() const;
  // "memory      638.0 MiB weights, 88.0 MiB keys and values (4096 positions, bf16), ..."
  std::string Text() const;
  // weights, kv_cache, working and total in bytes; sequences and positions.
  Json ToJson() const;
  // Throws kResourceExhausted where the limits allow less (base/physical_memory.h).
  void Require() const;
};

// For sequences that have room for `positions` each. Nothing is taken.
GenerationMemory PlanMemory(const Engine& engine, size_t num_sequences, size_t positions,
                            const SpeculationOptions& speculation = {});

}  // namespace cambium
