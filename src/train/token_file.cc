// SPDX-License-Identifier: Apache-2.0
#include "train/token_file.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "base/byte_reader.h"
#include "base/check.h"
#include "base/error.h"

namespace cambium {
namespace {

constexpr std::string_view kMagic = "CAMBTOK\n";
constexpr std::string_view kEndMagic = "\nENDTOK\n";
constexpr uint32_t kVersion = 1;
constexpr size_t kHeaderBytes = 16;    // magic, version, token_bytes
constexpr size_t kDocumentBytes = 16;  // end, text_bytes and flag
constexpr size_t kTrailerBytes = 168;  // see docs/formats/token_file.md
constexpr uint64_t kValidationFlag = uint64_t{1} << 63;
constexpr uint32_t kMaxVocabOfTwoBytes = 65536;

struct TableEntry {
  uint64_t end;
  uint64_t bytes_and_flag;
};
static_assert(sizeof(TableEntry) == kDocumentBytes);

TableEntry ReadEntry(std::span<const uint8_t> table, uint64_t index) {
  TableEntry entry;
  std::memcpy(&entry, table.data() + index * kDocumentBytes, sizeof(entry));
  return entry;
}

Sha256Digest ReadDigest(ByteReader& reader, const char* what) {
  Sha256Digest digest = {};
  const auto bytes = reader.ReadBytes(digest.size(), what);
  if (bytes.size() == digest.size()) std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

std::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

uint64_t PaddingBytes(uint64_t size_bytes) { return (8 - size_bytes % 8) % 8; }

}  // namespace

TokenFile::TokenFile(const std::filesystem::path& path) : map_(path) {
  const std::string name = path.string();
  const std::span<const uint8_t> file = map_.bytes();
  ByteReader header(file, name);
  if (AsText(header.ReadBytes(kMagic.size(), "magic")) != kMagic) {
    header.SetFailed("not a cambium token file");
  }
  const auto version = header.Read<uint32_t>("version");
  if (version != kVersion) header.SetFailed(fmt::format("version {}, not {}", version, kVersion));
  token_bytes_ = header.Read<uint32_t>("token_bytes");
  if (token_bytes_ != 2 && token_bytes_ != 4) {
    header.SetFailed(fmt::format("{} bytes per token", token_bytes_));
  }
  if (header.left_bytes() < kTrailerBytes) header.SetFailed("no trailer (truncated file?)");
  header.ThrowIfFailed();

  const uint64_t body_bytes = file.size() - kHeaderBytes - kTrailerBytes;
  ByteReader trailer(file, name);  // from the start, so that its offsets are the file's
  trailer.Skip(kHeaderBytes + body_bytes, "body");
  info_.num_tokens = trailer.Read<uint64_t>("num_tokens");
  info_.num_documents = trailer.Read<uint64_t>("num_documents");
  info_.text_bytes = trailer.Read<uint64_t>("text_bytes");
  info_.vocab_size = trailer.Read<uint32_t>("vocab_size");
  const auto split = trailer.Read<uint32_t>("split");
  info_.split = static_cast<DataSplit>(split);
  info_.tokenizer_hash = ReadDigest(trailer, "tokenizer hash");
  info_.data_hash = ReadDigest(trailer, "data hash");
  info_.options_hash = ReadDigest(trailer, "options hash");
  // Each count is bounded by the body first, so that the sum cannot overflow.
  const uint64_t tokens_bytes = info_.num_tokens * token_bytes_;
  if (info_.num_tokens > body_bytes / token_bytes_ ||
      info_.num_documents > body_bytes / kDocumentBytes ||
      tokens_bytes + PaddingBytes(tokens_bytes) + info_.num_documents * kDocumentBytes !=
          body_bytes) {
    trailer.SetFailed(fmt::format("{} tokens and {} documents do not fill the body of {} bytes",
                                  info_.num_tokens, info_.num_documents, body_bytes));
  }
  if (info_.vocab_size == 0 || (token_bytes_ == 2) != (info_.vocab_size <= kMaxVocabOfTwoBytes)) {
    trailer.SetFailed(
        fmt::format("vocab_size {} with {} bytes per token", info_.vocab_size, token_bytes_));
  }
  if (split > static_cast<uint32_t>(DataSplit::kTail)) {
    trailer.SetFailed(fmt::format("split {} is unknown", split));
  }
  if (AsText(trailer.ReadBytes(kEndMagic.size(), "end magic")) != kEndMagic) {
    trailer.SetFailed("the trailer does not end as it should (truncated file?)");
  }
  if (!trailer.failed() && ReadDigest(trailer, "file hash") !=
                               Sha256Of(AsText(file.first(file.size() - sizeof(Sha256Digest))))) {
    trailer.SetFailed("the content does not agree with its hash (damaged; delete the file)");
  }
  trailer.ThrowIfFailed();

  tokens_ = file.subspan(kHeaderBytes, tokens_bytes);
  const uint64_t table_offset = kHeaderBytes + tokens_bytes + PaddingBytes(tokens_bytes);
  documents_ = file.subspan(table_offset, info_.num_documents * kDocumentBytes);
  ByteReader table(file, name);
  table.Skip(table_offset, "tokens");
  uint64_t begin = 0;
  uint64_t text_bytes = 0;
  for (uint64_t i = 0; i < info_.num_documents && !table.failed(); ++i) {
    const TableEntry entry = ReadEntry(documents_, i);
    const uint64_t bytes = entry.bytes_and_flag & ~kValidationFlag;
    if (entry.end < begin || entry.end > info_.num_tokens) {
      table.SetFailed(fmt::format("document {} ends at token {}, after {} and of {}", i, entry.end,
                                  begin, info_.num_tokens));
    } else if (bytes > info_.text_bytes - text_bytes) {
      table.SetFailed(fmt::format("document {} has more bytes than all documents", i));
    } else if ((entry.bytes_and_flag & kValidationFlag) != 0) {
      ++info_.num_validation_documents;
      info_.num_validation_tokens += entry.end - begin;
      info_.validation_text_bytes += bytes;
    }
    text_bytes += bytes;
    begin = entry.end;
    table.Skip(kDocumentBytes, "document");
  }
  if (begin != info_.num_tokens || text_bytes != info_.text_bytes) {
    table.SetFailed("the documents do not add up to the file's tokens and bytes");
  }
  table.ThrowIfFailed();
}

TokenDocument TokenFile::document(uint64_t index) const {
  CHECK(index < info_.num_documents);
  const TableEntry entry = ReadEntry(documents_, index);
  return {.begin = index == 0 ? 0 : ReadEntry(documents_, index - 1).end,
          .end = entry.end,
          .text_bytes = entry.bytes_and_flag & ~kValidationFlag,
          .validation = (entry.bytes_and_flag & kValidationFlag) != 0};
}

void TokenFile::CopyTokens(uint64_t begin, std::span<int32_t> out) const {
  CHECK(begin <= info_.num_tokens && out.size() <= info_.num_tokens - begin);
  const uint8_t* source = tokens_.data() + begin * token_bytes_;
  uint32_t largest = 0;
  if (token_bytes_ == 2) {
    for (size_t i = 0; i < out.size(); ++i) {
      uint16_t token;
      std::memcpy(&token, source + 2 * i, sizeof(token));
      largest = std::max<uint32_t>(largest, token);
      out[i] = token;
    }
  } else {
    for (size_t i = 0; i < out.size(); ++i) {
      uint32_t token;
      std::memcpy(&token, source + 4 * i, sizeof(token));
      largest = std::max(largest, token);
      out[i] = static_cast<int32_t>(token);
    }
  }
  if (!out.empty() && largest >= info_.vocab_size) {
    Fail(ErrorCode::kCorruptData,
         "{}: offset {}: token {} is outside the vocabulary of {}; the file was changed while in "
         "use, delete it",
         path().string(), kHeaderBytes + begin * token_bytes_, largest, info_.vocab_size);
  }
}

TokenFileWriter::TokenFileWriter(const std::filesystem::path& path, uint32_t vocab_size)
    : file_(path),
      vocab_size_(vocab_size),
      token_bytes_(vocab_size <= kMaxVocabOfTwoBytes ? 2 : 4) {
  CHECK(vocab_size > 0 && vocab_size <= uint32_t{INT32_MAX});
  Write(kMagic.data(), kMagic.size());
  Write(&kVersion, sizeof(kVersion));
  Write(&token_bytes_, sizeof(token_bytes_));
}

void TokenFileWriter::Write(const void* data, size_t size_bytes) {
  file_.Write(data, size_bytes);
  hash_.Update(data, size_bytes);
}

void TokenFileWriter::AppendTokens(std::span<const int32_t> tokens) {
  for (const int32_t token : tokens) {
    if (token < 0 || static_cast<uint32_t>(token) >= vocab_size_) {
      Fail(ErrorCode::kInternal, "the tokenizer made token {}, its vocabulary has {}", token,
           vocab_size_);
    }
  }
  if (token_bytes_ == 2) {
    narrow_.assign(tokens.begin(), tokens.end());
    Write(narrow_.data(), narrow_.size() * sizeof(uint16_t));
  } else {
    Write(tokens.data(), tokens.size_bytes());
  }
  num_tokens_ += tokens.size();
}

void TokenFileWriter::EndDocument(uint64_t text_bytes, bool validation) {
  CHECK(text_bytes < kValidationFlag);
  documents_.push_back(num_tokens_);
  documents_.push_back(text_bytes | (validation ? kValidationFlag : 0));
  text_bytes_ += text_bytes;
}

void TokenFileWriter::Commit(const TokenFileInfo& info) {
  const uint64_t num_documents = documents_.size() / 2;
  CHECK((num_documents == 0 ? 0 : documents_[2 * num_documents - 2]) == num_tokens_);
  const uint64_t zero = 0;
  Write(&zero, PaddingBytes(num_tokens_ * token_bytes_));
  Write(documents_.data(), documents_.size() * sizeof(uint64_t));
  const auto split = static_cast<uint32_t>(info.split);
  Write(&num_tokens_, sizeof(num_tokens_));
  Write(&num_documents, sizeof(num_documents));
  Write(&text_bytes_, sizeof(text_bytes_));
  Write(&vocab_size_, sizeof(vocab_size_));
  Write(&split, sizeof(split));
  Write(info.tokenizer_hash.data(), info.tokenizer_hash.size());
  Write(info.data_hash.data(), info.data_hash.size());
  Write(info.options_hash.data(), info.options_hash.size());
  Write(kEndMagic.data(), kEndMagic.size());
  const Sha256Digest digest = hash_.Finish();
  file_.Write(digest.data(), digest.size());
  file_.Commit();
}

}  // namespace cambium
