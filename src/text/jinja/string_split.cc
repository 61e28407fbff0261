// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "text/jinja/sandbox.h"
#include "text/jinja/string_functions.h"
#include "text/jinja/text_search.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

class Splitter {
 public:
  Splitter(Sandbox& box, const Value& string, int64_t max_splits)
      : box_(box), string_(string), left_(max_splits) {}

  bool MaySplit() { return left_ < 0 || left_-- > 0; }
  void Add(std::string_view piece) {
    box_.Push(pieces_, box_.StringLike(string_, std::string(piece)));
  }
  Value Finish(bool reverse) {
    if (reverse) std::reverse(pieces_.begin(), pieces_.end());
    return box_.List(std::move(pieces_));
  }

 private:
  Sandbox& box_;
  const Value& string_;
  int64_t left_;  // splits; negative: any number
  std::vector<Value> pieces_;
};

size_t SkipWhile(std::string_view text, size_t offset, bool spaces) {
  while (offset < text.size()) {
    size_t next = offset;
    if (IsSpace(DecodeChar(text, &next)) != spaces) break;
    offset = next;
  }
  return offset;
}

size_t SkipWhileBackward(std::string_view text, size_t offset, bool spaces) {
  while (offset > 0) {
    size_t next = offset;
    if (IsSpace(DecodeCharBefore(text, &next)) != spaces) break;
    offset = next;
  }
  return offset;
}

// Words between spaces; what is left after the last split keeps all of its own.
Value SplitWords(Splitter& splitter, std::string_view text) {
  size_t begin = SkipWhile(text, 0, true);
  while (begin < text.size()) {
    if (!splitter.MaySplit()) {
      splitter.Add(text.substr(begin));
      break;
    }
    const size_t end = SkipWhile(text, begin, false);
    splitter.Add(text.substr(begin, end - begin));
    begin = SkipWhile(text, end, true);
  }
  return splitter.Finish(false);
}

Value SplitWordsFromRight(Splitter& splitter, std::string_view text) {
  size_t end = SkipWhileBackward(text, text.size(), true);
  while (end > 0) {
    if (!splitter.MaySplit()) {
      splitter.Add(text.substr(0, end));
      break;
    }
    const size_t begin = SkipWhileBackward(text, end, false);
    splitter.Add(text.substr(begin, end - begin));
    end = SkipWhileBackward(text, begin, true);
  }
  return splitter.Finish(true);
}

}  // namespace

Value Split(Sandbox& box, const Value& string, std::optional<std::string_view> separator,
            int64_t max_splits, bool from_right) {
  const std::string_view text = string.text();
  box.StepBytes(text.size());
  Splitter splitter(box, string, max_splits);
  if (!separator) {
    return from_right ? SplitWordsFromRight(splitter, text) : SplitWords(splitter, text);
  }
  if (separator->empty()) box.Fail("empty separator");
  size_t begin = 0, end = text.size();
  while (splitter.MaySplit()) {
    if (from_right) {
      const size_t found = FindTextBackward(text, *separator, end);
      if (found == text.npos) break;
      splitter.Add(text.substr(found + separator->size(), end - found - separator->size()));
      end = found;
    } else {
      const size_t found = FindText(text, *separator, begin);
      if (found == text.npos) break;
      splitter.Add(text.substr(begin, found - begin));
      begin = found + separator->size();
    }
  }
  splitter.Add(text.substr(begin, end - begin));
  return splitter.Finish(from_right);
}

Value SplitLines(Sandbox& box, const Value& string, bool keep_ends) {
  const std::string_view text = string.text();
  Splitter splitter(box, string, -1);
  size_t begin = 0;
  for (size_t offset = 0; offset < text.size();) {
    const size_t end = offset;
    const char32_t c = DecodeChar(text, &offset);
    if (!IsLineBreak(c)) continue;
    if (c == '\r' && offset < text.size() && text[offset] == '\n') ++offset;
    splitter.Add(text.substr(begin, (keep_ends ? offset : end) - begin));
    begin = offset;
  }
  if (begin < text.size()) splitter.Add(text.substr(begin));
  return splitter.Finish(false);
}

Value Partition(Sandbox& box, const Value& string, std::string_view separator, bool from_right) {
  if (separator.empty()) box.Fail("empty separator");
  const std::string& text = string.text();
  box.StepBytes(text.size());
  const size_t found =
      from_right ? FindTextBackward(text, separator, text.size()) : FindText(text, separator, 0);
  const auto part = [&](std::string_view piece) {
    return box.StringLike(string, std::string(piece));
  };
  const std::string_view view = text;
  if (found == view.npos) {
    if (from_right) return box.Tuple({part(""), part(""), string});
    return box.Tuple({string, part(""), part("")});
  }
  return box.Tuple(
      {part(view.substr(0, found)), part(separator), part(view.substr(found + separator.size()))});
}

}  // namespace cambium::jinja
