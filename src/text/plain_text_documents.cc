// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "text/file_documents.h"
#include "text/utf8_repair.h"

namespace cambium {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

class PlainTextDocuments : public FileDocuments {
 public:
  PlainTextDocuments(TextBuffer& buffer, const DocumentReaderOptions& options, DocumentStats& stats)
      : buffer_(buffer), options_(options), stats_(stats) {}

  bool Next(Document& document) override {
    for (;;) {
      // Enough to see a separator line that starts at the last place where a piece may end.
      buffer_.Fill(options_.piece_bytes + options_.separator.size() + 3);
      const std::string_view text = buffer_.view();
      if (text.empty()) return false;
      const Separator separator = FindSeparator(text.substr(
          0, std::min(text.size(), options_.piece_bytes + options_.separator.size() + 2)));
      size_t size_bytes;
      bool ended = true;
      if (separator.offset <= options_.piece_bytes) {
        size_bytes = separator.offset;
      } else if (text.size() <= options_.piece_bytes) {
        size_bytes = text.size();
      } else {
        size_bytes = PieceCut(text, options_.piece_bytes);
        ended = false;
      }
      const bool continues = continues_;
      const bool skip = ended && !continues && IsBlank(text.substr(0, size_bytes));
      if (!skip) document.text.assign(text.substr(0, size_bytes));
      if (size_bytes > 0) at_line_start_ = text[size_bytes - 1] == '\n';
      buffer_.Consume(size_bytes);
      if (separator.offset == size_bytes) {
        buffer_.Consume(separator.size_bytes);
        at_line_start_ = true;
      }
      continues_ = !ended;
      // Two separators in a row, or one where a piece was cut, are no document.
      if (skip) stats_.num_empty_skipped += size_bytes > 0;
      if (skip || size_bytes == 0) continue;
      document.continues = continues;
      stats_.num_repaired += RepairUtf8(document.text);
      return true;
    }
  }

 private:
  struct Separator {
    size_t offset = std::string_view::npos;
    size_t size_bytes = 0;  // with its line end
  };

  // The first whole line in `text` that is the separator.
  Separator FindSeparator(std::string_view text) const {
    const std::string_view separator = options_.separator;
    if (separator.empty()) return {};
    for (size_t at = text.find(separator); at != std::string_view::npos;
         at = text.find(separator, at + 1)) {
      if (at == 0 ? !at_line_start_ : text[at - 1] != '\n') continue;
      size_t end = at + separator.size();
      if (end < text.size() && text[end] == '\r') ++end;
      if (end < text.size() && text[end] == '\n') return {at, end + 1 - at};
      if (end == text.size() && buffer_.at_end() && end == buffer_.view().size()) {
        return {at, end - at};
      }
    }
    return {};
  }

  TextBuffer& buffer_;
  const DocumentReaderOptions& options_;
  DocumentStats& stats_;
  bool at_line_start_ = true;
  bool continues_ = false;
};

}  // namespace

size_t PieceCut(std::string_view text, size_t piece_bytes) {
  CHECK(piece_bytes >= 8 && text.size() > piece_bytes);
  for (size_t cut = piece_bytes; cut > piece_bytes / 2; --cut) {
    if (text[cut - 1] == '\n' && !IsSpace(text[cut]) && !IsSpace(text[cut - 2])) return cut;
  }
  return piece_bytes - IncompleteUtf8TailBytes(text.substr(0, piece_bytes));
}

bool IsBlank(std::string_view text) { return std::all_of(text.begin(), text.end(), IsSpace); }

std::unique_ptr<FileDocuments> MakePlainTextDocuments(TextBuffer& buffer,
                                                      const DocumentReaderOptions& options,
                                                      DocumentStats& stats) {
  return std::make_unique<PlainTextDocuments>(buffer, options, stats);
}

}  // namespace cambium
