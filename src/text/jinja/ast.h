// SPDX-License-Identifier: Apache-2.0
// The parsed template: expressions and statements. Immutable after parsing.
//
// depth is the height of the tree below a node; the parser refuses trees that are too high, so that
// everything that walks them may recurse.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/filters.h"
#include "text/jinja/operators.h"
#include "text/jinja/tests.h"
#include "text/jinja/value.h"

namespace cambium::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

enum class ExpressionKind {
  kConstant,   // constant
  kName,       // name
  kTuple,      // operands
  kList,       // operands
  kDict,       // operands: key, value, key, value, ...
  kNegate,     // operands[0]
  kPlus,       // operands[0]
  kNot,        // operands[0]
  kAnd,        // operands[0], [1]
  kOr,         // operands[0], [1]
  kBinary,     // op; operands[0], [1]
  kConcat,     // operands, as strings
  kCompare,    // operands[0] ops[0] operands[1] ops[1] operands[2] ...
  kCondition,  // operands: value if true, condition, value if false or null
  kAttribute,  // operands[0].name
  kItem,       // operands[0][operands[1]]
  kSlice,      // operands[0][operands[1]:operands[2]:operands[3]], null where left out
  kCall,       // operands[0](arguments)
  kFilter,     // operands[0] | name(arguments): filter; operands[0] is null in filter blocks
  kTest,       // operands[0] is name(arguments): test
};

struct ArgumentExpressions {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr rest;        // *rest
  ExpressionPtr named_rest;  // **named_rest
};

struct Expression {
  ExpressionKind kind;
  int line = 0;
  int depth = 1;
  std::string name;
  Filter filter = nullptr;       // null: there is none of this name
  Test test = nullptr;           // the same
  BinaryOp op = BinaryOp::kAdd;  // of kBinary
  std::vector<std::string> ops;  // of kCompare: == != < <= > >= in "not in"
  Value constant;
  std::vector<ExpressionPtr> operands;
  ArgumentExpressions arguments;
};

// What is assigned to: a name, an attribute of a namespace (name.attribute), or several of them.
struct Target {
  std::string name;  // empty: the parts
  std::string attribute;
  std::vector<Target> parts;
  int line = 0;
};

struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

struct Branch {
  ExpressionPtr condition;
  Body body;
};

struct Parameter {
  std::string name;
  ExpressionPtr default_value;  // may be null
};

// A macro, or the body of a call block.
struct MacroDefinition {
  std::string name;  // empty for a call block
  std::vector<Parameter> parameters;
  Body body;
  // Whether the body uses the special names, which it is given only then.
  bool uses_caller = false, uses_kwargs = false, uses_varargs = false;
};

enum class StatementKind {
  kText,         // text
  kPrint,        // expressions[0], printed
  kSet,          // target = expressions[0]
  kSetBlock,     // target = body, through expressions[0] (a filter without operand) if there
  kIf,           // branches, else_body
  kFor,          // target in expressions[0] if expressions[1] (may be null): body, else_body
  kMacro,        // macro
  kCallBlock,    // expressions[0] is called with macro as caller
  kFilterBlock,  // body through expressions[0]
  kWith,         // targets = expressions: body
  kScope,        // body in a scope of its own: generation, block
  kBreak,
  kContinue,
};

struct Statement {
  StatementKind kind;
  int line = 0;
  int depth = 1;
  std::string text;
  Target target;
  std::vector<Target> targets;
  std::vector<ExpressionPtr> expressions;
  std::vector<Branch> branches;
  Body body;
  Body else_body;
  bool is_recursive = false;     // kFor
  bool uses_loop = false;        // kFor: the body names `loop`
  bool sees_outer_only = false;  // kScope of a block: sees the top level, not what is around it
  std::unique_ptr<MacroDefinition> macro;
};

}  // namespace cambium::jinja
