// SPDX-License-Identifier: Apache-2.0
// Documents out of a FILE, a FOLDER or a JSONL file, each optionally gzip or Zstandard, in an order
// that depends on names and content alone (input_files.h), with bounded memory.
//
// What is a document:
// - A JSONL file (.jsonl or .ndjson, before .gz or .zst): one per line, the value of the field
//   "text" of the line's object. Blank lines do not count. A line that is not such an object is an
//   error that names file and line, or is skipped and counted if asked for. Unpaired surrogate
//   escapes (\ud83d without its partner) become U+FFFD.
// - Any other text file, code included: one, or several if it holds separator lines: a line that is
//   exactly "<|endoftext|>" (as TinyStories and many GPT-2 style dumps have it) belongs to neither
//   side. The separator inside a line is ordinary text.
// - In a folder, a binary file is skipped and counted; named as the input itself it is an error.
//   Binary: in the first 8 KiB (after decompression) a NUL byte, or more than 10 % control
//   characters, or more than 30 % bytes that are not UTF-8.
// - A document of nothing but ASCII white space is skipped and counted.
//
// What happens to the text: a UTF-8 byte order mark at the start of a file is dropped, invalid
// UTF-8 is repaired (utf8_repair.h) and counted; nothing else: no normalisation, no line-end
// conversion.
//
// Long documents come in pieces of at most piece_bytes, the later ones with `continues` set; joined
// they are the document. The cut is at a line start between two lines that do not touch white space
// (where tokenizers cut anyway) if there is one in the second half of the piece, else at
// piece_bytes (never inside a character). A JSONL line must fit in max_line_bytes.
//
// Thread safety: one thread at a time per reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/input_files.h"

namespace cambium {

struct DocumentReaderOptions {
  std::string separator = "<|endoftext|>";  // empty: plain files are never split
  std::string text_field = "text";
  bool skip_bad_json_lines = false;
  size_t piece_bytes = size_t{1} << 20;
  size_t max_line_bytes = size_t{256} << 20;
  std::vector<std::filesystem::path> exclude = {};  // not read (an output folder inside, say)
};

struct Document {
  std::string text;        // valid UTF-8, not empty
  bool continues = false;  // goes on with the document of the piece before it
  std::string source;      // the file's name, relative to the input folder
};

struct DocumentStats {
  uint64_t num_files = 0;  // read, skipped ones not counted
  uint64_t num_documents = 0;
  uint64_t text_bytes = 0;    // of all documents, after repair
  uint64_t num_repaired = 0;  // invalid UTF-8 sequences and surrogate escapes replaced
  uint64_t num_binary_skipped = 0;
  uint64_t num_hidden_skipped = 0;
  uint64_t num_special_skipped = 0;  // see input_files.h
  uint64_t num_empty_skipped = 0;    // documents of white space only
  uint64_t num_bad_lines_skipped = 0;

  // "12 files, 340 documents, 1.2 MiB of text; skipped: 3 binary files", for people.
  std::string Summary() const;
};

class DocumentReader {
 public:
  // Lists the input; files are opened one after the other by Next.
  explicit DocumentReader(const std::filesystem::path& path, DocumentReaderOptions options = {});
  ~DocumentReader();
  DocumentReader(DocumentReader&&) noexcept;

  // The next document or piece, in `document`; false at the end. Throws kNotFound, kIo,
  // kCorruptData or kResourceExhausted; kCorruptData also for a binary file, and at the end of an
  // input that had no text at all.
  bool Next(Document& document);

  const DocumentStats& stats() const;  // of what has been read so far
  uint64_t done_bytes() const;         // on disk, for progress
  uint64_t total_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cambium
