// SPDX-License-Identifier: Apache-2.0
// One line of a terminal, edited: cursor keys, Home, End, words by Ctrl and the cursor keys,
// Backspace, Delete, Ctrl-A, E, U, K, W, L, and what was typed before by Up and Down. A pasted text
// of several lines stays one (bracketed paste), Alt-Enter begins another, and a line may be wider
// than the terminal. Line feeds show as an arrow. The terminal is in raw mode only during Read.
//
// Keys and sequences: ECMA-48 and xterm's "ctlseqs". Widths: characters of East Asian width W and F
// take two columns, combining ones none. Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cambium {

struct ScreenPlace {
  size_t row = 0;
  size_t column = 0;
};
// Where the cursor is behind `text` (well-formed UTF-8 without control characters), which begins at
// the left edge, as terminals of this many columns wrap it.
ScreenPlace PlaceBehind(std::string_view text, size_t columns);

// The line being edited, without a terminal. Positions are bytes, at the beginnings of characters.
class EditedLine {
 public:
  const std::string& text() const { return text_; }
  size_t cursor() const { return cursor_; }
  void Set(std::string text);
  void Insert(std::string_view text);
  void Left();
  void Right();
  void WordLeft();
  void WordRight();
  void Home() { cursor_ = 0; }
  void End() { cursor_ = text_.size(); }
  void Backspace();
  void Delete();
  void DeleteWord();
  void DeleteToBegin();
  void DeleteToEnd() { text_.resize(cursor_); }

 private:
  std::string text_;
  size_t cursor_ = 0;
};

class LineEditor {
 public:
  enum class Result { kLine, kEnd, kInterrupted };

  // Whether standard input and output are a terminal that can do it.
  static bool Available();

  // prompt: what is shown before the line; escape sequences of styles take no room. Throws kIo.
  Result Read(const std::string& prompt, std::string* line);

 private:
  // A character, or a key.
  enum class Key {
    kText,
    kEnter,
    kLeft,
    kRight,
    kUp,
    kDown,
    kHome,
    kEnd,
    kWordLeft,
    kWordRight,
    kBackspace,
    kDelete,
    kDeleteWord,
    kDeleteToBegin,
    kDeleteToEnd,
    kClear,
    kInterrupt,
    kEndOfInput,
    kNothing
  };

  Key ReadKey(std::string* text);
  Key ReadEscape(std::string* text);
  std::string ReadPaste();
  // -1: the end of the input. -2: a signal.
  int ReadByte();
  void Redraw(const std::string& prompt);
  void Recall(bool older);
  void Apply(Key key, const std::string& text);

  EditedLine line_;
  std::vector<std::string> history_;
  size_t recalled_ = 0;    // place in the history; its size: the new line
  std::string new_line_;   // while an older one is shown
  size_t cursor_row_ = 0;  // of what is on the screen, from the prompt's row
};

}  // namespace cambium
