// SPDX-License-Identifier: Apache-2.0
#include "cli/line_editor.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "cli/output.h"

namespace cambium {
namespace {

constexpr std::string_view kLineFeedShown = "\xe2\x86\xb5";  // U+21B5
constexpr std::string_view kPasteEnd = "\x1b[201~";

// Raw mode, with output as it was, for as long as it lives.
class RawTerminal {
 public:
  RawTerminal() {
    if (tcgetattr(0, &before_) != 0) {
      Fail(ErrorCode::kIo, "the terminal's settings: {}", std::strerror(errno));
    }
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | IXON);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(0, TCSADRAIN, &raw);
    Print("\x1b[?2004h");
  }
  ~RawTerminal() {
    tcsetattr(0, TCSADRAIN, &before_);
    // A destructor must not throw; without this a paste would come with its brackets.
    const std::string_view off = "\x1b[?2004l";
    (void)!write(1, off.data(), off.size());
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_ = {};
};

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

size_t CharacterLength(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

char32_t CodePoint(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0);
  char32_t code = byte(0) & (0xffu >> (character.size() + 1));
  for (size_t i = 1; i < character.size(); ++i) code = code << 6 | (byte(i) & 0x3fu);
  return code;
}

// Unicode 16, EastAsianWidth.txt (W and F) and combining marks, by blocks.
size_t ColumnsOf(char32_t code) {
  const auto in = [code](char32_t first, char32_t last) { return code >= first && code <= last; };
  if (in(0x300, 0x36f) || in(0x200b, 0x200f) || in(0x20d0, 0x20ff) || in(0xfe00, 0xfe0f)) return 0;
  const bool wide = in(0x1100, 0x115f) || in(0x2e80, 0x303e) || in(0x3041, 0xa4cf) ||
                    in(0xac00, 0xd7a3) || in(0xf900, 0xfaff) || in(0xfe30, 0xfe6f) ||
                    in(0xff00, 0xff60) || in(0xffe0, 0xffe6) || in(0x1f300, 0x1f64f) ||
                    in(0x1f680, 0x1f6ff) || in(0x1f900, 0x1faff) || in(0x20000, 0x3fffd);
  return wide ? 2 : 1;
}

// Calls fn(character) for every character of well-formed UTF-8.
template <typename Fn>
void ForEachCharacter(std::string_view text, const Fn& fn) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t length =
        std::min(CharacterLength(static_cast<unsigned char>(text[begin])), text.size() - begin);
    fn(text.substr(begin, length));
    begin += length;
  }
}

// Without escape sequences of styles.
std::string Visible(std::string_view text) {
  std::string visible;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\x1b') {
      visible += text[i];
      continue;
    }
    i = std::min(text.find('m', i), text.size());
  }
  return visible;
}

std::string Shown(std::string_view text) {
  std::string shown;
  for (const char byte : text) {
    if (byte == '\n') {
      shown += kLineFeedShown;
    } else {
      shown += byte;
    }
  }
  return shown;
}

size_t TerminalColumns() {
  winsize size = {};
  return ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

}  // namespace

ScreenPlace PlaceBehind(std::string_view text, size_t columns) {
  ScreenPlace place;
  ForEachCharacter(text, [&](std::string_view character) {
    const size_t width = ColumnsOf(CodePoint(character));
    if (place.column + width > columns) place = {place.row + 1, 0};
    place.column += width;
  });
  if (place.column == columns) place = {place.row + 1, 0};
  return place;
}

void EditedLine::Set(std::string text) {
  text_ = std::move(text);
  cursor_ = text_.size();
}

void EditedLine::Insert(std::string_view text) {
  text_.insert(cursor_, text);
  cursor_ += text.size();
}

void EditedLine::Left() {
  if (cursor_ == 0) return;
  do {
    --cursor_;
  } while (cursor_ > 0 && IsContinuation(text_[cursor_]));
}

void EditedLine::Right() {
  if (cursor_ == text_.size()) return;
  do {
    ++cursor_;
  } while (cursor_ < text_.size() && IsContinuation(text_[cursor_]));
}

void EditedLine::WordLeft() {
  while (cursor_ > 0 && text_[cursor_ - 1] == ' ') --cursor_;
  while (cursor_ > 0 && text_[cursor_ - 1] != ' ') --cursor_;
}

void EditedLine::WordRight() {
  while (cursor_ < text_.size() && text_[cursor_] == ' ') ++cursor_;
  while (cursor_ < text_.size() && text_[cursor_] != ' ') ++cursor_;
}

void EditedLine::Backspace() {
  const size_t end = cursor_;
  Left();
  text_.erase(cursor_, end - cursor_);
}

void EditedLine::Delete() {
  const size_t begin = cursor_;
  Right();
  text_.erase(begin, cursor_ - begin);
  cursor_ = begin;
}

void EditedLine::DeleteWord() {
  const size_t end = cursor_;
  WordLeft();
  text_.erase(cursor_, end - cursor_);
}

void EditedLine::DeleteToBegin() {
  text_.erase(0, cursor_);
  cursor_ = 0;
}

bool LineEditor::Available() {
  const char* terminal = std::getenv("TERM");
  return isatty(0) == 1 && isatty(1) == 1 && terminal != nullptr && *terminal != '\0' &&
         std::string_view(terminal) != "dumb";
}

int LineEditor::ReadByte() {
  unsigned char byte = 0;
  const ssize_t count = read(0, &byte, 1);
  if (count == 1) return byte;
  if (count == 0) return -1;
  if (errno == EINTR) return -2;
  // A terminal that was closed says EIO.
  if (errno == EIO) return -1;
  Fail(ErrorCode::kIo, "standard input: {}", std::strerror(errno));
}

std::string LineEditor::ReadPaste() {
  std::string text;
  while (!text.ends_with(kPasteEnd)) {
    const int byte = ReadByte();
    if (byte < 0) return text;
    // Terminals send line ends of a paste as carriage returns.
    text += byte == '\r' ? '\n' : static_cast<char>(byte);
  }
  text.resize(text.size() - kPasteEnd.size());
  return text;
}

LineEditor::Key LineEditor::ReadEscape(std::string* text) {
  int byte = ReadByte();
  if (byte == '\r') {
    *text = "\n";
    return Key::kText;
  }
  if (byte == 'b') return Key::kWordLeft;
  if (byte == 'f') return Key::kWordRight;
  if (byte != '[' && byte != 'O') return Key::kNothing;
  std::string sequence;
  do {
    byte = ReadByte();
    if (byte < 0) return Key::kNothing;
    sequence += static_cast<char>(byte);
  } while ((byte < 0x40 || byte > 0x7e) && sequence.size() < 16);
  if (sequence == "200~") {
    *text = ReadPaste();
    return Key::kText;
  }
  constexpr std::pair<std::string_view, Key> kKeys[] = {
      {"A", Key::kUp},          {"B", Key::kDown},         {"C", Key::kRight},
      {"D", Key::kLeft},        {"H", Key::kHome},         {"F", Key::kEnd},
      {"1~", Key::kHome},       {"7~", Key::kHome},        {"4~", Key::kEnd},
      {"8~", Key::kEnd},        {"3~", Key::kDelete},      {"1;5C", Key::kWordRight},
      {"1;5D", Key::kWordLeft}, {"1;3C", Key::kWordRight}, {"1;3D", Key::kWordLeft}};
  for (const auto& [name, key] : kKeys) {
    if (sequence == name) return key;
  }
  return Key::kNothing;
}

LineEditor::Key LineEditor::ReadKey(std::string* text) {
  const int byte = ReadByte();
  switch (byte) {
    case -1:
      return Key::kEndOfInput;
    case -2:
      return Key::kInterrupt;
    case 1:
      return Key::kHome;
    case 2:
      return Key::kLeft;
    case 3:
      return Key::kInterrupt;
    case 4:
      return line_.text().empty() ? Key::kEndOfInput : Key::kDelete;
    case 5:
      return Key::kEnd;
    case 6:
      return Key::kRight;
    case 8:
    case 127:
      return Key::kBackspace;
    case '\n':
    case '\r':
      return Key::kEnter;
    case 11:
      return Key::kDeleteToEnd;
    case 12:
      return Key::kClear;
    case 14:
      return Key::kDown;
    case 16:
      return Key::kUp;
    case 21:
      return Key::kDeleteToBegin;
    case 23:
      return Key::kDeleteWord;
    case 27:
      return ReadEscape(text);
    default:
      break;
  }
  if (byte < 0x20 && byte != '\t') return Key::kNothing;
  *text = byte == '\t' ? ' ' : static_cast<char>(byte);
  for (size_t length = CharacterLength(static_cast<unsigned char>(byte)); text->size() < length;) {
    const int next = ReadByte();
    if (next < 0 || !IsContinuation(static_cast<char>(next))) return Key::kNothing;
    *text += static_cast<char>(next);
  }
  return IsContinuation(text->front()) ? Key::kNothing : Key::kText;
}

void LineEditor::Redraw(const std::string& prompt) {
  const size_t columns = TerminalColumns();
  const std::string before = Visible(prompt) + Shown(line_.text().substr(0, line_.cursor()));
  const std::string all = Visible(prompt) + Shown(line_.text());
  const ScreenPlace cursor = PlaceBehind(before, columns), end = PlaceBehind(all, columns);
  std::string out = "\r";
  if (cursor_row_ > 0) out += fmt::format("\x1b[{}A", cursor_row_);
  out += "\x1b[J" + prompt + Shown(line_.text());
  // A terminal waits with the wrap until the next character comes.
  if (end.column == 0 && end.row > 0) out += "\r\n";
  if (end.row > cursor.row) out += fmt::format("\x1b[{}A", end.row - cursor.row);
  out += '\r';
  if (cursor.column > 0) out += fmt::format("\x1b[{}C", cursor.column);
  cursor_row_ = cursor.row;
  Print(out);
  FlushOutput();
}

void LineEditor::Recall(bool older) {
  if (older ? recalled_ == 0 : recalled_ == history_.size()) return;
  if (recalled_ == history_.size()) new_line_ = line_.text();
  recalled_ = older ? recalled_ - 1 : recalled_ + 1;
  line_.Set(recalled_ == history_.size() ? new_line_ : history_[recalled_]);
}

void LineEditor::Apply(Key key, const std::string& text) {
  switch (key) {
    case Key::kText:
      return line_.Insert(text);
    case Key::kLeft:
      return line_.Left();
    case Key::kRight:
      return line_.Right();
    case Key::kWordLeft:
      return line_.WordLeft();
    case Key::kWordRight:
      return line_.WordRight();
    case Key::kHome:
      return line_.Home();
    case Key::kEnd:
      return line_.End();
    case Key::kUp:
      return Recall(/*older=*/true);
    case Key::kDown:
      return Recall(/*older=*/false);
    case Key::kBackspace:
      return line_.Backspace();
    case Key::kDelete:
      return line_.Delete();
    case Key::kDeleteWord:
      return line_.DeleteWord();
    case Key::kDeleteToBegin:
      return line_.DeleteToBegin();
    case Key::kDeleteToEnd:
      return line_.DeleteToEnd();
    case Key::kClear:
      Print("\x1b[H\x1b[2J");
      cursor_row_ = 0;
      return;
    case Key::kEnter:
    case Key::kInterrupt:
    case Key::kEndOfInput:
    case Key::kNothing:
      return;
  }
}

LineEditor::Result LineEditor::Read(const std::string& prompt, std::string* line) {
  const RawTerminal raw;
  line_.Set("");
  recalled_ = history_.size();
  cursor_row_ = 0;
  for (;;) {
    Redraw(prompt);
    std::string text;
    const Key key = ReadKey(&text);
    if (key != Key::kEnter && key != Key::kInterrupt && key != Key::kEndOfInput) {
      Apply(key, text);
      continue;
    }
    line_.End();
    Redraw(prompt);
    if (key == Key::kEndOfInput) return Result::kEnd;
    if (key == Key::kInterrupt) return Result::kInterrupted;
    Print("\r\n");
    FlushOutput();
    *line = line_.text();
    if (!line->empty() && (history_.empty() || history_.back() != *line)) {
      history_.push_back(*line);
    }
    return Result::kLine;
  }
}

}  // namespace cambium
