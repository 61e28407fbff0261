// SPDX-License-Identifier: Apache-2.0
// Training checkpoints: one self-validating file with an opaque JSON state (configuration, step,
// seeds, data position, ...) and named f32 tensors (weights, optimizer moments). Everything in it
// is under a SHA-256, so that a file that loads is the file that was written. The format is
// specified in docs/formats/checkpoint.md; it is cambium's own and not a format for exchange.
//
// Writing is atomic and streamed from the caller's buffers; reading is straight into the caller's
// buffers, without a map, so that neither doubles the memory of a model.
// Thread safety: none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/json.h"

namespace cambium {

struct CheckpointTensor {
  std::string name;
  std::vector<uint64_t> shape;  // outermost first; empty: a scalar
  std::span<const float> data;
};

// Throws kIo. Names are unique and sizes agree with shapes (CHECK).
void WriteCheckpoint(const std::filesystem::path& path, const Json& state,
                     std::span<const CheckpointTensor> tensors);

struct CheckpointEntry {
  std::string name;
  std::vector<uint64_t> shape;
  uint64_t size = 0;    // elements
  uint64_t offset = 0;  // from the start of the file
  std::string sha256;   // of the tensor's bytes, lower-case hex
};

class CheckpointReader {
 public:
  // Reads and checks the header and the size of the file. Throws kNotFound, kIo, kCorruptData,
  // kUnsupported (a newer version).
  explicit CheckpointReader(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const Json& state() const { return state_; }
  // In file order.
  const std::vector<CheckpointEntry>& tensors() const { return tensors_; }
  // nullptr: not there.
  const CheckpointEntry* Find(std::string_view name) const;

  // Fills `out` and checks the hash. kCorruptData naming the tensor when it is missing, of another
  // size, truncated or changed; `out` then holds garbage.
  void ReadTensor(std::string_view name, std::span<float> out);

  // Reads the whole file once in small pieces and checks every hash and padding byte. Throws as
  // ReadTensor.
  void Verify();

 private:
  void ReadAt(uint64_t offset, void* data, size_t size_bytes, const char* what);
  void ParseHeader(std::string_view text);

  std::filesystem::path path_;
  std::ifstream file_;
  uint64_t file_bytes_ = 0;
  Json state_;
  std::vector<CheckpointEntry> tensors_;
};

}  // namespace cambium
