// SPDX-License-Identifier: Apache-2.0
// Characters (code points) of UTF-8 strings, and their classes and cases as Python's str methods
// see them. All texts are valid UTF-8. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cambium::jinja {

struct StringData;

size_t CountChars(std::string_view text);
// Bytes of the character that begins at `offset`.
size_t CharBytes(std::string_view text, size_t offset);
// The character at `offset`, which moves behind it.
char32_t DecodeChar(std::string_view text, size_t* offset);
// The character that ends before `offset`, which moves to its first byte.
char32_t DecodeCharBefore(std::string_view text, size_t* offset);
void AppendChar(std::string& text, char32_t c);
// The byte at which character number `index` begins; the size of the text for the one past the end.
size_t ByteOffset(const StringData& string, size_t index);

bool IsSpace(char32_t c);
bool IsLineBreak(char32_t c);  // for splitlines
bool IsAlpha(char32_t c);
bool IsDecimal(char32_t c);
bool IsDigit(char32_t c);
bool IsNumeric(char32_t c);
bool IsLower(char32_t c);
bool IsUpper(char32_t c);
bool IsTitle(char32_t c);  // the title case letters, which are neither upper nor lower
bool IsPrintable(char32_t c);
inline bool IsAlnum(char32_t c) { return IsAlpha(c) || IsDecimal(c) || IsDigit(c) || IsNumeric(c); }

std::string ToLower(std::string_view text);
// Appends the lower case of the character at `offset`, which moves behind it. Takes the whole text,
// as a sigma that ends a word has another form.
void AppendLowerAt(std::string& out, std::string_view text, size_t* offset);
std::string ToUpper(std::string_view text);
// Appends the title case of one character, and the upper case.
void AppendTitle(std::string& text, char32_t c);
void AppendUpper(std::string& text, char32_t c);

}  // namespace cambium::jinja
