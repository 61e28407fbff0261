// SPDX-License-Identifier: Apache-2.0
// What a chat looks like: answers as they come, reasoning dimmed on a terminal and left out
// elsewhere. On a terminal nothing that a model writes can move the cursor or change a setting:
// control characters show as U+FFFD.
#pragma once

#include <string>
#include <string_view>

#include "infer/answer_parts.h"

namespace cambium {

class ChatDisplay {
 public:
  // styled: whether escape sequences may be written.
  ChatDisplay(bool is_terminal, bool styled, bool show_reasoning)
      : is_terminal_(is_terminal), styled_(styled), show_reasoning_(show_reasoning) {}

  // "> " in bold.
  std::string Prompt(std::string_view text) const;
  void Show(const AnswerPart& part);
  // After an answer: the styles are off, and the cursor is at the beginning of a line.
  void EndAnswer();

 private:
  void Write(std::string_view text);

  const bool is_terminal_, styled_, show_reasoning_;
  bool dimmed_ = false;
  bool at_line_begin_ = true;
};

// Control characters but tab and line feed, C1 ones too, as U+FFFD. text: well-formed UTF-8.
std::string WithoutControls(std::string_view text);

}  // namespace cambium
