// SPDX-License-Identifier: Apache-2.0
// Tokens to expressions, with Jinja's precedence: or, and, not, comparisons, + -, ~, * / // %, **,
// unary, then calls, attributes, filters and tests. Belongs to one parse.
#pragma once

#include "text/jinja/ast.h"
#include "text/jinja/token_stream.h"

namespace cambium::jinja {

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& stream) : stream_(stream) {}

  ExpressionPtr ParseExpression();                       // with inline if
  ExpressionPtr ParseWithoutInlineIf();                  // up to an `if`
  ExpressionPtr ParseTuple(bool with_inline_if = true);  // `a` or `a, b`
  // The filters behind a | chain; `operand` may be null.
  ExpressionPtr ParseFilter(ExpressionPtr operand);

 private:
  ExpressionPtr ParseOr();
  ExpressionPtr ParseAnd();
  ExpressionPtr ParseNot();
  ExpressionPtr ParseCompare();
  ExpressionPtr ParseSum();
  ExpressionPtr ParseConcat();
  ExpressionPtr ParseProduct();
  ExpressionPtr ParsePower();
  ExpressionPtr ParseUnary(bool with_filters);
  ExpressionPtr ParsePrimary();
  ExpressionPtr ParseName();
  ExpressionPtr ParseNumber();
  ExpressionPtr ParseList();
  ExpressionPtr ParseDict();
  ExpressionPtr ParsePostfix(ExpressionPtr operand);
  ExpressionPtr ParseFiltersAndTests(ExpressionPtr operand);
  ExpressionPtr ParseAttribute(ExpressionPtr operand);
  ExpressionPtr ParseSubscript(ExpressionPtr operand);
  ExpressionPtr ParseCall(ExpressionPtr callee);
  ExpressionPtr ParseTest(ExpressionPtr operand);
  ArgumentExpressions ParseArguments();
  std::string ParseDottedName();

  template <typename... Operands>
  ExpressionPtr Make(ExpressionKind kind, int line, Operands... operands);
  // Sets the depth of a node whose operands are complete.
  ExpressionPtr Finish(ExpressionPtr node);

  TokenStream& stream_;
};

}  // namespace cambium::jinja
