// SPDX-License-Identifier: Apache-2.0
// Template source to tokens, as Jinja's lexer with trim_blocks and lstrip_blocks: a newline after a
// block or comment is dropped, and so is the space before one on its line; {%- and -%} drop all
// space on their side, {%+ and +%} keep it. Comments and raw blocks end here. Pure function.
// Source: jinja.palletsprojects.com/en/3.1.x/templates/#whitespace-control; compared with
// Jinja 3.1.6.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cambium::jinja {

enum class TokenKind {
  kData,
  kVariableBegin,
  kVariableEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kString,   // text is what the literal means
  kInteger,  // text is the literal without underscores
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind;
  std::string text;
  int line;
};

// The last token is kEnd. Throws kCorruptData with the line for what cannot be tokens.
std::vector<Token> Tokenize(std::string_view source);

// What the text of an Error for a template's source looks like.
[[noreturn]] void FailSyntax(int line, const std::string& message);

}  // namespace cambium::jinja
