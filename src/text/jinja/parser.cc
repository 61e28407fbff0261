// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/parser.h"

#include <algorithm>
#include <initializer_list>

#include "text/jinja/expression_parser.h"
#include "text/jinja/token_stream.h"

namespace cambium::jinja {
namespace {

using StatementPtr = std::unique_ptr<Statement>;

class Parser {
 public:
  explicit Parser(std::string_view source) : stream_(Tokenize(source)), expressions_(stream_) {}

  Body Run() {
    Body body = ParseBody({}, 1, nullptr);
    for (const TokenStream::UnknownName& name : stream_.unknown_names) {
      if (!name.may_stay) FailSyntax(name.line, name.message);
    }
    return body;
  }

 private:
  // Keeps what depends on the surrounding statement, and puts it back.
  struct Surroundings {
    bool in_condition;
    int loops;
  };
  class Enter {
   public:
    Enter(Parser& parser, Surroundings inside)
        : parser_(parser), saved_{parser.stream_.in_condition, parser.loops_} {
      Set(inside);
    }
    ~Enter() { Set(saved_); }
    Enter(const Enter&) = delete;
    Enter& operator=(const Enter&) = delete;

   private:
    void Set(const Surroundings& s) {
      parser_.stream_.in_condition = s.in_condition;
      parser_.loops_ = s.loops;
    }
    Parser& parser_;
    Surroundings saved_;
  };

  // Statements up to one of the end tags, whose name is taken: it is the name of `*end`.
  Body ParseBody(std::initializer_list<std::string_view> ends, int begin_line, std::string* end);
  // The body of a tag whose head is done: `%}` statements `{% end`.
  Body ParseBlock(std::initializer_list<std::string_view> ends, std::string* end = nullptr);
  StatementPtr ParseStatement();
  StatementPtr ParseSet();
  StatementPtr ParseIf();
  StatementPtr ParseFor();
  StatementPtr ParseMacro();
  StatementPtr ParseCallBlock();
  StatementPtr ParseFilterBlock();
  StatementPtr ParseWith();
  StatementPtr ParseNamedBlock();
  StatementPtr ParseGeneration();
  StatementPtr ParseLoopControl();
  void ParsePrint(Body& body);
  void ParseParameters(MacroDefinition& macro);
  Target ParseTarget(bool may_be_attribute);
  Target ParseTargetItem(bool may_be_attribute);
  ExpressionPtr ParseFilters();

  static StatementPtr New(StatementKind kind, int line) {
    auto statement = std::make_unique<Statement>();
    statement->kind = kind;
    statement->line = line;
    return statement;
  }
  StatementPtr NewHere(StatementKind kind) { return New(kind, stream_.Take().line); }

  TokenStream stream_;
  ExpressionParser expressions_;
  int loops_ = 0;      // around the current place, in the same function
  int all_loops_ = 0;  // also outside of macros
};

Body Parser::ParseBody(std::initializer_list<std::string_view> ends, int begin_line,
                       std::string* end) {
  const TokenStream::Level level(stream_);
  Body body;
  while (true) {
    switch (stream_.current().kind) {
      case TokenKind::kEnd:
        if (ends.size() > 0) {
          FailSyntax(begin_line, "a block that begins here is not closed: missing {% " +
                                     std::string(*(ends.end() - 1)) + " %}");
        }
        return body;
      case TokenKind::kData: {
        StatementPtr text = New(StatementKind::kText, stream_.current().line);
        text->text = stream_.Take().text;
        body.push_back(std::move(text));
        break;
      }
      case TokenKind::kVariableBegin: {
        StatementPtr print = NewHere(StatementKind::kPrint);
        print->expressions.push_back(expressions_.ParseTuple());
        stream_.Expect(TokenKind::kVariableEnd);
        body.push_back(std::move(print));
        break;
      }
      default: {
        stream_.Expect(TokenKind::kBlockBegin);
        for (const std::string_view name : ends) {
          if (!stream_.IsName(name)) continue;
          if (end != nullptr) *end = name;
          stream_.Take();
          return body;
        }
        if (stream_.IsName("print")) {
          ParsePrint(body);
        } else {
          body.push_back(ParseStatement());
        }
        stream_.Expect(TokenKind::kBlockEnd);
      }
    }
  }
}

Body Parser::ParseBlock(std::initializer_list<std::string_view> ends, std::string* end) {
  stream_.SkipOp(":");
  const int line = stream_.Expect(TokenKind::kBlockEnd).line;
  return ParseBody(ends, line, end);
}

StatementPtr Parser::ParseStatement() {
  if (!stream_.Is(TokenKind::kName)) stream_.FailUnexpected("the name of a statement");
  const std::string name = stream_.current().text;
  if (name == "set") return ParseSet();
  if (name == "if") return ParseIf();
  if (name == "for") return ParseFor();
  if (name == "macro") return ParseMacro();
  if (name == "call") return ParseCallBlock();
  if (name == "filter") return ParseFilterBlock();
  if (name == "with") return ParseWith();
  if (name == "block") return ParseNamedBlock();
  if (name == "generation") return ParseGeneration();
  if (name == "break" || name == "continue") return ParseLoopControl();
  for (const char* unsupported : {"include", "import", "from", "extends", "autoescape"}) {
    if (name == unsupported) stream_.Fail("the statement '" + name + "' is not supported");
  }
  stream_.Fail("unknown statement '" + name + "'");
}

void Parser::ParsePrint(Body& body) {
  const int line = stream_.Take().line;
  bool is_first = true;
  while (!stream_.Is(TokenKind::kBlockEnd)) {
    if (!is_first) stream_.ExpectOp(",");
    is_first = false;
    StatementPtr print = New(StatementKind::kPrint, line);
    print->expressions.push_back(expressions_.ParseExpression());
    body.push_back(std::move(print));
  }
}

Target Parser::ParseTargetItem(bool may_be_attribute) {
  const TokenStream::Level level(stream_);
  Target target;
  target.line = stream_.current().line;
  if (stream_.SkipOp("(")) {
    target = ParseTarget(false);
    stream_.ExpectOp(")");
    return target;
  }
  target.name = stream_.Expect(TokenKind::kName).text;
  for (const char* constant : {"true", "false", "none", "True", "False", "None"}) {
    if (target.name == constant) FailSyntax(target.line, "cannot assign to " + target.name);
  }
  if (may_be_attribute && stream_.SkipOp(".")) {
    target.attribute = stream_.Expect(TokenKind::kName).text;
  } else if (target.name == "loop" && all_loops_ > 0) {
    FailSyntax(target.line, "cannot assign to the special variable loop inside of a loop");
  }
  return target;
}

Target Parser::ParseTarget(bool may_be_attribute) {
  Target first = ParseTargetItem(may_be_attribute);
  if (!stream_.IsOp(",")) return first;
  Target target;
  target.line = first.line;
  target.parts.push_back(std::move(first));
  while (stream_.SkipOp(",")) {
    if (!stream_.Is(TokenKind::kName) && !stream_.IsOp("(")) break;
    if (stream_.IsName("in")) break;
    target.parts.push_back(ParseTargetItem(may_be_attribute));
  }
  return target;
}

ExpressionPtr Parser::ParseFilters() {
  ExpressionPtr filter;
  while (stream_.SkipOp("|")) filter = expressions_.ParseFilter(std::move(filter));
  return filter;
}

StatementPtr Parser::ParseSet() {
  StatementPtr set = NewHere(StatementKind::kSet);
  set->target = ParseTarget(true);
  if (stream_.SkipOp("=")) {
    set->expressions.push_back(expressions_.ParseTuple());
    return set;
  }
  set->kind = StatementKind::kSetBlock;
  const Enter enter(*this, {.in_condition = false, .loops = loops_});
  set->expressions.push_back(ParseFilters());
  set->body = ParseBlock({"endset"});
  return set;
}

StatementPtr Parser::ParseIf() {
  StatementPtr statement = NewHere(StatementKind::kIf);
  const Enter enter(*this, {.in_condition = true, .loops = loops_});
  std::string end = "elif";
  while (end == "elif") {
    Branch branch;
    branch.condition = expressions_.ParseTuple(/*with_inline_if=*/false);
    branch.body = ParseBlock({"elif", "else", "endif"}, &end);
    statement->branches.push_back(std::move(branch));
  }
  if (end == "else") statement->else_body = ParseBlock({"endif"});
  return statement;
}

StatementPtr Parser::ParseFor() {
  StatementPtr loop = NewHere(StatementKind::kFor);
  ++all_loops_;
  loop->target = ParseTarget(false);
  --all_loops_;
  stream_.ExpectName("in");
  loop->expressions.push_back(expressions_.ParseTuple(/*with_inline_if=*/false));
  const Enter enter(*this, {.in_condition = false, .loops = loops_});
  ++all_loops_;
  loop->expressions.push_back(stream_.SkipName("if") ? expressions_.ParseExpression() : nullptr);
  loop->is_recursive = stream_.SkipName("recursive");
  std::string end;
  {
    const Enter inside(*this, {.in_condition = false, .loops = loops_ + 1});
    stream_.loops.push_back(loop.get());
    loop->body = ParseBlock({"else", "endfor"}, &end);
    stream_.loops.pop_back();
  }
  if (end == "else") loop->else_body = ParseBlock({"endfor"});
  --all_loops_;
  return loop;
}

void Parser::ParseParameters(MacroDefinition& macro) {
  stream_.ExpectOp("(");
  while (!stream_.IsOp(")")) {
    if (!macro.parameters.empty()) stream_.ExpectOp(",");
    Parameter parameter;
    parameter.name = stream_.Expect(TokenKind::kName).text;
    for (const Parameter& other : macro.parameters) {
      if (other.name == parameter.name) stream_.Fail("a parameter is named twice");
    }
    if (stream_.SkipOp("=")) {
      parameter.default_value = expressions_.ParseExpression();
    } else if (!macro.parameters.empty() && macro.parameters.back().default_value != nullptr) {
      stream_.Fail("a parameter without default follows one with default");
    }
    macro.parameters.push_back(std::move(parameter));
  }
  stream_.ExpectOp(")");
}

StatementPtr Parser::ParseMacro() {
  StatementPtr statement = NewHere(StatementKind::kMacro);
  statement->macro = std::make_unique<MacroDefinition>();
  MacroDefinition& macro = *statement->macro;
  macro.name = stream_.Expect(TokenKind::kName).text;
  const Enter enter(*this, {.in_condition = false, .loops = 0});
  ParseParameters(macro);
  stream_.macros.push_back(&macro);
  macro.body = ParseBlock({"endmacro"});
  stream_.macros.pop_back();
  return statement;
}

StatementPtr Parser::ParseCallBlock() {
  StatementPtr statement = NewHere(StatementKind::kCallBlock);
  statement->macro = std::make_unique<MacroDefinition>();
  MacroDefinition& macro = *statement->macro;
  if (stream_.IsOp("(")) ParseParameters(macro);
  statement->expressions.push_back(expressions_.ParseExpression());
  if (statement->expressions[0]->kind != ExpressionKind::kCall) {
    FailSyntax(statement->line, "a call block needs a call");
  }
  const Enter enter(*this, {.in_condition = false, .loops = 0});
  stream_.macros.push_back(&macro);
  macro.body = ParseBlock({"endcall"});
  stream_.macros.pop_back();
  return statement;
}

StatementPtr Parser::ParseFilterBlock() {
  StatementPtr statement = NewHere(StatementKind::kFilterBlock);
  const Enter enter(*this, {.in_condition = false, .loops = loops_});
  ExpressionPtr filter = expressions_.ParseFilter(nullptr);
  while (stream_.SkipOp("|")) filter = expressions_.ParseFilter(std::move(filter));
  statement->expressions.push_back(std::move(filter));
  statement->body = ParseBlock({"endfilter"});
  return statement;
}

StatementPtr Parser::ParseWith() {
  StatementPtr statement = NewHere(StatementKind::kWith);
  while (!stream_.Is(TokenKind::kBlockEnd)) {
    if (!statement->targets.empty()) stream_.ExpectOp(",");
    statement->targets.push_back(ParseTargetItem(false));
    stream_.ExpectOp("=");
    statement->expressions.push_back(expressions_.ParseExpression());
  }
  const Enter enter(*this, {.in_condition = false, .loops = loops_});
  statement->body = ParseBlock({"endwith"});
  return statement;
}

StatementPtr Parser::ParseNamedBlock() {
  StatementPtr statement = NewHere(StatementKind::kScope);
  statement->sees_outer_only = true;
  const std::string name = stream_.Expect(TokenKind::kName).text;
  if (stream_.SkipName("scoped")) statement->sees_outer_only = false;
  const Enter enter(*this, {.in_condition = false, .loops = 0});
  statement->body = ParseBlock({"endblock"});
  stream_.SkipName(name);
  return statement;
}

// {% generation %} marks what the assistant says, for training; rendering takes no notice.
StatementPtr Parser::ParseGeneration() {
  StatementPtr statement = NewHere(StatementKind::kScope);
  const Enter enter(*this, {.in_condition = false, .loops = 0});
  statement->body = ParseBlock({"endgeneration"});
  return statement;
}

StatementPtr Parser::ParseLoopControl() {
  const bool is_break = stream_.IsName("break");
  if (loops_ == 0)
    stream_.Fail(is_break ? "break outside of a loop" : "continue outside of a loop");
  return NewHere(is_break ? StatementKind::kBreak : StatementKind::kContinue);
}

}  // namespace

Body ParseTemplate(std::string_view source) { return Parser(source).Run(); }

}  // namespace cambium::jinja
