// SPDX-License-Identifier: Apache-2.0
#include "text/document_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/progress.h"
#include "text/file_documents.h"
#include "text/text_buffer.h"
#include "text/utf8_repair.h"

namespace cambium {
namespace {

constexpr size_t kSniffBytes = 8192;

// Why a file is no text; empty if it is.
std::string BinaryReason(std::string_view head) {
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
    return "it starts like UTF-16 (convert it: iconv -f UTF-16 -t UTF-8)";
  }
  if (head.find('\0') != std::string_view::npos) return "it has NUL bytes";
  const auto is_control = [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    // Tab, line feed, form feed, carriage return, backspace and escape occur in text.
    return byte == 0x7f || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\f' &&
                            byte != '\r' && byte != '\b' && byte != 0x1b);
  };
  const auto num_control = static_cast<size_t>(std::count_if(head.begin(), head.end(), is_control));
  if (num_control > head.size() / 10) return "too many control characters";
  const std::string_view whole = head.substr(0, head.size() - IncompleteUtf8TailBytes(head));
  if (CountInvalidUtf8(whole).num_bytes > whole.size() * 3 / 10) {
    return "more than 30 % of its bytes are not UTF-8 (convert it with iconv if it is text)";
  }
  return "";
}

bool IsJsonl(std::filesystem::path path) {
  if (path.extension() == ".gz" || path.extension() == ".zst") path.replace_extension();
  return path.extension() == ".jsonl" || path.extension() == ".ndjson";
}

}  // namespace

struct DocumentReader::State {
  std::filesystem::path path;
  DocumentReaderOptions options;
  InputFiles inputs;
  DocumentStats stats;
  size_t next_file = 0;
  uint64_t finished_bytes = 0;  // of files before the current one
  std::optional<TextBuffer> buffer;
  std::unique_ptr<FileDocuments> documents;  // null: no file is open

  // Opens inputs.files[next_file] unless it is binary.
  void OpenNext() {
    const InputFile& file = inputs.files[next_file];
    buffer.emplace(file.path);
    buffer->Fill(kSniffBytes);
    if (buffer->view().starts_with(kByteOrderMark)) buffer->Consume(kByteOrderMark.size());
    const std::string reason = BinaryReason(buffer->view().substr(0, kSniffBytes));
    if (!reason.empty()) {
      if (!inputs.is_folder) {
        Fail(ErrorCode::kCorruptData, "{}: is not UTF-8 text: {}", file.path.string(), reason);
      }
      ++stats.num_binary_skipped;
      CloseFile();
      return;
    }
    ++stats.num_files;
    documents = IsJsonl(file.path) ? MakeJsonlDocuments(*buffer, options, stats)
                                   : MakePlainTextDocuments(*buffer, options, stats);
  }

  void CloseFile() {
    documents.reset();
    buffer.reset();
    finished_bytes += inputs.files[next_file].size_bytes;
    ++next_file;
  }
};

DocumentReader::DocumentReader(const std::filesystem::path& path, DocumentReaderOptions options)
    : state_(std::make_unique<State>()) {
  CHECK(options.piece_bytes >= 8);
  state_->path = path;
  state_->inputs = ListInputFiles(path, options.exclude);
  state_->options = std::move(options);
  state_->stats.num_hidden_skipped = state_->inputs.num_hidden_skipped;
  state_->stats.num_special_skipped = state_->inputs.num_special_skipped;
}

DocumentReader::~DocumentReader() = default;
DocumentReader::DocumentReader(DocumentReader&&) noexcept = default;

bool DocumentReader::Next(Document& document) {
  State& s = *state_;
  while (s.next_file < s.inputs.files.size()) {
    if (s.documents == nullptr) {
      s.OpenNext();
      continue;
    }
    if (s.documents->Next(document)) {
      document.source = s.inputs.files[s.next_file].name;
      s.stats.num_documents += !document.continues;
      s.stats.text_bytes += document.text.size();
      return true;
    }
    s.CloseFile();
  }
  if (s.stats.num_documents == 0) {
    Fail(ErrorCode::kCorruptData, "{}: has no text to read ({})", s.path.string(),
         s.stats.Summary());
  }
  return false;
}

const DocumentStats& DocumentReader::stats() const { return state_->stats; }

uint64_t DocumentReader::done_bytes() const {
  const uint64_t open_bytes = state_->buffer ? state_->buffer->file_offset_bytes() : 0;
  return std::min(total_bytes(), state_->finished_bytes + open_bytes);
}

uint64_t DocumentReader::total_bytes() const { return state_->inputs.total_bytes; }

std::string DocumentStats::Summary() const {
  const auto counted = [](uint64_t count, const char* one, const char* many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
  };
  std::string summary = fmt::format("{}, {}, {} of text", counted(num_files, "file", "files"),
                                    counted(num_documents, "document", "documents"),
                                    FormatBytes(static_cast<double>(text_bytes)));
  if (num_repaired > 0) {
    summary +=
        fmt::format(", {} replaced by U+FFFD",
                    counted(num_repaired, "invalid UTF-8 sequence", "invalid UTF-8 sequences"));
  }
  const struct {
    uint64_t count;
    const char *one, *many;
  } kSkipped[] = {
      {num_binary_skipped, "binary file", "binary files"},
      {num_hidden_skipped, "hidden name", "hidden names"},
      {num_special_skipped, "link or device", "links or devices"},
      {num_empty_skipped, "empty document", "empty documents"},
      {num_bad_lines_skipped, "bad JSON line", "bad JSON lines"},
  };
  const char* lead = "; skipped: ";
  for (const auto& [count, one, many] : kSkipped) {
    if (count == 0) continue;
    summary += lead + counted(count, one, many);
    lead = ", ";
  }
  return summary;
}

}  // namespace cambium
