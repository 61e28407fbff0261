// SPDX-License-Identifier: Apache-2.0
// Which operation was the first to differ? A trace file has one line per operation of training,
// with the hash of its result; two runs that should have the same bits are compared line by line.
//
// File: text. The first line is "# cambium op trace 1"; then per operation, separated by tabs:
//   step  index in the step  name  dtype  dims (outermost first, joined by x)  SHA-256 of the bytes
// Operations after a step's last one and before the next step (validation) count to the step.
// Hashing costs more than training: traces are for a few steps. Thread safety: none.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "tensor/tensor.h"

namespace cambium {

class OpTraceWriter {
 public:
  // Replaces a file that is there. Throws kIo, as Record, Flush and Finish do (a full disk).
  explicit OpTraceWriter(const std::filesystem::path& path);
  ~OpTraceWriter();
  OpTraceWriter(const OpTraceWriter&) = delete;
  OpTraceWriter& operator=(const OpTraceWriter&) = delete;

  // Operations that follow belong to this step (0-based).
  void BeginStep(uint64_t step);
  void Record(std::string_view name, const Tensor& result);
  // What was recorded so far outlives the process, however that ends.
  void Flush();
  // Everything is on disk afterwards; further lines are an error of the caller.
  void Finish();

 private:
  void Write(std::string_view line);

  std::filesystem::path path_;
  std::FILE* file_ = nullptr;
  uint64_t step_ = 0;
  uint64_t index_ = 0;
};

// One side of a difference; empty texts where the file has ended.
struct TracedOp {
  std::string name;
  std::string type_and_dims;  // "bf16 256x64"
  std::string sha256;
  bool operator==(const TracedOp&) const = default;
};

struct TraceDifference {
  uint64_t step = 0;
  uint64_t index = 0;  // of the operation in its step
  TracedOp a, b;
};

struct TraceComparison {
  uint64_t num_operations = 0;  // that are the same in both, from the first common step on
  uint64_t num_steps = 0;       // that both have begun
  std::optional<TraceDifference> first_difference;
  // A run that stopped earlier is not a difference: which file goes on, empty when none does.
  std::string longer;
};

// Compares from the first step that both files have (a resumed run begins later). A torn last line
// (a killed run) is left out. Throws kNotFound, kIo, and kCorruptData naming file and line.
TraceComparison CompareTraces(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace cambium
