// SPDX-License-Identifier: Apache-2.0
// Opening and validating; typed access to metadata is in gguf_values.cc.
#include "formats/gguf.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

#include "base/byte_reader.h"
#include "base/check.h"
#include "base/error.h"
#include "formats/quote.h"
#include "numerics/quant/dequantize.h"

namespace cambium {
namespace {

constexpr uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr uint32_t kMaxDims = 4;
constexpr uint64_t kMaxKeyBytes = 65535;
constexpr uint64_t kMaxCount = uint64_t{1} << 20;  // of tensors and of metadata values
constexpr uint64_t kMaxTensorNameBytes = 64;
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint64_t kMinAlignment = 8;
constexpr uint64_t kMaxAlignment = uint64_t{1} << 20;
// key length, value type, one byte of value
constexpr uint64_t kMinValueBytes = 8 + 4 + 1;
// name length, number of dims, one dim, type, offset
constexpr uint64_t kMinTensorBytes = 8 + 4 + 8 + 4 + 8;

// false: a * b does not fit.
bool Multiply(uint64_t a, uint64_t b, uint64_t* product) {
  return !__builtin_mul_overflow(a, b, product);
}

std::vector<uint32_t> SortedIndex(size_t n, const auto& less) {
  std::vector<uint32_t> index(n);
  std::iota(index.begin(), index.end(), 0u);
  std::stable_sort(index.begin(), index.end(), less);
  return index;
}

// Reads the value behind `value->key`; arrays of strings are walked to find their end.
void ReadValue(ByteReader& reader, const std::string& file_name, GgufValue* value) {
  value->type = static_cast<GgufValueType>(reader.Read<uint32_t>("type of a metadata value"));
  GgufValueType element = value->type;
  if (value->is_array()) {
    element = static_cast<GgufValueType>(reader.Read<uint32_t>("element type of an array"));
    value->element_type = element;
    if (element == GgufValueType::kArray && !reader.failed()) {
      Fail(ErrorCode::kUnsupported,
           "{}: offset {}: key {} is an array of arrays, which is not read", file_name,
           reader.offset(), Quote(value->key));
    }
  }
  const uint64_t element_bytes = GgufValueBytes(element);
  if (element_bytes == 0) {
    reader.SetFailed(fmt::format("key {} has the unknown value type {}", Quote(value->key),
                                 static_cast<uint32_t>(element)));
    return;
  }
  value->count = value->is_array() ? reader.ReadCount64(element_bytes, "length of an array") : 1;
  if (element != GgufValueType::kString) {
    value->bytes = reader.ReadBytes(value->count * element_bytes, "metadata value");
    if (value->type == GgufValueType::kBool && !reader.failed() && value->bytes[0] > 1) {
      reader.SetFailed(fmt::format("key {} is a bool with the value {} (0 or 1 expected)",
                                   Quote(value->key), value->bytes[0]));
    }
    return;
  }
  ByteReader start = reader;
  const uint64_t begin = reader.offset();
  for (uint64_t i = 0; i < value->count && !reader.failed(); ++i) reader.ReadString64("string");
  if (!reader.failed()) value->bytes = start.ReadBytes(reader.offset() - begin, "strings");
}

// Name, shape, type and offset (relative to the data section, which is not known yet).
void ReadTensorInfo(ByteReader& reader, GgufTensor* tensor) {
  tensor->name = reader.ReadString64("name of a tensor");
  if (tensor->name.size() > kMaxTensorNameBytes || (tensor->name.empty() && !reader.failed())) {
    reader.SetFailed(fmt::format("a tensor name of {} bytes (1 to {} expected)",
                                 tensor->name.size(), kMaxTensorNameBytes));
    return;
  }
  const uint32_t num_dims = reader.Read<uint32_t>("number of dimensions");
  if (!reader.failed() && (num_dims == 0 || num_dims > kMaxDims)) {
    reader.SetFailed(fmt::format("tensor {} has {} dimensions (1 to {} expected)",
                                 Quote(tensor->name), num_dims, kMaxDims));
    return;
  }
  tensor->size = 1;
  for (uint32_t i = 0; i < num_dims && !reader.failed(); ++i) {
    const uint64_t dim = reader.Read<uint64_t>("dimension");
    tensor->shape.insert(tensor->shape.begin(), dim);
    if (reader.failed()) return;
    if (dim == 0) {
      reader.SetFailed(fmt::format("tensor {} has a dimension of 0", Quote(tensor->name)));
    } else if (!Multiply(tensor->size, dim, &tensor->size)) {
      reader.SetFailed(
          fmt::format("tensor {}: the product of its dimensions overflows", Quote(tensor->name)));
    }
  }
  tensor->type = static_cast<GgmlType>(reader.Read<uint32_t>("type of a tensor"));
  tensor->offset = reader.Read<uint64_t>("offset of a tensor");
  if (reader.failed()) return;
  const auto info = GgmlTypeInfoOf(tensor->type);
  if (!info) return;
  uint64_t size_bytes = 0;
  if (tensor->shape.back() % info->block_size != 0) {
    reader.SetFailed(
        fmt::format("tensor {} has rows of {} elements, not a multiple of the {} that "
                    "a block of {} holds",
                    Quote(tensor->name), tensor->shape.back(), info->block_size, info->name));
  } else if (!Multiply(tensor->size / info->block_size, info->block_bytes, &size_bytes)) {
    reader.SetFailed(fmt::format("tensor {}: its size in bytes overflows", Quote(tensor->name)));
  }
  tensor->size_bytes = size_bytes;
}

// What to do with a file that people take for a model and that is none of ours, by how it begins.
std::string WhatElse(std::span<const uint8_t> bytes) {
  const std::string_view begin(reinterpret_cast<const char*>(bytes.data()),
                               std::min<size_t>(bytes.size(), 9));
  // safetensors: the length of the header in 8 bytes, then JSON.
  if (begin.size() == 9 && begin[8] == '{') {
    return "this looks like safetensors: give the folder that it lies in, with config.json and "
           "tokenizer.json";
  }
  // A zip archive, or a pickle of protocol 2 and up.
  if (begin.starts_with("PK\x03\x04") || begin.starts_with("\x80\x02")) {
    return "this looks like a checkpoint of PyTorch: save it as safetensors, and give the folder";
  }
  return "models are GGUF files, or folders with config.json and safetensors";
}

}  // namespace

GgufFile::GgufFile(const std::filesystem::path& path, SinglePart)
    : map_(path), bytes_(map_.bytes()), name_(path.string()) {
  Parse();
}

GgufFile::GgufFile(const std::filesystem::path& path) : GgufFile(path, SinglePart()) {
  JoinParts(&path);
}

GgufFile::GgufFile(std::span<const uint8_t> bytes, std::string name)
    : bytes_(bytes), name_(std::move(name)) {
  Parse();
  JoinParts(nullptr);
}

void GgufFile::IndexTensors() {
  tensors_by_name_ = SortedIndex(
      tensors_.size(), [&](uint32_t a, uint32_t b) { return tensors_[a].name < tensors_[b].name; });
  for (size_t i = 1; i < tensors_.size(); ++i) {
    const std::string_view tensor_name = tensors_[tensors_by_name_[i]].name;
    if (tensor_name == tensors_[tensors_by_name_[i - 1]].name) {
      Fail(ErrorCode::kCorruptData, "{}: the tensor {} is there twice", name_, Quote(tensor_name));
    }
  }
}

void GgufFile::Parse() {
  ByteReader reader(bytes_, name_);
  const uint32_t magic = reader.Read<uint32_t>("magic");
  if (reader.failed() || magic != kMagic) {
    Fail(ErrorCode::kCorruptData, "{}: not a GGUF file (it does not begin with 'GGUF'); {}", name_,
         WhatElse(bytes_));
  }
  version_ = reader.Read<uint32_t>("version");
  reader.ThrowIfFailed();
  if (version_ != 2 && version_ != 3) {
    const bool swapped = (version_ & 0xffff) == 0 && version_ != 0;
    Fail(ErrorCode::kUnsupported,
         "{}: GGUF version {}; versions 2 and 3, little-endian, are read{}", name_, version_,
         swapped ? " (this looks like a big-endian file: convert it)" : "");
  }
  const uint64_t num_tensors = reader.ReadCount64(kMinTensorBytes, "number of tensors");
  const uint64_t num_values = reader.ReadCount64(kMinValueBytes, "number of metadata values");
  reader.ThrowIfFailed();
  if (num_tensors > kMaxCount || num_values > kMaxCount) {
    Fail(ErrorCode::kCorruptData, "{}: {} tensors and {} metadata values; at most {} are read",
         name_, num_tensors, num_values, kMaxCount);
  }

  values_.resize(num_values);
  for (GgufValue& value : values_) {
    value.key = reader.ReadString64("metadata key");
    if (!reader.failed() && (value.key.empty() || value.key.size() > kMaxKeyBytes)) {
      reader.SetFailed(fmt::format("a metadata key of {} bytes (1 to {} expected)",
                                   value.key.size(), kMaxKeyBytes));
    }
    if (!reader.failed()) ReadValue(reader, name_, &value);
    reader.ThrowIfFailed();
  }
  values_by_key_ = SortedIndex(
      num_values, [&](uint32_t a, uint32_t b) { return values_[a].key < values_[b].key; });
  for (size_t i = 1; i < num_values; ++i) {
    const std::string_view key = values_[values_by_key_[i]].key;
    if (key == values_[values_by_key_[i - 1]].key) {
      Fail(ErrorCode::kCorruptData, "{}: the key {} is there twice", name_, Quote(key));
    }
  }

  alignment_ = kDefaultAlignment;
  if (const GgufValue* value = Find("general.alignment")) {
    if (value->type != GgufValueType::kUint32) {
      Fail(ErrorCode::kCorruptData, "{}: general.alignment is a {}, u32 expected", name_,
           GgufValueTypeName(value->type));
    }
    alignment_ = *GetUint("general.alignment");
    if (!std::has_single_bit(alignment_) || alignment_ < kMinAlignment ||
        alignment_ > kMaxAlignment) {
      Fail(ErrorCode::kCorruptData,
           "{}: general.alignment = {}; a power of two from {} to {} expected", name_, alignment_,
           kMinAlignment, kMaxAlignment);
    }
  }

  tensors_.resize(num_tensors);
  for (GgufTensor& tensor : tensors_) {
    ReadTensorInfo(reader, &tensor);
    reader.ThrowIfFailed();
  }
  IndexTensors();
  if (num_tensors == 0) return;  // A vocabulary file ends right behind its metadata.

  // No overflow: offset() is at most the size of a file, the alignment at most 1 MiB.
  const uint64_t data_begin = (reader.offset() + alignment_ - 1) / alignment_ * alignment_;
  const uint64_t data_bytes = data_begin <= bytes_.size() ? bytes_.size() - data_begin : 0;
  for (GgufTensor& tensor : tensors_) {
    if (tensor.offset % alignment_ != 0) {
      Fail(ErrorCode::kCorruptData,
           "{}: tensor {} has the offset {}, not a multiple of the alignment {}", name_,
           Quote(tensor.name), tensor.offset, alignment_);
    }
    const uint64_t size_bytes = tensor.size_bytes.value_or(0);
    if (tensor.offset > data_bytes || size_bytes > data_bytes - tensor.offset) {
      Fail(ErrorCode::kCorruptData,
           "{}: tensor {} has {} bytes at data offset {}, but the file has {} bytes of data "
           "(truncated file?)",
           name_, Quote(tensor.name), size_bytes, tensor.offset, data_bytes);
    }
    tensor.offset += data_begin;
  }
  const auto by_offset = SortedIndex(
      num_tensors, [&](uint32_t a, uint32_t b) { return tensors_[a].offset < tensors_[b].offset; });
  uint64_t end = data_begin;
  for (const uint32_t i : by_offset) {
    const GgufTensor& tensor = tensors_[i];
    if (tensor.offset < end) {
      Fail(ErrorCode::kCorruptData, "{}: tensor {} overlaps another tensor", name_,
           Quote(tensor.name));
    }
    end = tensor.offset + tensor.size_bytes.value_or(0);
  }
}

const GgufValue* GgufFile::Find(std::string_view key) const {
  const auto found = std::lower_bound(
      values_by_key_.begin(), values_by_key_.end(), key,
      [&](uint32_t i, std::string_view wanted) { return values_[i].key < wanted; });
  if (found == values_by_key_.end() || values_[*found].key != key) return nullptr;
  return &values_[*found];
}

const GgufTensor* GgufFile::FindTensor(std::string_view tensor_name) const {
  const auto found = std::lower_bound(
      tensors_by_name_.begin(), tensors_by_name_.end(), tensor_name,
      [&](uint32_t i, std::string_view wanted) { return tensors_[i].name < wanted; });
  if (found == tensors_by_name_.end() || tensors_[*found].name != tensor_name) return nullptr;
  return &tensors_[*found];
}

const GgufTensor& GgufFile::RequireTensor(std::string_view tensor_name) const {
  const GgufTensor* tensor = FindTensor(tensor_name);
  if (tensor == nullptr) {
    Fail(ErrorCode::kCorruptData, "{}: the tensor {} is missing", name_, Quote(tensor_name));
  }
  return *tensor;
}

std::span<const uint8_t> GgufFile::TensorBytes(const GgufTensor& tensor) const {
  if (!tensor.size_bytes) {
    Fail(ErrorCode::kUnsupported,
         "{}: tensor {} has the element type {}, which this build does not know", name_,
         Quote(tensor.name), static_cast<uint32_t>(tensor.type));
  }
  const std::span<const uint8_t> bytes = tensor.part == 0 ? bytes_ : parts_[tensor.part - 1].bytes_;
  return bytes.subspan(tensor.offset, *tensor.size_bytes);
}

QuantBlocks GgufFile::TensorBlocks(const GgufTensor& tensor) const {
  const std::span<const uint8_t> bytes = TensorBytes(tensor);
  if (!IsReadable(tensor.type)) {
    Fail(ErrorCode::kUnsupported,
         "{}: tensor {} is {}, a type that this build does not compute with", name_,
         Quote(tensor.name), GgmlTypeName(tensor.type));
  }
  return {.type = tensor.type, .bytes = bytes};
}

QuantBlocks GgufFile::ElementBlocks(const GgufTensor& tensor, uint64_t first, uint64_t size) const {
  const QuantBlocks blocks = TensorBlocks(tensor);
  CHECK(first <= tensor.size && size <= tensor.size - first);
  const GgmlTypeInfo info = *GgmlTypeInfoOf(tensor.type);
  if (first % info.block_size != 0 || size % info.block_size != 0) {
    Fail(ErrorCode::kUnsupported,
         "{}: a part of tensor {} begins or ends inside a block of {} elements of {}", name_,
         Quote(tensor.name), info.block_size, info.name);
  }
  return {.type = tensor.type,
          .bytes = blocks.bytes.subspan(first / info.block_size * info.block_bytes,
                                        size / info.block_size * info.block_bytes)};
}

void GgufFile::ReadTensor(const GgufTensor& tensor, std::span<float> out) const {
  CHECK(out.size() == tensor.size);
  const QuantBlocks blocks = TensorBlocks(tensor);
  Dequantize(blocks.type, blocks.bytes, out);
}

}  // namespace cambium
