// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "text/file_documents.h"
#include "text/utf8_repair.h"

namespace cambium {
namespace {

// Takes the string value of one top-level field out of a stream of JSON events, so that the rest of
// the line is checked but never built. The parser keeps its own stack: nesting cannot overflow
// ours.
class TextFieldHandler : public nlohmann::json_sax<Json> {
 public:
  explicit TextFieldHandler(const std::string& field) : field_(field) {}

  bool null() override { return Other("null"); }
  bool boolean(bool) override { return Other("a boolean"); }
  bool number_integer(number_integer_t) override { return Other("a number"); }
  bool number_unsigned(number_unsigned_t) override { return Other("a number"); }
  bool number_float(number_float_t, const string_t&) override { return Other("a number"); }
  bool binary(binary_t&) override { return Other("binary"); }
  bool string(string_t& value) override {
    if (depth_ == 0) return Other("a string");
    if (std::exchange(expected_, false)) {
      text = std::move(value);  // of equal keys the last one counts, as in most JSON readers
      found_type.clear();
    }
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ == 0) is_object = true;
    Other("an object");
    ++depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    Other("an array");
    ++depth_;
    return true;
  }
  bool key(string_t& key) override {
    expected_ = depth_ == 1 && is_object && key == field_;
    return true;
  }
  bool end_object() override { return Leave(); }
  bool end_array() override { return Leave(); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& exception) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 5: reason"
    const std::string_view what = exception.what();
    const size_t reason = what.find(": ");
    error = fmt::format("not JSON at byte {}: {}", position,
                        reason == std::string_view::npos ? what : what.substr(reason + 2));
    return false;
  }

  std::optional<std::string> text;
  std::string found_type;  // of the field, if it is no string
  std::string error;
  bool is_object = false;

 private:
  bool Other(const char* type) {
    if (std::exchange(expected_, false)) {
      text.reset();
      found_type = type;
    }
    return true;
  }
  bool Leave() {
    --depth_;
    return true;
  }

  const std::string& field_;
  int64_t depth_ = 0;
  bool expected_ = false;  // the next value is the field's
};

// Code unit of the escape \uXXXX at `at`, or -1.
int EscapedUnit(std::string_view line, size_t at) {
  if (at + 6 > line.size() || line[at] != '\\' || line[at + 1] != 'u') return -1;
  int unit = 0;
  for (size_t i = at + 2; i < at + 6; ++i) {
    const char c = line[i];
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

// Writes \ufffd over every surrogate escape without its partner, in place.
uint64_t RepairSurrogateEscapes(std::string& line) {
  uint64_t num_repaired = 0;
  for (size_t i = line.find('\\'); i != std::string::npos; i = line.find('\\', i)) {
    const int unit = EscapedUnit(line, i);
    if (unit < 0xD800 || unit > 0xDFFF) {
      i += unit < 0 ? 2 : 6;  // an escaped backslash hides what follows it
      continue;
    }
    const int next = unit < 0xDC00 ? EscapedUnit(line, i + 6) : -1;
    if (next >= 0xDC00 && next <= 0xDFFF) {
      i += 12;
      continue;
    }
    line.replace(i, 6, "\\ufffd");
    ++num_repaired;
    i += 6;
  }
  return num_repaired;
}

class JsonlDocuments : public FileDocuments {
 public:
  JsonlDocuments(TextBuffer& buffer, const DocumentReaderOptions& options, DocumentStats& stats)
      : buffer_(buffer), options_(options), stats_(stats) {}

  bool Next(Document& document) override {
    document.continues = position_ > 0;
    while (position_ == text_.size()) {
      document.continues = false;
      text_.clear();
      position_ = 0;
      if (!NextLine()) return false;
      if (IsBlank(line_)) continue;
      ParseLine();
    }
    const std::string_view rest = std::string_view(text_).substr(position_);
    const size_t size_bytes =
        rest.size() > options_.piece_bytes ? PieceCut(rest, options_.piece_bytes) : rest.size();
    document.text.assign(rest.substr(0, size_bytes));
    position_ += size_bytes;
    return true;
  }

 private:
  // The next line without its end, in line_; false at the end of the file.
  bool NextLine() {
    for (;;) {
      const size_t end = FindLineEnd(0);
      if (buffer_.view().empty()) return false;
      ++line_number_;
      if (end <= options_.max_line_bytes) {
        const std::string_view view = buffer_.view();
        line_.assign(view.substr(0, end));
        buffer_.Consume(std::min(end + 1, view.size()));
        return true;
      }
      BadLine(ErrorCode::kResourceExhausted,
              fmt::format("longer than {} bytes", options_.max_line_bytes));
      DropLine();
    }
  }

  // Offset of the end of the line in the buffer's view, where it is not past max_line_bytes; else
  // anything larger. Each byte is looked at once.
  size_t FindLineEnd(size_t scanned) {
    for (size_t want = size_t{64} << 10;; want *= 2) {
      buffer_.Fill(std::min(want, options_.max_line_bytes + 1));
      const std::string_view view = buffer_.view();
      const size_t end = view.find('\n', scanned);
      if (end != std::string_view::npos) return end;
      if (view.size() > options_.max_line_bytes || buffer_.at_end()) return view.size();
      scanned = view.size();
    }
  }

  void DropLine() {
    for (;;) {
      buffer_.Fill(1);
      const std::string_view view = buffer_.view();
      if (view.empty()) return;
      const size_t end = view.find('\n');
      buffer_.Consume(end == std::string_view::npos ? view.size() : end + 1);
      if (end != std::string_view::npos) return;
    }
  }

  // Leaves the line's text in text_, or counts it as skipped and leaves text_ empty.
  void ParseLine() {
    stats_.num_repaired += RepairUtf8(line_) + RepairSurrogateEscapes(line_);
    TextFieldHandler handler(options_.text_field);
    Json::sax_parse(line_, &handler);
    if (!handler.error.empty()) {
      BadLine(ErrorCode::kCorruptData, handler.error);
    } else if (!handler.is_object) {
      BadLine(ErrorCode::kCorruptData, "not a JSON object");
    } else if (!handler.text.has_value()) {
      BadLine(ErrorCode::kCorruptData,
              handler.found_type.empty()
                  ? fmt::format("the object has no field \"{}\"", options_.text_field)
                  : fmt::format("the field \"{}\" is {}, not a string", options_.text_field,
                                handler.found_type));
    } else if (IsBlank(*handler.text)) {
      ++stats_.num_empty_skipped;
    } else {
      text_ = std::move(*handler.text);
    }
  }

  void BadLine(ErrorCode code, const std::string& reason) {
    if (!options_.skip_bad_json_lines) {
      Fail(code, "{}: line {}: {} (bad lines can be skipped: --skip-bad-lines)", buffer_.name(),
           line_number_, reason);
    }
    ++stats_.num_bad_lines_skipped;
  }

  TextBuffer& buffer_;
  const DocumentReaderOptions& options_;
  DocumentStats& stats_;
  std::string line_;
  uint64_t line_number_ = 0;
  std::string text_;     // of the current line
  size_t position_ = 0;  // of text_, handed out so far
};

}  // namespace

std::unique_ptr<FileDocuments> MakeJsonlDocuments(TextBuffer& buffer,
                                                  const DocumentReaderOptions& options,
                                                  DocumentStats& stats) {
  return std::make_unique<JsonlDocuments>(buffer, options, stats);
}

}  // namespace cambium
