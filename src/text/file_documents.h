// SPDX-License-Identifier: Apache-2.0
// The documents of one file: the two kinds of reader behind DocumentReader, and how a long text is
// cut. What a document is stands in document_reader.h. Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "text/document_reader.h"
#include "text/text_buffer.h"

namespace cambium {

class FileDocuments {
 public:
  virtual ~FileDocuments() = default;
  // Fills text (repaired) and continues; false at the end of the file.
  virtual bool Next(Document& document) = 0;
};

// `options` and `stats` outlive the reader.
std::unique_ptr<FileDocuments> MakePlainTextDocuments(TextBuffer& buffer,
                                                      const DocumentReaderOptions& options,
                                                      DocumentStats& stats);
std::unique_ptr<FileDocuments> MakeJsonlDocuments(TextBuffer& buffer,
                                                  const DocumentReaderOptions& options,
                                                  DocumentStats& stats);

// Where to cut a text that is longer than piece_bytes: 0 < result <= piece_bytes.
size_t PieceCut(std::string_view text, size_t piece_bytes);

bool IsBlank(std::string_view text);  // nothing but ASCII white space

}  // namespace cambium
