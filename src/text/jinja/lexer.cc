// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/lexer.h"

#include <algorithm>

#include "base/error.h"
#include "text/jinja/string_literal.h"
#include "text/jinja/text_search.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

bool IsDigitByte(char c) { return c >= '0' && c <= '9'; }

// Line breaks become \n, and one at the end is dropped.
std::string NormalizeSource(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
      out += '\n';
    } else {
      out += source[i];
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(NormalizeSource(source)) {}

  std::vector<Token> Run() {
    while (position_ < source_.size()) ReadData();
    tokens_.push_back({TokenKind::kEnd, "", line_});
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void Fail(const std::string& message) const { FailSyntax(line_, message); }
  bool At(std::string_view text) const { return rest().starts_with(text); }
  std::string_view rest() const { return std::string_view(source_).substr(position_); }
  void Add(TokenKind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  // Moves on to `end`. What follows begins a line when the text until there ends one.
  void MoveTo(size_t end) {
    const std::string_view passed = std::string_view(source_).substr(position_, end - position_);
    line_ += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
    if (!passed.empty()) at_line_start_ = passed.back() == '\n';
    position_ = end;
  }

  size_t SkipSpaces(size_t from) const {
    while (from < source_.size()) {
      size_t next = from;
      if (!IsSpace(DecodeChar(source_, &next))) break;
      from = next;
    }
    return from;
  }

  void ReadData();
  std::string_view StripBeforeTag(std::string_view text, char sign, bool is_variable) const;
  size_t RawBlockEnd(size_t tag) const;
  void ReadRaw(size_t begin);
  void ReadComment(size_t begin);
  void ReadCode(bool is_variable, size_t begin);
  bool ReadEnd(bool is_variable);
  void ReadToken();
  bool ReadNumber();
  size_t DigitsEnd(size_t from) const;
  void ReadName();
  void ReadString();
  void ReadOperator();

  const std::string source_;
  size_t position_ = 0;
  int line_ = 1;
  bool at_line_start_ = true;
  std::string open_;  // brackets that are to be closed
  std::vector<Token> tokens_;
};

// The sign after a tag's opening, or 0.
char SignAt(std::string_view source, size_t at) {
  return at < source.size() && (source[at] == '-' || source[at] == '+') ? source[at] : '\0';
}

// Data before a tag, without the space that the tag takes.
std::string_view Lexer::StripBeforeTag(std::string_view text, char sign, bool is_variable) const {
  if (sign == '-') {
    while (!text.empty()) {
      size_t offset = text.size();
      if (!IsSpace(DecodeCharBefore(text, &offset))) break;
      text = text.substr(0, offset);
    }
    return text;
  }
  if (sign == '+' || is_variable) return text;
  const size_t newline = text.rfind('\n');
  const size_t line = newline == text.npos ? 0 : newline + 1;
  if (line == 0 && !at_line_start_) return text;
  for (size_t offset = line; offset < text.size();) {
    if (!IsSpace(DecodeChar(text, &offset))) return text;
  }
  return text.substr(0, line);
}

// The end of the tag {% raw %} at `tag`, or npos when it is something else.
size_t Lexer::RawBlockEnd(size_t tag) const {
  size_t at = tag + 2;
  if (SignAt(source_, at) != '\0') ++at;
  at = SkipSpaces(at);
  if (source_.compare(at, 3, "raw") != 0) return source_.npos;
  at = SkipSpaces(at + 3);
  if (source_.compare(at, 3, "-%}") == 0) return SkipSpaces(at + 3);
  return source_.compare(at, 2, "%}") == 0 ? at + 2 : source_.npos;
}

void Lexer::ReadData() {
  size_t tag = position_;
  while (true) {
    tag = source_.find('{', tag);
    if (tag == source_.npos || tag + 1 >= source_.size()) {
      Add(TokenKind::kData, source_.substr(position_));
      return MoveTo(source_.size());
    }
    const char next = source_[tag + 1];
    if (next == '{' || next == '%' || next == '#') break;
    ++tag;
  }
  const char type = source_[tag + 1];
  const char sign = SignAt(source_, tag + 2);
  const std::string_view text = std::string_view(source_).substr(position_, tag - position_);
  const std::string_view data = StripBeforeTag(text, sign, type == '{');
  if (!data.empty()) Add(TokenKind::kData, std::string(data));
  MoveTo(tag);
  const size_t begin = tag + 2 + (sign == '\0' ? 0 : 1);
  if (type == '#') return ReadComment(begin);
  if (type == '%') {
    const size_t raw = RawBlockEnd(tag);
    if (raw != source_.npos) return ReadRaw(raw);
  }
  ReadCode(type == '{', begin);
}

void Lexer::ReadComment(size_t begin) {
  // As in Jinja, what would be empty up to the end of the template needs no closing.
  if (begin == source_.size()) return MoveTo(begin);
  const size_t end = source_.find("#}", begin);
  if (end == source_.npos) Fail("a comment is not closed: missing #}");
  const char sign = end > begin ? source_[end - 1] : '\0';
  size_t after = end + 2;
  if (sign == '-') {
    after = SkipSpaces(after);
  } else if (sign != '+' && after < source_.size() && source_[after] == '\n') {
    ++after;
  }
  MoveTo(after);
}

void Lexer::ReadRaw(size_t begin) {
  MoveTo(begin);
  if (begin == source_.size()) return;
  for (size_t tag = source_.find("{%", begin); tag != source_.npos;
       tag = source_.find("{%", tag + 2)) {
    const char sign = SignAt(source_, tag + 2);
    size_t at = SkipSpaces(tag + 2 + (sign == '\0' ? 0 : 1));
    if (source_.compare(at, 6, "endraw") != 0) continue;
    at = SkipSpaces(at + 6);
    const char end_sign = SignAt(source_, at);
    if (end_sign != '\0') ++at;
    if (source_.compare(at, 2, "%}") != 0) continue;
    at += 2;
    if (end_sign == '-') {
      at = SkipSpaces(at);
    } else if (end_sign == '\0' && at < source_.size() && source_[at] == '\n') {
      ++at;
    }
    const std::string_view text = std::string_view(source_).substr(begin, tag - begin);
    const std::string_view data = StripBeforeTag(text, sign, false);
    if (!data.empty()) Add(TokenKind::kData, std::string(data));
    return MoveTo(at);
  }
  Fail("a raw block is not closed: missing {% endraw %}");
}

void Lexer::ReadCode(bool is_variable, size_t begin) {
  Add(is_variable ? TokenKind::kVariableBegin : TokenKind::kBlockBegin, "");
  MoveTo(begin);
  open_.clear();
  while (position_ < source_.size()) {
    if (open_.empty() && ReadEnd(is_variable)) return;
    ReadToken();
  }
}

bool Lexer::ReadEnd(bool is_variable) {
  const std::string_view end = is_variable ? "}}" : "%}";
  const char sign = SignAt(source_, position_);
  if (sign == '+' && is_variable) return false;
  const size_t at = position_ + (sign == '\0' ? 0 : 1);
  if (source_.compare(at, 2, end) != 0) return false;
  size_t after = at + 2;
  if (sign == '-') {
    after = SkipSpaces(after);
  } else if (sign == '\0' && !is_variable && after < source_.size() && source_[after] == '\n') {
    ++after;
  }
  Add(is_variable ? TokenKind::kVariableEnd : TokenKind::kBlockEnd, "");
  MoveTo(after);
  return true;
}

void Lexer::ReadToken() {
  const char c = source_[position_];
  const size_t spaces_end = SkipSpaces(position_);
  if (spaces_end > position_) return MoveTo(spaces_end);
  if (IsDigitByte(c) && ReadNumber()) return;
  size_t offset = position_;
  const char32_t first = DecodeChar(source_, &offset);
  if (first == '_' || IsAlpha(first)) return ReadName();
  if (c == '\'' || c == '"') return ReadString();
  ReadOperator();
}

// Digits with single underscores between them.
size_t Lexer::DigitsEnd(size_t from) const {
  size_t at = from;
  while (at < source_.size() &&
         (IsDigitByte(source_[at]) || (source_[at] == '_' && at > from && at + 1 < source_.size() &&
                                       IsDigitByte(source_[at + 1])))) {
    ++at;
  }
  return at;
}

bool Lexer::ReadNumber() {
  const auto add = [&](TokenKind kind, size_t end) {
    std::string text = source_.substr(position_, end - position_);
    std::erase(text, '_');
    Add(kind, std::move(text));
    MoveTo(end);
    return true;
  };
  // A number after a dot is an index (x.0.1), never a float.
  if (position_ == 0 || source_[position_ - 1] != '.') {
    size_t end = DigitsEnd(position_);
    bool is_float = false;
    if (end + 1 < source_.size() && source_[end] == '.' && IsDigitByte(source_[end + 1])) {
      is_float = true;
      end = DigitsEnd(end + 1);
    }
    if (end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
      const size_t digits = end + (SignAt(source_, end + 1) != '\0' ? 2 : 1);
      if (digits < source_.size() && IsDigitByte(source_[digits])) {
        is_float = true;
        end = DigitsEnd(digits);
      }
    }
    if (is_float) return add(TokenKind::kFloat, end);
  }
  const auto based = [&](std::string_view letters, std::string_view digits) -> size_t {
    if (source_[position_] != '0' || position_ + 2 >= source_.size() ||
        letters.find(source_[position_ + 1]) == letters.npos) {
      return 0;
    }
    size_t at = position_ + 2;
    const auto is_digit = [&](size_t i) {
      return i < source_.size() && digits.find(source_[i]) != digits.npos;
    };
    while (is_digit(at) || (at < source_.size() && source_[at] == '_' && is_digit(at + 1))) ++at;
    return at > position_ + 2 ? at : 0;
  };
  for (const size_t end :
       {based("bB", "01"), based("oO", "01234567"), based("xX", "0123456789abcdefABCDEF")}) {
    if (end != 0) return add(TokenKind::kInteger, end);
  }
  // Zeros are a number of their own: 007 is 00 and 7, which no expression allows.
  size_t end = position_;
  if (source_[position_] == '0') {
    while (end < source_.size() &&
           (source_[end] == '0' ||
            (source_[end] == '_' && end + 1 < source_.size() && source_[end + 1] == '0'))) {
      ++end;
    }
  } else {
    end = DigitsEnd(position_);
  }
  return add(TokenKind::kInteger, end);
}

void Lexer::ReadName() {
  size_t end = position_;
  while (end < source_.size()) {
    size_t next = end;
    const char32_t c = DecodeChar(source_, &next);
    if (c != '_' && !IsAlnum(c)) break;
    end = next;
  }
  Add(TokenKind::kName, source_.substr(position_, end - position_));
  MoveTo(end);
}

void Lexer::ReadString() {
  const char quote = source_[position_];
  size_t end = position_ + 1;
  while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
  if (end >= source_.size()) Fail("a string is not closed");
  const std::string_view literal =
      std::string_view(source_).substr(position_ + 1, end - position_ - 1);
  std::string reason;
  std::string text;
  if (!UnescapeLiteral(literal, &text, &reason)) Fail(reason);
  Add(TokenKind::kString, std::move(text));
  MoveTo(end + 1);
}

void Lexer::ReadOperator() {
  constexpr std::string_view kLong[] = {"//", "**", "==", "!=", ">=", "<="};
  std::string_view op;
  for (const std::string_view candidate : kLong) {
    if (At(candidate)) op = candidate;
  }
  if (op.empty() &&
      std::string_view("+-/*%~[](){}><=.:|,;").find(source_[position_]) != std::string_view::npos) {
    op = rest().substr(0, 1);
  }
  if (op.empty()) {
    const std::string_view bad = rest().substr(0, CharBytes(source_, position_));
    Fail("unexpected character '" + std::string(bad) + "'");
  }
  constexpr std::string_view kOpening = "([{", kClosing = ")]}";
  if (const size_t which = kOpening.find(op[0]); which != kOpening.npos) {
    open_ += kClosing[which];
  } else if (kClosing.find(op[0]) != kClosing.npos) {
    if (open_.empty()) Fail("unexpected '" + std::string(op) + "'");
    if (open_.back() != op[0]) {
      Fail("unexpected '" + std::string(op) + "', expected '" + open_.back() + "'");
    }
    open_.pop_back();
  }
  Add(TokenKind::kOperator, std::string(op));
  MoveTo(position_ + op.size());
}

}  // namespace

void FailSyntax(int line, const std::string& message) {
  Fail(ErrorCode::kCorruptData, "chat template, line {}: {}", line, message);
}

std::vector<Token> Tokenize(std::string_view source) { return Lexer(source).Run(); }

}  // namespace cambium::jinja
