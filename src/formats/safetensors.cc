// SPDX-License-Identifier: Apache-2.0
#include "formats/safetensors.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/byte_reader.h"
#include "base/check.h"
#include "base/error.h"
#include "formats/quote.h"
#include "formats/safetensors_header.h"
#include "numerics/convert.h"

namespace cambium {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit

// Bits of an element; nullopt for a dtype that this build does not know.
std::optional<uint64_t> BitsOf(std::string_view dtype) {
  static constexpr std::pair<std::string_view, uint64_t> kTypes[] = {
      {"BOOL", 8}, {"U8", 8},   {"I8", 8},   {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8},
      {"I16", 16}, {"U16", 16}, {"F16", 16}, {"BF16", 16},   {"I32", 32},    {"U32", 32},
      {"F32", 32}, {"C64", 64}, {"F64", 64}, {"I64", 64},    {"U64", 64},    {"F4", 4}};
  for (const auto& [name, bits] : kTypes) {
    if (name == dtype) return bits;
  }
  return std::nullopt;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : map_(path), bytes_(map_.bytes()), name_(path.string()) {
  Parse();
}

SafetensorsFile::SafetensorsFile(std::span<const uint8_t> bytes, std::string name)
    : bytes_(bytes), name_(std::move(name)) {
  Parse();
}

void SafetensorsFile::Parse() {
  ByteReader reader(bytes_, name_);
  const uint64_t header_bytes = reader.ReadCount64(1, "length of the safetensors header");
  reader.ThrowIfFailed();
  if (header_bytes < 2 || header_bytes > kMaxHeaderBytes) {
    Fail(ErrorCode::kCorruptData, "{}: a safetensors header of {} bytes (2 to {} expected)", name_,
         header_bytes, kMaxHeaderBytes);
  }
  const auto json = reader.ReadBytes(header_bytes, "safetensors header");
  if (json[0] != '{') {
    Fail(ErrorCode::kCorruptData, "{}: not a safetensors file (no '{{' at offset 8)", name_);
  }
  SafetensorsHeader header =
      ParseSafetensorsHeader({reinterpret_cast<const char*>(json.data()), json.size()}, name_);
  metadata_ = std::move(header.metadata);

  const uint64_t data_bytes = reader.left_bytes();
  tensors_.reserve(header.entries.size());
  for (SafetensorsEntry& entry : header.entries) {
    const auto bits = BitsOf(entry.dtype);
    if (!bits) {
      Fail(ErrorCode::kUnsupported,
           "{}: tensor {} has the dtype {}, which this build does not know", name_,
           Quote(entry.name), Quote(entry.dtype));
    }
    uint64_t size = 1;
    uint64_t size_bits = 0;
    bool fits = true;
    for (const uint64_t dim : entry.shape) fits = fits && !__builtin_mul_overflow(size, dim, &size);
    fits = fits && !__builtin_mul_overflow(size, *bits, &size_bits);
    const auto [begin, end] = entry.data_offsets;
    if (!fits || begin > end || end > data_bytes || size_bits % 8 != 0 ||
        end - begin != size_bits / 8) {
      Fail(ErrorCode::kCorruptData,
           "{}: tensor {}: dtype {} and shape do not agree with the data offsets {} to {} in {} "
           "bytes of data (truncated file?)",
           name_, Quote(entry.name), entry.dtype, begin, end, data_bytes);
    }
    tensors_.push_back({std::move(entry.name), std::move(entry.dtype), std::move(entry.shape), size,
                        reader.offset() + begin, end - begin});
  }

  // In the order of places, each begins where the one before ends.
  std::sort(tensors_.begin(), tensors_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.offset, a.size_bytes) < std::tie(b.offset, b.size_bytes);
  });
  uint64_t end = reader.offset();
  for (const SafetensorsTensor& tensor : tensors_) {
    if (tensor.offset != end) {
      Fail(ErrorCode::kCorruptData, "{}: tensor {} {}", name_, Quote(tensor.name),
           tensor.offset < end ? "overlaps another" : "leaves a hole before it");
    }
    end += tensor.size_bytes;
  }
  if (end != bytes_.size()) {
    Fail(ErrorCode::kCorruptData, "{}: {} bytes behind the last tensor", name_,
         bytes_.size() - end);
  }
  std::sort(tensors_.begin(), tensors_.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (size_t i = 1; i < tensors_.size(); ++i) {
    if (tensors_[i].name == tensors_[i - 1].name) {
      Fail(ErrorCode::kCorruptData, "{}: the tensor {} is there twice", name_,
           Quote(tensors_[i].name));
    }
  }
}

const SafetensorsTensor* SafetensorsFile::FindTensor(std::string_view tensor_name) const {
  const auto found = std::lower_bound(
      tensors_.begin(), tensors_.end(), tensor_name,
      [](const auto& tensor, std::string_view wanted) { return tensor.name < wanted; });
  return found == tensors_.end() || found->name != tensor_name ? nullptr : &*found;
}

const SafetensorsTensor& SafetensorsFile::RequireTensor(std::string_view tensor_name) const {
  const SafetensorsTensor* tensor = FindTensor(tensor_name);
  if (tensor == nullptr) {
    Fail(ErrorCode::kCorruptData, "{}: the tensor {} is missing", name_, Quote(tensor_name));
  }
  return *tensor;
}

std::span<const uint8_t> SafetensorsFile::TensorBytes(const SafetensorsTensor& tensor) const {
  return bytes_.subspan(tensor.offset, tensor.size_bytes);
}

void SafetensorsFile::ReadTensor(const SafetensorsTensor& tensor, std::span<float> out) const {
  CHECK(out.size() == tensor.size);
  ReadElements(tensor, 0, 1, out);
}

void SafetensorsFile::ReadElements(const SafetensorsTensor& tensor, uint64_t first, uint64_t stride,
                                   std::span<float> out) const {
  const bool is_f16 = tensor.dtype == "F16", is_bf16 = tensor.dtype == "BF16";
  if (!is_f16 && !is_bf16 && tensor.dtype != "F32") {
    Fail(ErrorCode::kUnsupported, "{}: tensor {} is {}; F32, F16 and BF16 can be used", name_,
         Quote(tensor.name), tensor.dtype);
  }
  if (out.empty()) return;
  CHECK(first < tensor.size && (out.size() - 1) <= (tensor.size - 1 - first) / stride);
  const uint64_t bytes_each = is_f16 || is_bf16 ? 2 : 4;
  const std::span<const uint8_t> bytes = TensorBytes(tensor).subspan(first * bytes_each);
  std::vector<uint8_t> picked;
  std::span<const uint8_t> source = bytes.first(out.size() == 1 ? bytes_each : 0);
  if (stride == 1) {
    source = bytes.first(out.size() * bytes_each);
  } else if (out.size() > 1) {
    picked.resize(out.size() * bytes_each);
    for (size_t i = 0; i < out.size(); ++i) {
      std::memcpy(&picked[i * bytes_each], &bytes[i * stride * bytes_each], bytes_each);
    }
    source = picked;
  }
  if (is_f16) {
    Float16BytesToFloat(source, out);
  } else if (is_bf16) {
    BFloat16BytesToFloat(source, out);
  } else {
    std::memcpy(out.data(), source.data(), source.size());
  }
}

}  // namespace cambium
