// SPDX-License-Identifier: Apache-2.0
// GgufWriter: a GGUF version 3 file, alignment 32, tensors one after the other in the order of
// their declaration (other engines require exactly that). Streamed: at most one block of converted
// elements is in memory. Atomic: without Commit() nothing is left on disk.
//
//   GgufWriter writer(path);
//   writer.AddString("general.architecture", "llama"); ...      metadata
//   writer.AddTensor("output_norm.weight", GgmlType::kF32, {64}); ...    all tensors
//   writer.WriteTensor("output_norm.weight", floats); ...       their data, in the same order
//   writer.Commit();
//
// Calls out of order, duplicate names and sizes that disagree are bugs of the caller (CHECK).
// Thread safety: none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "formats/gguf.h"
#include "formats/gguf_types.h"

namespace cambium {

class GgufWriter {
 public:
  explicit GgufWriter(const std::filesystem::path& path);

  void AddUint32(std::string_view key, uint32_t value);
  void AddFloat32(std::string_view key, float value);
  void AddBool(std::string_view key, bool value);
  void AddString(std::string_view key, std::string_view value);
  void AddStrings(std::string_view key, std::span<const std::string> values);
  void AddInt32s(std::string_view key, std::span<const int32_t> values);
  void AddFloat32s(std::string_view key, std::span<const float> values);

  // As it stands in another file.
  void AddValue(const GgufValue& value);

  // shape: outermost first, 1 to 4 dims, none 0, rows of whole blocks. name: 1 to 63 bytes. type: a
  // known one.
  void AddTensor(std::string_view name, GgmlType type, std::span<const uint64_t> shape);
  // Converts to the declared type (F32, F16 or BF16), rounding to nearest even.
  void WriteTensor(std::string_view name, std::span<const float> data);
  // Data of the declared type, in one or several parts.
  void WriteTensorBytes(std::string_view name, std::span<const uint8_t> part);

  // Checks that every declared tensor was written, and puts the file in place.
  void Commit();

 private:
  struct DeclaredTensor {
    std::string name;
    GgmlType type;
    std::vector<uint64_t> shape;
    uint64_t size;
    uint64_t size_bytes;
  };

  void BeginValue(std::string_view key, GgufValueType type);
  void WriteHeader();
  // The tensor whose data comes next, which must be this one.
  const DeclaredTensor& NextTensor(std::string_view name);
  void Pad();

  AtomicFileWriter file_;
  std::string metadata_;  // encoded values
  uint64_t num_values_ = 0;
  std::set<std::string, std::less<>> names_;  // keys and tensor names, for CHECK
  std::vector<DeclaredTensor> tensors_;
  size_t num_written_ = 0;   // tensors
  uint64_t part_bytes_ = 0;  // of the next one that are written already
  bool header_written_ = false;
};

}  // namespace cambium
