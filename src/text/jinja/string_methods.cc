// SPDX-License-Identifier: Apache-2.0
// The methods of strings by name. Source:
// docs.python.org/3.11/library/stdtypes.html#string-methods.
#include <algorithm>
#include <iterator>

#include "text/jinja/attributes.h"
#include "text/jinja/parameters.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/string_format.h"
#include "text/jinja/string_functions.h"
#include "text/jinja/text_search.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

using Method = Value (*)(Sandbox&, const Value& self, const Arguments& arguments);

const std::string& TextArgument(Sandbox& box, const Value* value, std::string_view what) {
  if (value == nullptr || !value->is_string()) {
    box.Fail("{} must be str, not {}", what, value == nullptr ? "missing" : TypeName(*value));
  }
  return value->text();
}

std::optional<std::string_view> OptionalText(Sandbox& box, const Value* value,
                                             std::string_view what) {
  if (value == nullptr || value->is_none()) return std::nullopt;
  return TextArgument(box, value, what);
}

Value StripMethod(Sandbox& box, const Value& self, const Arguments& arguments, Side side) {
  const Parameters p(box, "strip", arguments, {"chars"});
  const auto chars = OptionalText(box, p[0], "the characters to strip");
  return box.StringLike(self, std::string(Strip(box, self.text(), side, chars)));
}

Value SplitMethod(Sandbox& box, const Value& self, const Arguments& arguments, bool from_right) {
  const Parameters p(box, "split", arguments, {"sep", "maxsplit"});
  return Split(box, self, OptionalText(box, p[0], "the separator"), p.Int(1, -1), from_right);
}

Value PadMethod(Sandbox& box, const Value& self, const Arguments& arguments, Alignment alignment) {
  const Parameters p(box, "justify", arguments, {"width", "fillchar"}, 1);
  std::string_view fill = " ";
  if (p[1] != nullptr) {
    fill = TextArgument(box, p[1], "the fill character");
    if (p[1]->string().num_chars != 1) box.Fail("the fill character must be one character");
  }
  return box.StringLike(self, Pad(box, self.string(), alignment, p.Int(0, 0), fill));
}

// The part of the text that optional start and stop positions leave, or nothing when start is
// beyond the end.
struct Window {
  size_t begin = 0, end = 0;  // bytes
  int64_t first = 0;          // character
};

std::optional<Window> FindWindow(Sandbox& box, const Value& self, const Parameters& p) {
  const StringData& string = self.string();
  const auto length = static_cast<int64_t>(string.num_chars);
  const auto place = [&](size_t i, int64_t otherwise) {
    if (p[i] == nullptr || p[i]->is_none()) return otherwise;
    const int64_t at = p.Int(i, 0);
    return at < 0 ? std::max<int64_t>(0, at + length) : at;
  };
  const int64_t first = place(1, 0), last = std::min(place(2, length), length);
  if (first > last) return std::nullopt;
  box.StepBytes(string.text.size());
  return Window{.begin = ByteOffset(string, static_cast<size_t>(first)),
                .end = ByteOffset(string, static_cast<size_t>(last)),
                .first = first};
}

// find, rfind, index, rindex: the position or -1.
int64_t FindPosition(Sandbox& box, const Value& self, const Arguments& arguments, bool from_right) {
  const Parameters p(box, "find", arguments, {"sub", "start", "end"}, 1);
  const std::string& pattern = TextArgument(box, p[0], "the text to find");
  const std::optional<Window> window = FindWindow(box, self, p);
  if (!window) return -1;
  const std::string_view text =
      std::string_view(self.text()).substr(window->begin, window->end - window->begin);
  const size_t found =
      from_right ? FindTextBackward(text, pattern, text.size()) : FindText(text, pattern, 0);
  if (found == text.npos) return -1;
  return window->first + static_cast<int64_t>(CountChars(text.substr(0, found)));
}

Value IndexMethod(Sandbox& box, const Value& self, const Arguments& arguments, bool from_right) {
  const int64_t position = FindPosition(box, self, arguments, from_right);
  if (position < 0) box.Fail("substring not found");
  return Value(position);
}

Value CountMethod(Sandbox& box, const Value& self, const Arguments& arguments) {
  const Parameters p(box, "count", arguments, {"sub", "start", "end"}, 1);
  const std::string& pattern = TextArgument(box, p[0], "the text to count");
  const std::optional<Window> window = FindWindow(box, self, p);
  if (!window) return Value(0);
  const std::string_view text =
      std::string_view(self.text()).substr(window->begin, window->end - window->begin);
  if (pattern.empty()) return Value(static_cast<int64_t>(CountChars(text)) + 1);
  int64_t count = 0;
  for (size_t at = FindText(text, pattern, 0); at != text.npos;
       at = FindText(text, pattern, at + pattern.size())) {
    box.Step();
    ++count;
  }
  return Value(count);
}

Value AffixMethod(Sandbox& box, const Value& self, const Arguments& arguments, bool at_end) {
  const Parameters p(box, at_end ? "endswith" : "startswith", arguments, {"prefix", "start", "end"},
                     1);
  const std::optional<Window> window = FindWindow(box, self, p);
  const auto matches = [&](const Value& affix) {
    const std::string& text = TextArgument(box, &affix, "the affix");
    if (!window) return false;
    const std::string_view part =
        std::string_view(self.text()).substr(window->begin, window->end - window->begin);
    return at_end ? part.ends_with(text) : part.starts_with(text);
  };
  if (p[0]->type() != Type::kTuple) return Value(matches(*p[0]));
  bool any = false;
  for (const Value& affix : p[0]->items()) any = matches(affix) || any;
  return Value(any);
}

Value RemoveAffixMethod(Sandbox& box, const Value& self, const Arguments& arguments, bool at_end) {
  const Parameters p(box, "removeaffix", arguments, {"affix"}, 1);
  const std::string& affix = TextArgument(box, p[0], "the affix");
  std::string_view text = self.text();
  if (at_end && !affix.empty() && text.ends_with(affix)) text.remove_suffix(affix.size());
  if (!at_end && text.starts_with(affix)) text.remove_prefix(affix.size());
  return box.StringLike(self, std::string(text));
}

Value ReplaceMethod(Sandbox& box, const Value& self, const Arguments& arguments) {
  const Parameters p(box, "replace", arguments, {"old", "new", "count"}, 2);
  return box.StringLike(self,
                        Replace(box, self.text(), TextArgument(box, p[0], "the text to replace"),
                                TextArgument(box, p[1], "the replacement"), p.Int(2, -1)));
}

Value PartitionMethod(Sandbox& box, const Value& self, const Arguments& arguments, bool right) {
  const Parameters p(box, "partition", arguments, {"sep"}, 1);
  return Partition(box, self, TextArgument(box, p[0], "the separator"), right);
}

// A method without arguments that maps the text.
template <std::string (*kMap)(std::string_view)>
Value MapMethod(Sandbox& box, const Value& self, const Arguments& arguments) {
  const Parameters p(box, "method", arguments, {});
  box.StepBytes(4 * self.text().size());
  return box.StringLike(self, kMap(self.text()));
}

// A method without arguments that asks of the whole text.
template <bool (*kAsk)(std::string_view)>
Value AskMethod(Sandbox& box, const Value& self, const Arguments& arguments) {
  const Parameters p(box, "method", arguments, {});
  box.StepBytes(4 * self.text().size());
  return Value(kAsk(self.text()));
}

// A method without arguments that asks of every character; of no character only isascii and
// isprintable are true.
template <bool (*kAsk)(char32_t), bool kEmpty>
Value AllCharsMethod(Sandbox& box, const Value& self, const Arguments& arguments) {
  const Parameters p(box, "method", arguments, {});
  const std::string& text = self.text();
  box.StepBytes(4 * text.size());
  if (text.empty()) return Value(kEmpty);
  for (size_t offset = 0; offset < text.size();) {
    if (!kAsk(DecodeChar(text, &offset))) return Value(false);
  }
  return Value(true);
}

bool IsAscii(char32_t c) { return c < 0x80; }

struct Row {
  std::string_view name;
  Method method;
};

// In a macro-free table the lambda is the shortest way to bind the flag.
constexpr Row kMethods[] = {
    {"capitalize", MapMethod<Capitalize>},
    {"center", [](Sandbox& b, const Value& s,
                  const Arguments& a) { return PadMethod(b, s, a, Alignment::kCenter); }},
    {"count", CountMethod},
    {"endswith",
     [](Sandbox& b, const Value& s, const Arguments& a) { return AffixMethod(b, s, a, true); }},
    {"expandtabs",
     [](Sandbox& b, const Value& s, const Arguments& a) {
       const Parameters p(b, "expandtabs", a, {"tabsize"});
       return b.StringLike(s, ExpandTabs(b, s.text(), p.Int(0, 8)));
     }},
    {"find", [](Sandbox& b, const Value& s,
                const Arguments& a) { return Value(FindPosition(b, s, a, false)); }},
    {"format", [](Sandbox& b, const Value& s,
                  const Arguments& a) { return b.StringLike(s, FormatBraces(b, s.text(), a)); }},
    {"format_map",
     [](Sandbox& b, const Value& s, const Arguments& a) {
       const Parameters p(b, "format_map", a, {"mapping"}, 1);
       return b.StringLike(s, FormatMap(b, s.text(), *p[0]));
     }},
    {"index",
     [](Sandbox& b, const Value& s, const Arguments& a) { return IndexMethod(b, s, a, false); }},
    {"isalnum", AllCharsMethod<IsAlnum, false>},
    {"isalpha", AllCharsMethod<IsAlpha, false>},
    {"isascii", AllCharsMethod<IsAscii, true>},
    {"isdecimal", AllCharsMethod<IsDecimal, false>},
    {"isdigit", AllCharsMethod<IsDigit, false>},
    {"islower", AskMethod<IsLowerText>},
    {"isnumeric", AllCharsMethod<IsNumeric, false>},
    {"isprintable", AllCharsMethod<IsPrintable, true>},
    {"isspace", AllCharsMethod<IsSpace, false>},
    {"istitle", AskMethod<IsTitleText>},
    {"isupper", AskMethod<IsUpperText>},
    {"join",
     [](Sandbox& b, const Value& s, const Arguments& a) {
       const Parameters p(b, "join", a, {"iterable"}, 1);
       return b.StringLike(s, Join(b, s.text(), *p[0], false));
     }},
    {"ljust", [](Sandbox& b, const Value& s,
                 const Arguments& a) { return PadMethod(b, s, a, Alignment::kLeft); }},
    {"lower", MapMethod<ToLower>},
    {"lstrip", [](Sandbox& b, const Value& s,
                  const Arguments& a) { return StripMethod(b, s, a, Side::kLeft); }},
    {"partition", [](Sandbox& b, const Value& s,
                     const Arguments& a) { return PartitionMethod(b, s, a, false); }},
    {"removeprefix", [](Sandbox& b, const Value& s,
                        const Arguments& a) { return RemoveAffixMethod(b, s, a, false); }},
    {"removesuffix", [](Sandbox& b, const Value& s,
                        const Arguments& a) { return RemoveAffixMethod(b, s, a, true); }},
    {"replace", ReplaceMethod},
    {"rfind", [](Sandbox& b, const Value& s,
                 const Arguments& a) { return Value(FindPosition(b, s, a, true)); }},
    {"rindex",
     [](Sandbox& b, const Value& s, const Arguments& a) { return IndexMethod(b, s, a, true); }},
    {"rjust", [](Sandbox& b, const Value& s,
                 const Arguments& a) { return PadMethod(b, s, a, Alignment::kRight); }},
    {"rpartition",
     [](Sandbox& b, const Value& s, const Arguments& a) { return PartitionMethod(b, s, a, true); }},
    {"rsplit",
     [](Sandbox& b, const Value& s, const Arguments& a) { return SplitMethod(b, s, a, true); }},
    {"rstrip", [](Sandbox& b, const Value& s,
                  const Arguments& a) { return StripMethod(b, s, a, Side::kRight); }},
    {"split",
     [](Sandbox& b, const Value& s, const Arguments& a) { return SplitMethod(b, s, a, false); }},
    {"splitlines",
     [](Sandbox& b, const Value& s, const Arguments& a) {
       const Parameters p(b, "splitlines", a, {"keepends"});
       return SplitLines(b, s, p.Bool(0, false));
     }},
    {"startswith",
     [](Sandbox& b, const Value& s, const Arguments& a) { return AffixMethod(b, s, a, false); }},
    {"strip", [](Sandbox& b, const Value& s,
                 const Arguments& a) { return StripMethod(b, s, a, Side::kBoth); }},
    {"swapcase", MapMethod<SwapCase>},
    {"title", MapMethod<TitleCase>},
    {"upper", MapMethod<ToUpper>},
    {"zfill",
     [](Sandbox& b, const Value& s, const Arguments& a) {
       const Parameters p(b, "zfill", a, {"width"}, 1);
       return b.StringLike(s, ZeroFill(b, s.string(), p.Int(0, 0)));
     }},
};

Method FindStringMethod(std::string_view name) {
  const Row* found =
      std::lower_bound(std::begin(kMethods), std::end(kMethods), name,
                       [](const Row& row, std::string_view wanted) { return row.name < wanted; });
  return found != std::end(kMethods) && found->name == name ? found->method : nullptr;
}

}  // namespace

std::string Replace(Sandbox& box, std::string_view text, std::string_view old_text,
                    std::string_view new_text, int64_t max_count) {
  std::string out;
  box.StepBytes(text.size());
  if (max_count < 0) max_count = static_cast<int64_t>(text.size()) + 1;
  size_t begin = 0;
  if (old_text.empty()) {
    // Before every character and at the end.
    for (; max_count > 0; --max_count) {
      box.Append(out, new_text);
      if (begin >= text.size()) break;
      const size_t num_bytes = CharBytes(text, begin);
      box.Append(out, text.substr(begin, num_bytes));
      begin += num_bytes;
    }
  } else {
    for (; max_count > 0; --max_count) {
      const size_t found = FindText(text, old_text, begin);
      if (found == text.npos) break;
      box.Append(out, text.substr(begin, found - begin));
      box.Append(out, new_text);
      begin = found + old_text.size();
    }
  }
  box.Append(out, text.substr(std::min(begin, text.size())));
  return out;
}

std::string Join(Sandbox& box, std::string_view separator, const Value& iterable, bool convert) {
  std::string out;
  Cursor cursor(box, iterable);
  bool is_first = true;
  while (const std::optional<Value> item = cursor.Next(box)) {
    if (!is_first) box.Append(out, separator);
    is_first = false;
    if (!convert && !item->is_string()) {
      box.Fail("sequence item: expected str instance, {} found", TypeName(*item));
    }
    AppendStr(box, out, *item);
  }
  return out;
}

bool HasStringMethod(std::string_view name) { return FindStringMethod(name) != nullptr; }

Value CallStringMethod(Sandbox& box, const Value& string, std::string_view name,
                       const Arguments& arguments) {
  return FindStringMethod(name)(box, string, arguments);
}

}  // namespace cambium::jinja
