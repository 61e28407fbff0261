// SPDX-License-Identifier: Apache-2.0
// The tokens of a template with a place in them, and what the two parsers share: the bound on
// nesting and the notes on what can only be judged later. Belongs to one parse.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/lexer.h"

namespace cambium::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[position_]; }
  const Token& next() const {
    return tokens_[position_ + 1 < tokens_.size() ? position_ + 1 : position_];
  }
  Token Take() {
    Token token = current();
    if (position_ + 1 < tokens_.size()) ++position_;
    return token;
  }
  bool Is(TokenKind kind) const { return current().kind == kind; }
  bool IsOp(std::string_view op) const { return Matches(current(), TokenKind::kOperator, op); }
  bool IsName(std::string_view name) const { return Matches(current(), TokenKind::kName, name); }
  bool NextIsOp(std::string_view op) const { return Matches(next(), TokenKind::kOperator, op); }
  bool NextIsName(std::string_view name) const { return Matches(next(), TokenKind::kName, name); }
  bool SkipOp(std::string_view op) { return IsOp(op) && (Take(), true); }
  bool SkipName(std::string_view name) { return IsName(name) && (Take(), true); }

  // Throw kCorruptData with the line unless the token is there.
  void ExpectOp(std::string_view op);
  void ExpectName(std::string_view name);
  Token Expect(TokenKind kind);
  [[noreturn]] void FailUnexpected(std::string_view wanted) const;
  [[noreturn]] void Fail(const std::string& message) const { FailSyntax(current().line, message); }

  // One level of nested syntax, for as long as it lives.
  class Level {
   public:
    explicit Level(TokenStream& stream);
    ~Level() { --stream_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    TokenStream& stream_;
  };

  // A filter or test that does not exist. Jinja refuses it when it parses, except directly in an if
  // statement or an inline if, where it fails when it is reached.
  struct UnknownName {
    std::string message;
    int line;
    bool may_stay;
  };
  std::vector<UnknownName> unknown_names;
  bool in_condition = false;

  // The macros around the current place, innermost last.
  std::vector<MacroDefinition*> macros;
  std::vector<Statement*> loops;  // for statements, the same

 private:
  static bool Matches(const Token& token, TokenKind kind, std::string_view text) {
    return token.kind == kind && token.text == text;
  }

  std::vector<Token> tokens_;
  size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace cambium::jinja
