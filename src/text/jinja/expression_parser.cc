// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/expression_parser.h"

#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/number_text.h"
#include "text/jinja/tests.h"

namespace cambium::jinja {
namespace {

// Of an expression's tree; a chain like a + b + c is as high as it is long.
constexpr int kMaxTreeDepth = 400;

BinaryOp OpOf(std::string_view text) {
  constexpr std::string_view kTexts[] = {"+", "-", "*", "/", "//", "%", "**"};
  const auto* found = std::find(std::begin(kTexts), std::end(kTexts), text);
  return static_cast<BinaryOp>(found - std::begin(kTexts));
}

bool IsTupleEnd(const TokenStream& stream) {
  return stream.Is(TokenKind::kVariableEnd) || stream.Is(TokenKind::kBlockEnd) ||
         stream.IsOp(")") || stream.IsName("recursive");
}

}  // namespace

ExpressionPtr ExpressionParser::Finish(ExpressionPtr node) {
  int depth = 0;
  const auto add = [&](const ExpressionPtr& child) {
    if (child != nullptr) depth = std::max(depth, child->depth);
  };
  for (const ExpressionPtr& operand : node->operands) add(operand);
  for (const ExpressionPtr& argument : node->arguments.positional) add(argument);
  for (const auto& [name, argument] : node->arguments.named) add(argument);
  add(node->arguments.rest);
  add(node->arguments.named_rest);
  node->depth = depth + 1;
  if (node->depth > kMaxTreeDepth) FailSyntax(node->line, "an expression is too long");
  return node;
}

template <typename... Operands>
ExpressionPtr ExpressionParser::Make(ExpressionKind kind, int line, Operands... operands) {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = line;
  (node->operands.push_back(std::move(operands)), ...);
  return Finish(std::move(node));
}

ExpressionPtr ExpressionParser::ParseExpression() {
  const TokenStream::Level level(stream_);
  const int line = stream_.current().line;
  const size_t first_unknown = stream_.unknown_names.size();
  ExpressionPtr node = ParseOr();
  while (stream_.SkipName("if")) {
    ExpressionPtr condition = ParseOr();
    ExpressionPtr otherwise;
    if (stream_.SkipName("else")) otherwise = ParseExpression();
    node = Make(ExpressionKind::kCondition, line, std::move(node), std::move(condition),
                std::move(otherwise));
    for (size_t i = first_unknown; i < stream_.unknown_names.size(); ++i) {
      stream_.unknown_names[i].may_stay = true;
    }
  }
  return node;
}

ExpressionPtr ExpressionParser::ParseWithoutInlineIf() {
  const TokenStream::Level level(stream_);
  return ParseOr();
}

ExpressionPtr ExpressionParser::ParseTuple(bool with_inline_if) {
  const int line = stream_.current().line;
  std::vector<ExpressionPtr> items;
  bool is_tuple = false;
  while (true) {
    if (!items.empty()) stream_.ExpectOp(",");
    if (IsTupleEnd(stream_)) break;
    items.push_back(with_inline_if ? ParseExpression() : ParseWithoutInlineIf());
    if (!stream_.IsOp(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !items.empty()) return std::move(items[0]);
  if (items.empty() && !stream_.IsOp(")")) stream_.FailUnexpected("an expression");
  ExpressionPtr node = Make(ExpressionKind::kTuple, line);
  node->operands = std::move(items);
  return Finish(std::move(node));
}

ExpressionPtr ExpressionParser::ParseOr() {
  ExpressionPtr left = ParseAnd();
  while (stream_.IsName("or")) {
    const int line = stream_.Take().line;
    ExpressionPtr right = ParseAnd();
    left = Make(ExpressionKind::kOr, line, std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseAnd() {
  ExpressionPtr left = ParseNot();
  while (stream_.IsName("and")) {
    const int line = stream_.Take().line;
    ExpressionPtr right = ParseNot();
    left = Make(ExpressionKind::kAnd, line, std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseNot() {
  if (!stream_.IsName("not")) return ParseCompare();
  const TokenStream::Level level(stream_);
  const int line = stream_.Take().line;
  return Make(ExpressionKind::kNot, line, ParseNot());
}

ExpressionPtr ExpressionParser::ParseCompare() {
  const int line = stream_.current().line;
  ExpressionPtr node;
  ExpressionPtr first = ParseSum();
  while (true) {
    std::string op;
    for (const std::string_view candidate : {"==", "!=", "<", "<=", ">", ">="}) {
      if (stream_.IsOp(candidate)) op = candidate;
    }
    if (stream_.IsName("in")) op = "in";
    if (stream_.IsName("not") && stream_.NextIsName("in")) op = "not in";
    if (op.empty()) break;
    stream_.Take();
    if (op == "not in") stream_.Take();
    if (node == nullptr) node = Make(ExpressionKind::kCompare, line, std::move(first));
    node->ops.push_back(op);
    node->operands.push_back(ParseSum());
  }
  return node == nullptr ? std::move(first) : Finish(std::move(node));
}

ExpressionPtr ExpressionParser::ParseSum() {
  ExpressionPtr left = ParseConcat();
  while (stream_.IsOp("+") || stream_.IsOp("-")) {
    const Token op = stream_.Take();
    ExpressionPtr right = ParseConcat();
    left = Make(ExpressionKind::kBinary, op.line, std::move(left), std::move(right));
    left->op = OpOf(op.text);
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseConcat() {
  const int line = stream_.current().line;
  ExpressionPtr first = ParseProduct();
  if (!stream_.IsOp("~")) return first;
  ExpressionPtr node = Make(ExpressionKind::kConcat, line, std::move(first));
  while (stream_.SkipOp("~")) node->operands.push_back(ParseProduct());
  return Finish(std::move(node));
}

ExpressionPtr ExpressionParser::ParseProduct() {
  ExpressionPtr left = ParsePower();
  while (stream_.IsOp("*") || stream_.IsOp("/") || stream_.IsOp("//") || stream_.IsOp("%")) {
    const Token op = stream_.Take();
    ExpressionPtr right = ParsePower();
    left = Make(ExpressionKind::kBinary, op.line, std::move(left), std::move(right));
    left->op = OpOf(op.text);
  }
  return left;
}

// From left to right, unlike in Python: 2 ** 3 ** 2 is 64.
ExpressionPtr ExpressionParser::ParsePower() {
  ExpressionPtr left = ParseUnary(true);
  while (stream_.IsOp("**")) {
    const Token op = stream_.Take();
    ExpressionPtr right = ParseUnary(true);
    left = Make(ExpressionKind::kBinary, op.line, std::move(left), std::move(right));
    left->op = OpOf(op.text);
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseUnary(bool with_filters) {
  const TokenStream::Level level(stream_);
  ExpressionPtr node;
  if (stream_.IsOp("-") || stream_.IsOp("+")) {
    const Token op = stream_.Take();
    node = Make(op.text == "-" ? ExpressionKind::kNegate : ExpressionKind::kPlus, op.line,
                ParseUnary(false));
  } else {
    node = ParsePrimary();
  }
  node = ParsePostfix(std::move(node));
  return with_filters ? ParseFiltersAndTests(std::move(node)) : std::move(node);
}

ExpressionPtr ExpressionParser::ParsePrimary() {
  const int line = stream_.current().line;
  switch (stream_.current().kind) {
    case TokenKind::kName:
      return ParseName();
    case TokenKind::kString: {
      std::string text;
      while (stream_.Is(TokenKind::kString)) text += stream_.Take().text;
      ExpressionPtr node = Make(ExpressionKind::kConstant, line);
      node->constant = Value::Constant(std::move(text));
      return node;
    }
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      return ParseNumber();
    default:
      break;
  }
  if (stream_.IsOp("[")) return ParseList();
  if (stream_.IsOp("{")) return ParseDict();
  if (!stream_.SkipOp("(")) stream_.FailUnexpected("an expression");
  ExpressionPtr node = ParseTuple();
  stream_.ExpectOp(")");
  return node;
}

ExpressionPtr ExpressionParser::ParseName() {
  const Token token = stream_.Take();
  const std::string& name = token.text;
  ExpressionPtr node = Make(ExpressionKind::kConstant, token.line);
  if (name == "true" || name == "True") {
    node->constant = Value(true);
  } else if (name == "false" || name == "False") {
    node->constant = Value(false);
  } else if (name != "none" && name != "None") {
    node->kind = ExpressionKind::kName;
    node->name = name;
    if (name == "loop") {
      for (Statement* loop : stream_.loops) loop->uses_loop = true;
    }
    for (MacroDefinition* macro : stream_.macros) {
      macro->uses_caller = macro->uses_caller || name == "caller";
      macro->uses_kwargs = macro->uses_kwargs || name == "kwargs";
      macro->uses_varargs = macro->uses_varargs || name == "varargs";
    }
  }
  return node;
}

ExpressionPtr ExpressionParser::ParseNumber() {
  const Token token = stream_.Take();
  ExpressionPtr node = Make(ExpressionKind::kConstant, token.line);
  if (token.kind == TokenKind::kFloat) {
    node->constant = Value(ParseFloat(token.text).value_or(0));
    return node;
  }
  int64_t value = 0;
  if (ParseInt(token.text, 0, &value) != IntParse::kOk) {
    FailSyntax(token.line, "an integer is beyond 64 bits");
  }
  node->constant = Value(value);
  return node;
}

ExpressionPtr ExpressionParser::ParseList() {
  ExpressionPtr node = Make(ExpressionKind::kList, stream_.Take().line);
  while (!stream_.IsOp("]")) {
    if (!node->operands.empty()) stream_.ExpectOp(",");
    if (stream_.IsOp("]")) break;
    node->operands.push_back(ParseExpression());
  }
  stream_.ExpectOp("]");
  return Finish(std::move(node));
}

ExpressionPtr ExpressionParser::ParseDict() {
  ExpressionPtr node = Make(ExpressionKind::kDict, stream_.Take().line);
  while (!stream_.IsOp("}")) {
    if (!node->operands.empty()) stream_.ExpectOp(",");
    if (stream_.IsOp("}")) break;
    node->operands.push_back(ParseExpression());
    stream_.ExpectOp(":");
    node->operands.push_back(ParseExpression());
  }
  stream_.ExpectOp("}");
  return Finish(std::move(node));
}

ExpressionPtr ExpressionParser::ParsePostfix(ExpressionPtr operand) {
  while (true) {
    if (stream_.IsOp(".")) {
      operand = ParseAttribute(std::move(operand));
    } else if (stream_.IsOp("[")) {
      operand = ParseSubscript(std::move(operand));
    } else if (stream_.IsOp("(")) {
      operand = ParseCall(std::move(operand));
    } else {
      return operand;
    }
  }
}

ExpressionPtr ExpressionParser::ParseFiltersAndTests(ExpressionPtr operand) {
  while (true) {
    if (stream_.IsOp("|")) {
      stream_.Take();
      operand = ParseFilter(std::move(operand));
    } else if (stream_.IsName("is")) {
      operand = ParseTest(std::move(operand));
    } else if (stream_.IsOp("(")) {
      operand = ParseCall(std::move(operand));
    } else {
      return operand;
    }
  }
}

ExpressionPtr ExpressionParser::ParseAttribute(ExpressionPtr operand) {
  const int line = stream_.Take().line;
  if (stream_.Is(TokenKind::kInteger)) {
    ExpressionPtr index = ParseNumber();
    return Make(ExpressionKind::kItem, line, std::move(operand), std::move(index));
  }
  std::string name = stream_.Expect(TokenKind::kName).text;
  ExpressionPtr node = Make(ExpressionKind::kAttribute, line, std::move(operand));
  node->name = std::move(name);
  return node;
}

ExpressionPtr ExpressionParser::ParseSubscript(ExpressionPtr operand) {
  const int line = stream_.Take().line;
  // Up to three parts between colons.
  std::vector<ExpressionPtr> parts;
  bool is_slice = false;
  const auto part = [&] {
    const bool is_empty = stream_.IsOp(":") || stream_.IsOp("]");
    parts.push_back(is_empty ? nullptr : ParseExpression());
  };
  part();
  while (parts.size() < 3 && stream_.SkipOp(":")) {
    is_slice = true;
    part();
  }
  if (!is_slice && parts[0] != nullptr && !stream_.IsOp(",")) {
    stream_.ExpectOp("]");
    return Make(ExpressionKind::kItem, line, std::move(operand), std::move(parts[0]));
  }
  if (!is_slice) {
    // x[] and x[1, 2] have a tuple for a key.
    if (parts[0] == nullptr) parts.clear();
    while (stream_.SkipOp(",")) {
      parts.push_back(ParseExpression());
      if (stream_.IsOp(":")) stream_.Fail("a slice among several subscripts is not supported");
    }
    stream_.ExpectOp("]");
    ExpressionPtr key = Make(ExpressionKind::kTuple, line);
    key->operands = std::move(parts);
    key = Finish(std::move(key));
    return Make(ExpressionKind::kItem, line, std::move(operand), std::move(key));
  }
  if (stream_.IsOp(",")) stream_.Fail("a slice among several subscripts is not supported");
  stream_.ExpectOp("]");
  parts.resize(3);
  return Make(ExpressionKind::kSlice, line, std::move(operand), std::move(parts[0]),
              std::move(parts[1]), std::move(parts[2]));
}

ExpressionPtr ExpressionParser::ParseCall(ExpressionPtr callee) {
  const int line = stream_.current().line;
  ExpressionPtr node = Make(ExpressionKind::kCall, line, std::move(callee));
  node->arguments = ParseArguments();
  return Finish(std::move(node));
}

ArgumentExpressions ExpressionParser::ParseArguments() {
  ArgumentExpressions arguments;
  stream_.ExpectOp("(");
  bool needs_comma = false;
  const auto ensure = [&](bool allowed) {
    if (!allowed) stream_.Fail("these arguments are not allowed in this order");
  };
  while (!stream_.IsOp(")")) {
    if (needs_comma) {
      stream_.ExpectOp(",");
      if (stream_.IsOp(")")) break;
    }
    needs_comma = true;
    if (stream_.SkipOp("*")) {
      ensure(arguments.rest == nullptr && arguments.named_rest == nullptr);
      arguments.rest = ParseExpression();
    } else if (stream_.SkipOp("**")) {
      ensure(arguments.named_rest == nullptr);
      arguments.named_rest = ParseExpression();
    } else if (stream_.Is(TokenKind::kName) && stream_.NextIsOp("=")) {
      ensure(arguments.named_rest == nullptr);
      std::string name = stream_.Take().text;
      stream_.Take();
      for (const auto& [other, value] : arguments.named) {
        if (other == name) stream_.Fail("the argument '" + name + "' is given twice");
      }
      arguments.named.emplace_back(std::move(name), ParseExpression());
    } else {
      ensure(arguments.rest == nullptr && arguments.named_rest == nullptr &&
             arguments.named.empty());
      arguments.positional.push_back(ParseExpression());
    }
  }
  stream_.ExpectOp(")");
  return arguments;
}

std::string ExpressionParser::ParseDottedName() {
  std::string name = stream_.Expect(TokenKind::kName).text;
  while (stream_.SkipOp(".")) name += "." + stream_.Expect(TokenKind::kName).text;
  return name;
}

ExpressionPtr ExpressionParser::ParseFilter(ExpressionPtr operand) {
  const int line = stream_.current().line;
  ExpressionPtr node = Make(ExpressionKind::kFilter, line, std::move(operand));
  node->name = ParseDottedName();
  node->filter = FindFilter(node->name);
  if (node->filter == nullptr) {
    stream_.unknown_names.push_back(
        {"there is no filter '" + node->name + "'", line, stream_.in_condition});
  }
  if (stream_.IsOp("(")) node->arguments = ParseArguments();
  return Finish(std::move(node));
}

ExpressionPtr ExpressionParser::ParseTest(ExpressionPtr operand) {
  const int line = stream_.Take().line;
  const bool is_negated = stream_.SkipName("not");
  ExpressionPtr node = Make(ExpressionKind::kTest, line, std::move(operand));
  node->name = ParseDottedName();
  node->test = FindTest(node->name);
  if (node->test == nullptr) {
    stream_.unknown_names.push_back(
        {"there is no test '" + node->name + "'", line, stream_.in_condition});
  }
  const TokenKind kind = stream_.current().kind;
  const bool begins_operand = kind == TokenKind::kName || kind == TokenKind::kString ||
                              kind == TokenKind::kInteger || kind == TokenKind::kFloat ||
                              stream_.IsOp("[") || stream_.IsOp("{");
  if (stream_.IsOp("(")) {
    node->arguments = ParseArguments();
  } else if (begins_operand && !stream_.IsName("else") && !stream_.IsName("or") &&
             !stream_.IsName("and")) {
    // `x is divisibleby 3`. As in Jinja, `x is defined if y` would take `if` for the operand.
    if (stream_.IsName("is")) stream_.Fail("tests cannot be chained with is");
    node->arguments.positional.push_back(ParsePostfix(ParsePrimary()));
  }
  node = Finish(std::move(node));
  return is_negated ? Make(ExpressionKind::kNot, line, std::move(node)) : std::move(node);
}

}  // namespace cambium::jinja
