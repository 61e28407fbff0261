// SPDX-License-Identifier: Apache-2.0
// GgufFile: a GGUF file (version 2 or 3, little-endian), mapped and fully validated on opening.
// After the constructor has returned, every view it hands out lies inside the file: counts were
// capped by the bytes left, sizes cannot overflow, tensors are aligned and do not overlap, names
// and keys are unique. Nothing is copied: values, strings and tensor data are views of the map.
//
// A model split into several files ("NAME-00001-of-00003.gguf") reads as one file: open the first,
// the others are found beside it. Metadata is that of the first.
//
// Not read: version 1, big-endian files, arrays of arrays.
// Format source: ggml, docs/gguf.md. Format as we read and write it: docs/formats/gguf.md.
// Thread safety: immutable after construction.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "formats/gguf_types.h"
#include "numerics/quant/dequantize.h"

namespace cambium {

// One metadata value. For an array, `type` is kArray and `element_type` says of what.
struct GgufValue {
  std::string_view key;
  GgufValueType type = GgufValueType::kUint8;
  GgufValueType element_type = GgufValueType::kUint8;  // arrays only
  uint64_t count = 1;                                  // elements; 1 for a scalar
  std::span<const uint8_t> bytes;  // as in the file, behind the type (and the count)

  bool is_array() const { return type == GgufValueType::kArray; }
};

struct GgufTensor {
  std::string_view name;
  GgmlType type = GgmlType::kF32;
  // Outermost first: [rows, columns] of a row-major matrix. The file has them innermost first.
  std::vector<uint64_t> shape;
  uint64_t size = 0;                   // elements
  uint64_t offset = 0;                 // from the start of the file that it is in
  uint32_t part = 0;                   // which file of a split model
  std::optional<uint64_t> size_bytes;  // nullopt: element type unknown to this build
};

class GgufFile {
 public:
  // Throws kNotFound, kIo, kCorruptData, kUnsupported.
  explicit GgufFile(const std::filesystem::path& path);
  // The same over bytes that outlive the object, of one file only. name: for messages.
  GgufFile(std::span<const uint8_t> bytes, std::string name);
  GgufFile(GgufFile&&) = default;
  GgufFile& operator=(GgufFile&&) = default;

  const std::string& name() const { return name_; }
  uint32_t version() const { return version_; }
  uint64_t alignment() const { return alignment_; }
  size_t num_parts() const { return 1 + parts_.size(); }
  // In file order.
  const std::vector<GgufValue>& values() const { return values_; }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }

  // nullptr: not there.
  const GgufValue* Find(std::string_view key) const;
  const GgufTensor* FindTensor(std::string_view tensor_name) const;
  // kCorruptData naming the missing tensor.
  const GgufTensor& RequireTensor(std::string_view tensor_name) const;

  // Typed values; nullopt when the key is not there, kCorruptData when its value is of another kind
  // or out of range. Integers of any width and sign are accepted where they fit.
  std::optional<uint64_t> GetUint(std::string_view key, uint64_t max = UINT32_MAX) const;
  std::optional<float> GetFloat(std::string_view key) const;  // f32 or f64
  std::optional<bool> GetBool(std::string_view key) const;
  std::optional<std::string_view> GetString(std::string_view key) const;
  std::optional<std::vector<std::string_view>> GetStrings(std::string_view key) const;
  std::optional<std::vector<int32_t>> GetInts(std::string_view key) const;  // any integer type
  std::optional<std::vector<float>> GetFloats(std::string_view key) const;  // f32 only
  // As above, but kCorruptData when the key is missing.
  uint64_t RequireUint(std::string_view key, uint64_t max = UINT32_MAX) const;
  float RequireFloat(std::string_view key) const;
  std::string_view RequireString(std::string_view key) const;

  // The data of a tensor of this file; aligned to alignment() in the map. kUnsupported when its
  // element type is unknown.
  std::span<const uint8_t> TensorBytes(const GgufTensor& tensor) const;
  // The same as blocks of its type, for kernels that use them as they are. kUnsupported for types
  // that IsReadable refuses.
  QuantBlocks TensorBlocks(const GgufTensor& tensor) const;
  // The blocks as floats (Dequantize); out has tensor.size elements.
  void ReadTensor(const GgufTensor& tensor, std::span<float> out) const;
  // Elements [first, first + size) as blocks: first and size are of whole blocks (kUnsupported
  // where they are not) and inside the tensor (else CHECK).
  QuantBlocks ElementBlocks(const GgufTensor& tensor, uint64_t first, uint64_t size) const;

 private:
  struct SinglePart {};
  GgufFile(const std::filesystem::path& path, SinglePart);

  void Parse();
  void IndexTensors();
  // Opens the other files of a split model, if this is one, and takes their tensors in
  // (gguf_split.cc). path: nullptr when there are only bytes.
  void JoinParts(const std::filesystem::path* path);

  MappedFile map_;
  std::span<const uint8_t> bytes_;
  std::string name_;
  uint32_t version_ = 0;
  uint64_t alignment_ = 0;
  std::vector<GgufValue> values_;
  std::vector<GgufTensor> tensors_;
  std::vector<GgufFile> parts_;            // of a split model, from the second
  std::vector<uint32_t> values_by_key_;    // indices into values_, in the order of keys
  std::vector<uint32_t> tensors_by_name_;  // indices into tensors_, in the order of names
};

// "hello", "[1, 2, 3, ... 512 i32]": for `cambium info`; cut after a few elements.
std::string DescribeGgufValue(const GgufValue& value);

}  // namespace cambium
