// SPDX-License-Identifier: Apache-2.0
// From text input (a file, a folder, JSONL; document_reader.h) to a token file, or back to the one
// that is already there. The input is read twice with bounded memory: once to hash it and to see
// how it splits, and, if the cached token file was not made from exactly this, once more to
// tokenize it. If the two readings differ, nothing is kept.
//
// Hashes. document hash: SHA-256 of its text. data hash: SHA-256 over all documents in order of
// (document hash, length in bytes as u64 little-endian). options hash: SHA-256 of split, fraction
// and piece size; a token file is reused if data, tokenizer and options hash agree.
//
// Split. Content hash: a document is for validation if the first eight bytes of its hash, read as a
// big-endian fraction in [0, 1), are below val_fraction: the same text is always on the same side,
// whatever else is in the input. Tail: the text from byte floor((1 - val_fraction) * all bytes) on
// (moved back to the start of a character) is for validation; a document across that place becomes
// two. kAuto takes the tail for a single document (as nanoGPT does for tiny Shakespeare), and where
// hashes give a validation part outside [1/4, 4] times val_fraction (few documents of very unequal
// length); else content hashes.
//
// Thread safety: one thread at a time; `encode` may use as many as it likes inside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "text/document_reader.h"
#include "train/token_file.h"

namespace cambium {

// Tokens of each text, in tokens[i]; resizes `tokens`. No bos, eos or other special token, whatever
// the text says. A long document comes as several texts (pieces), each encoded on its own.
using EncodeBatch = std::function<void(std::span<const std::string_view> texts,
                                       std::vector<std::vector<int32_t>>& tokens)>;

struct DatasetTokenizer {
  Sha256Digest hash = {};  // of everything that decides its output
  uint32_t vocab_size = 0;
  EncodeBatch encode;
};

enum class SplitMode { kAuto, kContentHash, kTail };

struct TokenDatasetOptions {
  DocumentReaderOptions reader = {};
  double val_fraction = 0.1;  // in [0, 1); 0: no validation documents
  SplitMode split = SplitMode::kAuto;
  uint64_t batch_bytes = uint64_t{4} << 20;  // of text per call of encode, about
  // Of one of the two readings, in bytes on disk; phase: "reading" or "tokenizing".
  std::function<void(const char* phase, uint64_t done, uint64_t total)> progress = {};
};

struct TokenDataset {
  TokenFile file;
  DocumentStats stats;  // of the input
  bool reused = false;  // the token file was there already
};

// What the first reading finds.
struct DataSummary {
  Sha256Digest data_hash = {};
  DocumentStats stats;
  DataSplit split = DataSplit::kNone;
  uint64_t tail_begin_bytes = 0;  // kTail: where validation begins, in bytes of all text
};
DataSummary SummarizeData(const std::filesystem::path& input, const TokenDatasetOptions& options);

// Throws what DocumentReader throws, kInvalidArgument for a bad fraction, kCorruptData for too
// little text for it, and kIo when the input changes between the two readings or the disk is full.
TokenDataset PrepareTokenDataset(const std::filesystem::path& input,
                                 const std::filesystem::path& token_file_path,
                                 const DatasetTokenizer& tokenizer,
                                 const TokenDatasetOptions& options);

// True if a document with this hash belongs to validation (rule "content hash").
bool IsValidationHash(const Sha256Digest& document_hash, double val_fraction);

}  // namespace cambium
