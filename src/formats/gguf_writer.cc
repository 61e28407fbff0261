// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf_writer.h"

#include <algorithm>

#include "base/check.h"
#include "numerics/convert.h"

namespace cambium {
namespace {

constexpr uint64_t kAlignment = 32;
constexpr size_t kMaxTensorNameBytes = 63;  // other readers keep a terminating zero in 64 bytes
constexpr size_t kBlockElements = 16384;    // converted at a time

template <typename T>
void Append(std::string* out, T value) {
  static_assert(std::is_trivially_copyable_v<T>);
  out->append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void AppendString(std::string* out, std::string_view text) {
  Append<uint64_t>(out, text.size());
  out->append(text);
}

uint64_t AlignUp(uint64_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

GgufWriter::GgufWriter(const std::filesystem::path& path) : file_(path) {}

void GgufWriter::BeginValue(std::string_view key, GgufValueType type) {
  CHECK(!header_written_ && !key.empty());
  CHECK(names_.insert("key " + std::string(key)).second);
  AppendString(&metadata_, key);
  Append(&metadata_, static_cast<uint32_t>(type));
  ++num_values_;
}

void GgufWriter::AddUint32(std::string_view key, uint32_t value) {
  BeginValue(key, GgufValueType::kUint32);
  Append(&metadata_, value);
}

void GgufWriter::AddFloat32(std::string_view key, float value) {
  BeginValue(key, GgufValueType::kFloat32);
  Append(&metadata_, value);
}

void GgufWriter::AddBool(std::string_view key, bool value) {
  BeginValue(key, GgufValueType::kBool);
  Append<uint8_t>(&metadata_, value ? 1 : 0);
}

void GgufWriter::AddString(std::string_view key, std::string_view value) {
  BeginValue(key, GgufValueType::kString);
  AppendString(&metadata_, value);
}

void GgufWriter::AddStrings(std::string_view key, std::span<const std::string> values) {
  BeginValue(key, GgufValueType::kArray);
  Append(&metadata_, static_cast<uint32_t>(GgufValueType::kString));
  Append<uint64_t>(&metadata_, values.size());
  for (const std::string& value : values) AppendString(&metadata_, value);
}

void GgufWriter::AddInt32s(std::string_view key, std::span<const int32_t> values) {
  BeginValue(key, GgufValueType::kArray);
  Append(&metadata_, static_cast<uint32_t>(GgufValueType::kInt32));
  Append<uint64_t>(&metadata_, values.size());
  for (const int32_t value : values) Append(&metadata_, value);
}

void GgufWriter::AddFloat32s(std::string_view key, std::span<const float> values) {
  BeginValue(key, GgufValueType::kArray);
  Append(&metadata_, static_cast<uint32_t>(GgufValueType::kFloat32));
  Append<uint64_t>(&metadata_, values.size());
  for (const float value : values) Append(&metadata_, value);
}

void GgufWriter::AddValue(const GgufValue& value) {
  BeginValue(value.key, value.type);
  if (value.is_array()) {
    Append(&metadata_, static_cast<uint32_t>(value.element_type));
    Append<uint64_t>(&metadata_, value.count);
  }
  metadata_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
}

void GgufWriter::AddTensor(std::string_view name, GgmlType type, std::span<const uint64_t> shape) {
  CHECK(!header_written_);
  CHECK(!name.empty() && name.size() <= kMaxTensorNameBytes);
  CHECK(names_.insert("tensor " + std::string(name)).second);
  CHECK(shape.size() >= 1 && shape.size() <= 4);
  const auto info = GgmlTypeInfoOf(type);
  CHECK(info && shape.back() % info->block_size == 0);
  uint64_t size = 1;
  for (const uint64_t dim : shape) size *= dim;
  CHECK(size > 0);
  tensors_.push_back(
      {std::string(name), type, {shape.begin(), shape.end()}, size, GgmlBytes(type, size)});
}

void GgufWriter::WriteHeader() {
  std::string header = "GGUF";
  Append<uint32_t>(&header, 3);
  Append<uint64_t>(&header, tensors_.size());
  Append<uint64_t>(&header, num_values_);
  header += metadata_;
  uint64_t offset = 0;
  for (const DeclaredTensor& tensor : tensors_) {
    AppendString(&header, tensor.name);
    Append(&header, static_cast<uint32_t>(tensor.shape.size()));
    for (size_t i = tensor.shape.size(); i-- > 0;) Append(&header, tensor.shape[i]);
    Append(&header, static_cast<uint32_t>(tensor.type));
    Append(&header, offset);
    offset += AlignUp(tensor.size_bytes);
  }
  file_.Write(header);
  Pad();
  header_written_ = true;
}

void GgufWriter::Pad() {
  const uint64_t end = file_.offset_bytes();
  file_.Write(std::string(AlignUp(end) - end, '\0'));
}

const GgufWriter::DeclaredTensor& GgufWriter::NextTensor(std::string_view name) {
  if (!header_written_) WriteHeader();
  CHECK(num_written_ < tensors_.size() && tensors_[num_written_].name == name);
  return tensors_[num_written_];
}

void GgufWriter::WriteTensorBytes(std::string_view name, std::span<const uint8_t> part) {
  const DeclaredTensor& tensor = NextTensor(name);
  CHECK(part.size() <= tensor.size_bytes - part_bytes_);
  file_.Write(part.data(), part.size());
  part_bytes_ += part.size();
  if (part_bytes_ < tensor.size_bytes) return;
  Pad();
  part_bytes_ = 0;
  ++num_written_;
}

void GgufWriter::WriteTensor(std::string_view name, std::span<const float> data) {
  const DeclaredTensor& tensor = NextTensor(name);
  CHECK(tensor.size == data.size() && part_bytes_ == 0);
  CHECK(tensor.type == GgmlType::kF32 || tensor.type == GgmlType::kF16 ||
        tensor.type == GgmlType::kBF16);
  if (tensor.type == GgmlType::kF32) {
    file_.Write(data.data(), data.size_bytes());
  } else {
    std::vector<uint8_t> block(2 * std::min(kBlockElements, data.size()));
    for (size_t begin = 0; begin < data.size(); begin += kBlockElements) {
      const auto part = data.subspan(begin, std::min(kBlockElements, data.size() - begin));
      const std::span<uint8_t> bytes = std::span(block).first(2 * part.size());
      if (tensor.type == GgmlType::kF16) {
        FloatToFloat16Bytes(part, bytes);
      } else {
        FloatToBFloat16Bytes(part, bytes);
      }
      file_.Write(bytes.data(), bytes.size());
    }
  }
  Pad();
  ++num_written_;
}

void GgufWriter::Commit() {
  if (!header_written_) WriteHeader();
  CHECK(num_written_ == tensors_.size());
  file_.Commit();
}

}  // namespace cambium
