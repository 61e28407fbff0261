// SPDX-License-Identifier: Apache-2.0
// A tokenized data set in one file, memory-mapped: the tokens of every document one after the
// other, and a table of documents with their lengths in tokens and in bytes of text and the side of
// the train/validation split they are on. Format: docs/formats/token_file.md.
//
// The file is a cache that can be made again from its input: it is trusted only if its SHA-256 over
// everything agrees, which is checked when it is opened (about a second per gigabyte).
// Thread safety: TokenFile is read-only and may be shared; TokenFileWriter is for one thread.
// Trap: a mapped file that somebody else truncates raises SIGBUS on access; TokenFileWriter never
// does that (it renames a new file into place, and the old map stays valid).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "base/file.h"
#include "base/hash.h"

namespace cambium {

// How documents came to be training or validation documents; values are part of the format.
enum class DataSplit : uint32_t {
  kNone = 0,         // everything is training data
  kContentHash = 1,  // by SHA-256 of each document
  kTail = 2,         // the end of the text, cut at a byte position
};

struct TokenFileInfo {
  uint32_t vocab_size = 0;
  DataSplit split = DataSplit::kNone;
  Sha256Digest tokenizer_hash = {};
  Sha256Digest data_hash = {};     // over the documents in order (token_dataset.h)
  Sha256Digest options_hash = {};  // of what else decides the content (token_dataset.h)
  uint64_t num_tokens = 0;
  uint64_t num_documents = 0;
  uint64_t text_bytes = 0;  // of all documents
  // The validation documents' part of the three numbers above.
  uint64_t num_validation_tokens = 0;
  uint64_t num_validation_documents = 0;
  uint64_t validation_text_bytes = 0;
};

struct TokenDocument {
  uint64_t begin = 0;  // tokens [begin, end) of the file
  uint64_t end = 0;
  uint64_t text_bytes = 0;
  bool validation = false;
  uint64_t num_tokens() const { return end - begin; }
};

class TokenFile {
 public:
  // Maps and checks all of it. Throws kNotFound, kIo, or kCorruptData with file and offset.
  explicit TokenFile(const std::filesystem::path& path);

  const TokenFileInfo& info() const { return info_; }
  const std::filesystem::path& path() const { return map_.path(); }
  // REQUIRES: index < info().num_documents
  TokenDocument document(uint64_t index) const;
  // Copies tokens [begin, begin + out.size()). REQUIRES: they are in the file. Every token is in
  // [0, vocab_size); throws kCorruptData if one is not (the file was changed under the map).
  void CopyTokens(uint64_t begin, std::span<int32_t> out) const;

 private:
  MappedFile map_;
  TokenFileInfo info_;
  uint32_t token_bytes_ = 0;  // 2 or 4
  std::span<const uint8_t> tokens_;
  std::span<const uint8_t> documents_;
};

class TokenFileWriter {
 public:
  // vocab_size up to 65536 is stored in two bytes per token, else four.
  TokenFileWriter(const std::filesystem::path& path, uint32_t vocab_size);

  // More tokens of the document that is being written. Throws kInternal for a token that is not in
  // [0, vocab_size).
  void AppendTokens(std::span<const int32_t> tokens);
  // Ends it; text_bytes: the length of its text.
  void EndDocument(uint64_t text_bytes, bool validation);
  uint64_t num_tokens() const { return num_tokens_; }

  // Writes table and trailer (of info: split and the three hashes; the counts are the writer's) and
  // puts the file in place. Without it nothing remains.
  void Commit(const TokenFileInfo& info);

 private:
  void Write(const void* data, size_t size_bytes);

  AtomicFileWriter file_;
  Sha256 hash_;  // of everything written
  uint32_t vocab_size_;
  uint32_t token_bytes_;
  uint64_t num_tokens_ = 0;
  uint64_t text_bytes_ = 0;
  std::vector<uint64_t> documents_;  // two words each, as in the file
  std::vector<uint16_t> narrow_;     // scratch
};

}  // namespace cambium
