// SPDX-License-Identifier: Apache-2.0
// Safetensors files: u64 header length, a JSON header (name -> dtype, shape, data_offsets), then
// the data, little-endian, row-major. Reader: mapped, fully validated on opening (sizes agree with
// shapes, the tensors cover the data exactly: no overlap, no hole; no duplicate names), nothing
// copied. Writer: streamed and atomic.
// Format source: the safetensors project (huggingface/safetensors, README "Format").
// Thread safety: SafetensorsFile is immutable after construction; the writer has none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace cambium {

enum class SafetensorsType { kF32, kF16, kBF16 };

struct SafetensorsTensor {
  std::string name;
  std::string dtype;            // as in the file: "F32", "BF16", "I64", ...
  std::vector<uint64_t> shape;  // outermost first; empty: a scalar. Dims may be 0
  uint64_t size = 0;            // elements
  uint64_t offset = 0;          // from the start of the file
  uint64_t size_bytes = 0;
};

class SafetensorsFile {
 public:
  // Throws kNotFound, kIo, kCorruptData, kUnsupported (a dtype with an unknown size).
  explicit SafetensorsFile(const std::filesystem::path& path);
  // The same over bytes that outlive the object. name: for messages.
  SafetensorsFile(std::span<const uint8_t> bytes, std::string name);
  SafetensorsFile(SafetensorsFile&&) = default;
  SafetensorsFile& operator=(SafetensorsFile&&) = default;

  const std::string& name() const { return name_; }
  // In the order of names.
  const std::vector<SafetensorsTensor>& tensors() const { return tensors_; }
  // The header's __metadata__.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  const SafetensorsTensor* FindTensor(std::string_view tensor_name) const;
  // kCorruptData naming the missing tensor.
  const SafetensorsTensor& RequireTensor(std::string_view tensor_name) const;
  // The data of a tensor of this file. Not necessarily aligned to its elements.
  std::span<const uint8_t> TensorBytes(const SafetensorsTensor& tensor) const;
  // F32, F16 and BF16 to floats; out has tensor.size elements. kUnsupported for other types.
  void ReadTensor(const SafetensorsTensor& tensor, std::span<float> out) const;
  // out[i] is element first + i * stride of the tensor, all inside of it (else CHECK).
  void ReadElements(const SafetensorsTensor& tensor, uint64_t first, uint64_t stride,
                    std::span<float> out) const;

 private:
  void Parse();

  MappedFile map_;
  std::span<const uint8_t> bytes_;
  std::string name_;
  std::vector<SafetensorsTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

// As GgufWriter: declare all tensors, then write their data in the same order, then Commit().
class SafetensorsWriter {
 public:
  explicit SafetensorsWriter(const std::filesystem::path& path);

  void AddMetadata(const std::string& key, const std::string& value);
  // shape: outermost first.
  void AddTensor(std::string_view name, SafetensorsType type, std::span<const uint64_t> shape);
  void WriteTensor(std::string_view name, std::span<const float> data);
  void Commit();

 private:
  struct DeclaredTensor {
    std::string name;
    SafetensorsType type;
    std::vector<uint64_t> shape;
    uint64_t size;
  };

  void WriteHeader();

  AtomicFileWriter file_;
  std::map<std::string, std::string> metadata_;
  std::set<std::string, std::less<>> names_;
  std::vector<DeclaredTensor> tensors_;
  size_t num_written_ = 0;
  bool header_written_ = false;
};

}  // namespace cambium
