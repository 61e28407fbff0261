// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "base/json.h"
#include "formats/safetensors.h"
#include "numerics/convert.h"

namespace cambium {
namespace {

constexpr size_t kBlockElements = 16384;  // converted at a time

const char* NameOf(SafetensorsType type) {
  switch (type) {
    case SafetensorsType::kF32:
      return "F32";
    case SafetensorsType::kF16:
      return "F16";
    case SafetensorsType::kBF16:
      return "BF16";
  }
  return "";
}

uint64_t BytesOf(SafetensorsType type) { return type == SafetensorsType::kF32 ? 4 : 2; }

}  // namespace

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path) : file_(path) {}

void SafetensorsWriter::AddMetadata(const std::string& key, const std::string& value) {
  CHECK(!header_written_);
  CHECK(metadata_.emplace(key, value).second);
}

void SafetensorsWriter::AddTensor(std::string_view name, SafetensorsType type,
                                  std::span<const uint64_t> shape) {
  CHECK(!header_written_ && !name.empty() && name != "__metadata__");
  CHECK(names_.insert(std::string(name)).second);
  uint64_t size = 1;
  for (const uint64_t dim : shape) size *= dim;
  tensors_.push_back({std::string(name), type, {shape.begin(), shape.end()}, size});
}

void SafetensorsWriter::WriteHeader() {
  Json header = Json::object();
  if (!metadata_.empty()) header["__metadata__"] = metadata_;
  uint64_t offset = 0;
  for (const DeclaredTensor& tensor : tensors_) {
    const uint64_t end = offset + tensor.size * BytesOf(tensor.type);
    header[tensor.name] = {
        {"dtype", NameOf(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string json = header.dump();
  json.append((8 - json.size() % 8) % 8, ' ');  // so that the data is aligned to 8 bytes
  const uint64_t size_bytes = json.size();
  file_.Write(&size_bytes, sizeof(size_bytes));
  file_.Write(json);
  header_written_ = true;
}

void SafetensorsWriter::WriteTensor(std::string_view name, std::span<const float> data) {
  if (!header_written_) WriteHeader();
  CHECK(num_written_ < tensors_.size());
  const DeclaredTensor& tensor = tensors_[num_written_++];
  CHECK(tensor.name == name && tensor.size == data.size());
  if (tensor.type == SafetensorsType::kF32) {
    file_.Write(data.data(), data.size_bytes());
    return;
  }
  std::vector<uint8_t> block(2 * std::min(kBlockElements, data.size()));
  for (size_t begin = 0; begin < data.size(); begin += kBlockElements) {
    const auto part = data.subspan(begin, std::min(kBlockElements, data.size() - begin));
    const std::span<uint8_t> bytes = std::span(block).first(2 * part.size());
    if (tensor.type == SafetensorsType::kF16) {
      FloatToFloat16Bytes(part, bytes);
    } else {
      FloatToBFloat16Bytes(part, bytes);
    }
    file_.Write(bytes.data(), bytes.size());
  }
}

void SafetensorsWriter::Commit() {
  if (!header_written_) WriteHeader();
  CHECK(num_written_ == tensors_.size());
  file_.Commit();
}

}  // namespace cambium
