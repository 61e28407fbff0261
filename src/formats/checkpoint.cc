// SPDX-License-Identifier: Apache-2.0
// Layout: docs/formats/checkpoint.md.
#include "formats/checkpoint.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/byte_reader.h"
#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/json_text.h"
#include "formats/quote.h"

namespace cambium {
namespace {

constexpr std::string_view kMagic("CAMBCKPT", 8);
constexpr uint32_t kVersion = 1;
constexpr uint64_t kAlignment = 64;
// magic, version, zero, header length, SHA-256 of the header
constexpr uint64_t kPrologueBytes = 8 + 4 + 4 + 8 + 32;
constexpr uint64_t kMaxHeaderBytes = uint64_t{64} << 20;
constexpr uint64_t kMaxFileBytes = uint64_t{1} << 60;
constexpr size_t kBlockBytes = size_t{1} << 20;

uint64_t AlignUp(uint64_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

std::string HashOf(const void* data, size_t size_bytes) {
  Sha256 hash;
  hash.Update(data, size_bytes);
  return ToHex(hash.Finish());
}

}  // namespace

void WriteCheckpoint(const std::filesystem::path& path, const Json& state,
                     std::span<const CheckpointTensor> tensors) {
  Json entries = Json::array();
  std::set<std::string_view> names;
  uint64_t offset = 0;
  for (const CheckpointTensor& tensor : tensors) {
    uint64_t size = 1;
    for (const uint64_t dim : tensor.shape) size *= dim;
    CHECK(size == tensor.data.size());
    CHECK(names.insert(tensor.name).second);
    entries.push_back({{"name", tensor.name},
                       {"shape", tensor.shape},
                       {"offset", offset},
                       {"sha256", HashOf(tensor.data.data(), tensor.data.size_bytes())}});
    offset = AlignUp(offset + tensor.data.size_bytes());
  }
  const std::string header = Json({{"state", state}, {"tensors", std::move(entries)}})
                                 .dump(-1, ' ', false, Json::error_handler_t::replace);
  CHECK(header.size() <= kMaxHeaderBytes);

  AtomicFileWriter file(path);
  const auto pad = [&] {
    const uint64_t end = file.offset_bytes();
    file.Write(std::string(AlignUp(end) - end, '\0'));
  };
  const uint32_t version_and_zero[2] = {kVersion, 0};
  const uint64_t header_bytes = header.size();
  const Sha256Digest digest = Sha256Of(header);
  file.Write(kMagic);
  file.Write(version_and_zero, sizeof(version_and_zero));
  file.Write(&header_bytes, sizeof(header_bytes));
  file.Write(digest.data(), digest.size());
  file.Write(header);
  pad();
  for (const CheckpointTensor& tensor : tensors) {
    file.Write(tensor.data.data(), tensor.data.size_bytes());
    pad();
  }
  file.Commit();
}

CheckpointReader::CheckpointReader(const std::filesystem::path& path) : path_(path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    Fail(ErrorCode::kNotFound, "{}: no such checkpoint", path.string());
  }
  file_.rdbuf()->pubsetbuf(nullptr, 0);  // straight into the caller's buffers
  file_.open(path, std::ios::binary);
  file_bytes_ = std::filesystem::file_size(path, error);
  if (!file_ || error) Fail(ErrorCode::kIo, "{}: cannot be opened for reading", path.string());

  std::string prologue(std::min(kPrologueBytes, file_bytes_), '\0');
  ReadAt(0, prologue.data(), prologue.size(), "prologue");
  ByteReader reader({reinterpret_cast<const uint8_t*>(prologue.data()), prologue.size()},
                    path.string());
  const auto magic = reader.ReadBytes(kMagic.size(), "magic");
  if (reader.failed() || std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0) {
    Fail(ErrorCode::kCorruptData, "{}: not a cambium checkpoint", path.string());
  }
  const uint32_t version = reader.Read<uint32_t>("version");
  const uint32_t zero = reader.Read<uint32_t>("reserved field");
  const uint64_t header_bytes = reader.Read<uint64_t>("length of the header");
  const auto digest = reader.ReadBytes(sizeof(Sha256Digest), "hash of the header");
  reader.ThrowIfFailed();
  if (version != kVersion || zero != 0) {
    Fail(ErrorCode::kUnsupported, "{}: checkpoint version {}.{}; this build reads {}.0",
         path.string(), version, zero, kVersion);
  }
  if (header_bytes > file_bytes_ - kPrologueBytes || header_bytes > kMaxHeaderBytes) {
    Fail(ErrorCode::kCorruptData, "{}: a header of {} bytes in a file of {} (truncated file?)",
         path.string(), header_bytes, file_bytes_);
  }
  std::string header(header_bytes, '\0');
  ReadAt(kPrologueBytes, header.data(), header.size(), "header");
  const Sha256Digest found = Sha256Of(header);
  if (std::memcmp(found.data(), digest.data(), found.size()) != 0) {
    Fail(ErrorCode::kCorruptData, "{}: the header is not what was written (SHA-256 differs)",
         path.string());
  }
  ParseHeader(header);
}

void CheckpointReader::ParseHeader(std::string_view text) {
  const std::string source = path_.string() + ": header";
  const SortedJson header = ParseJsonObject(text, source);
  const JsonMembers members(header, source);
  const SortedJson* state = members.Find("state");
  const SortedJson* entries = members.Find("tensors");
  if (state == nullptr || entries == nullptr || !entries->is_array()) {
    Fail(ErrorCode::kCorruptData, "{} lacks 'state' or 'tensors'", source);
  }
  state_ = Json(*state);
  std::set<std::string_view> names;
  uint64_t expected_offset = 0;
  tensors_.reserve(entries->size());
  const uint64_t data_begin = AlignUp(kPrologueBytes + text.size());
  for (const SortedJson& json : *entries) {
    if (!json.is_object()) Fail(ErrorCode::kCorruptData, "{}: a tensor is not an object", source);
    const JsonMembers fields(json, source);
    CheckpointEntry entry;
    entry.name = fields.GetString("name").value_or("");
    entry.sha256 = fields.GetString("sha256").value_or("");
    entry.offset = fields.RequireUint("offset", kMaxFileBytes);
    entry.size = 1;
    const SortedJson* shape = fields.Find("shape");
    bool valid = shape != nullptr && shape->is_array() && !entry.name.empty();
    for (size_t i = 0; valid && i < shape->size(); ++i) {
      valid = (*shape)[i].is_number_unsigned();
      if (!valid) break;
      entry.shape.push_back((*shape)[i].get<uint64_t>());
      valid = !__builtin_mul_overflow(entry.size, entry.shape.back(), &entry.size);
    }
    valid = valid && entry.size <= kMaxFileBytes / sizeof(float) && entry.offset == expected_offset;
    if (!valid) {
      Fail(ErrorCode::kCorruptData, "{}: the entry of tensor {} is not valid", source,
           Quote(entry.name));
    }
    expected_offset = AlignUp(entry.offset + entry.size * sizeof(float));
    entry.offset += data_begin;
    tensors_.push_back(std::move(entry));
  }
  for (const CheckpointEntry& entry : tensors_) {
    if (!names.insert(entry.name).second) {
      Fail(ErrorCode::kCorruptData, "{}: tensor {} is there twice", source, Quote(entry.name));
    }
    const uint64_t end = entry.offset + entry.size * sizeof(float);
    if (AlignUp(end) > file_bytes_) {
      Fail(ErrorCode::kCorruptData, "{}: truncated in tensor {}: {} of {} bytes are there",
           path_.string(), Quote(entry.name), file_bytes_, AlignUp(end));
    }
  }
  if (data_begin + expected_offset != file_bytes_) {
    Fail(ErrorCode::kCorruptData, "{}: {} bytes long, {} expected", path_.string(), file_bytes_,
         data_begin + expected_offset);
  }
}

void CheckpointReader::ReadAt(uint64_t offset, void* data, size_t size_bytes, const char* what) {
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(offset));
  file_.read(static_cast<char*>(data), static_cast<std::streamsize>(size_bytes));
  if (!file_ || static_cast<size_t>(file_.gcount()) != size_bytes) {
    Fail(ErrorCode::kIo, "{}: cannot read {} bytes of {} at offset {}", path_.string(), size_bytes,
         what, offset);
  }
}

const CheckpointEntry* CheckpointReader::Find(std::string_view name) const {
  const auto found = std::find_if(tensors_.begin(), tensors_.end(),
                                  [&](const CheckpointEntry& entry) { return entry.name == name; });
  return found == tensors_.end() ? nullptr : &*found;
}

void CheckpointReader::ReadTensor(std::string_view name, std::span<float> out) {
  const CheckpointEntry* entry = Find(name);
  if (entry == nullptr) {
    Fail(ErrorCode::kCorruptData, "{}: tensor {} is missing", path_.string(), Quote(name));
  }
  if (entry->size != out.size()) {
    Fail(ErrorCode::kCorruptData, "{}: tensor {} has {} elements, {} expected", path_.string(),
         Quote(name), entry->size, out.size());
  }
  ReadAt(entry->offset, out.data(), out.size_bytes(), "tensor data");
  if (HashOf(out.data(), out.size_bytes()) != entry->sha256) {
    Fail(ErrorCode::kCorruptData, "{}: tensor {} is not what was written (SHA-256 differs)",
         path_.string(), Quote(name));
  }
}

void CheckpointReader::Verify() {
  std::vector<uint8_t> block(kBlockBytes);
  // Padding before a tensor, and at the end.
  const auto check_zeros = [&](uint64_t begin, uint64_t end) {
    if (begin == end) return;
    CHECK(end - begin < kAlignment);
    ReadAt(begin, block.data(), end - begin, "padding");
    if (std::any_of(block.begin(), block.begin() + static_cast<ptrdiff_t>(end - begin),
                    [](uint8_t byte) { return byte != 0; })) {
      Fail(ErrorCode::kCorruptData, "{}: padding at offset {} is not zero", path_.string(), begin);
    }
  };
  uint64_t header_bytes = 0;
  ReadAt(kMagic.size() + 8, &header_bytes, sizeof(header_bytes), "prologue");
  uint64_t end = std::min(kPrologueBytes + header_bytes, file_bytes_);
  for (const CheckpointEntry& entry : tensors_) {
    check_zeros(end, entry.offset);
    end = entry.offset + entry.size * sizeof(float);
    Sha256 hash;
    for (uint64_t at = entry.offset; at < end; at += block.size()) {
      const size_t n = std::min<uint64_t>(block.size(), end - at);
      ReadAt(at, block.data(), n, "tensor data");
      hash.Update(block.data(), n);
    }
    if (ToHex(hash.Finish()) != entry.sha256) {
      Fail(ErrorCode::kCorruptData, "{}: tensor {} is not what was written (SHA-256 differs)",
           path_.string(), Quote(entry.name));
    }
  }
  check_zeros(end, file_bytes_);
}

}  // namespace cambium
