// SPDX-License-Identifier: Apache-2.0
#include "cli/chat_display.h"

#include "cli/output.h"

namespace cambium {
namespace {

constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

}  // namespace

std::string WithoutControls(std::string_view text) {
  std::string clean;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) {
      clean += kReplacement;
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {  // U+0080 to U+009F
      clean += kReplacement;
      ++i;
    } else {
      clean += text[i];
    }
  }
  return clean;
}

std::string ChatDisplay::Prompt(std::string_view text) const {
  if (!styled_) return std::string(text);
  return std::string(kBold).append(text).append(kPlain);
}

void ChatDisplay::Show(const AnswerPart& part) {
  if (part.reasoning && (!show_reasoning_ || !is_terminal_)) return;
  if (part.reasoning != dimmed_) {
    if (styled_) Print(part.reasoning ? kDim : kPlain);
    if (dimmed_) Write(at_line_begin_ ? "\n" : "\n\n");
    dimmed_ = part.reasoning;
  }
  Write(part.text);
  FlushOutput();
}

void ChatDisplay::Write(std::string_view text) {
  if (text.empty()) return;
  Print(is_terminal_ ? WithoutControls(text) : std::string(text));
  at_line_begin_ = text.back() == '\n';
}

void ChatDisplay::EndAnswer() {
  if (dimmed_ && styled_) Print(kPlain);
  dimmed_ = false;
  if (!at_line_begin_) Print("\n");
  at_line_begin_ = true;
  FlushOutput();
}

}  // namespace cambium
