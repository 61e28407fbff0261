// SPDX-License-Identifier: Apache-2.0
// The expressions of the Interpreter.
#include "text/jinja/attributes.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/operators.h"
#include "text/jinja/to_text.h"

namespace cambium::jinja {

Value Interpreter::Evaluate(const Expression& e, Scope* scope) {
  const Sandbox::Level level(box_);
  box_.Step();
  box_.set_line(e.line);
  const auto operand = [&](size_t i) { return Evaluate(*e.operands[i], scope); };
  const auto optional = [&](size_t i) { return e.operands[i] ? operand(i) : Value(); };
  switch (e.kind) {
    case ExpressionKind::kConstant:
      return e.constant;
    case ExpressionKind::kName: {
      const Value* found = scope->Find(box_, e.name);
      return found == nullptr ? box_.UndefinedName(e.name) : *found;
    }
    case ExpressionKind::kTuple:
      return box_.Tuple(EvaluateAll(e.operands, scope));
    case ExpressionKind::kList:
      return box_.List(EvaluateAll(e.operands, scope));
    case ExpressionKind::kDict:
      return EvaluateDict(e, scope);
    case ExpressionKind::kNegate:
      return Negate(box_, operand(0));
    case ExpressionKind::kPlus:
      return Plus(box_, operand(0));
    case ExpressionKind::kNot:
      return Value(!IsTrue(box_, operand(0)));
    case ExpressionKind::kAnd: {
      Value left = operand(0);
      return IsTrue(box_, left) ? operand(1) : left;
    }
    case ExpressionKind::kOr: {
      Value left = operand(0);
      return IsTrue(box_, left) ? left : operand(1);
    }
    case ExpressionKind::kBinary: {
      const Value left = operand(0);
      const Value right = operand(1);
      box_.set_line(e.line);
      return Calculate(box_, e.op, left, right);
    }
    case ExpressionKind::kConcat:
      return EvaluateConcat(e, scope);
    case ExpressionKind::kCompare:
      return EvaluateCompare(e, scope);
    case ExpressionKind::kCondition:
      if (IsTrue(box_, operand(1))) return operand(0);
      if (e.operands[2] != nullptr) return operand(2);
      return box_.Undefined("an inline if was false and has no else");
    case ExpressionKind::kAttribute: {
      const Value object = operand(0);
      box_.set_line(e.line);
      return GetAttribute(box_, object, e.name);
    }
    case ExpressionKind::kItem: {
      const Value object = operand(0);
      const Value key = operand(1);
      box_.set_line(e.line);
      return GetItem(box_, object, key);
    }
    case ExpressionKind::kSlice: {
      const Value object = operand(0);
      const Value start = optional(1);
      const Value stop = optional(2);
      const Value step = optional(3);
      box_.set_line(e.line);
      return GetSlice(box_, object, start, stop, step);
    }
    case ExpressionKind::kCall:
      return EvaluateCall(e, scope, nullptr);
    case ExpressionKind::kFilter:
      return EvaluateFilter(e, operand(0), scope);
    case ExpressionKind::kTest: {
      const Value value = operand(0);
      const Arguments arguments = EvaluateArguments(e.arguments, scope);
      box_.set_line(e.line);
      if (e.test == nullptr) box_.Fail("there is no test '{}'", e.name);
      return Value(e.test(box_, value, arguments));
    }
  }
  return Value();
}

Value Interpreter::EvaluateFilter(const Expression& e, const Value& operand, Scope* scope) {
  const Arguments arguments = EvaluateArguments(e.arguments, scope);
  box_.set_line(e.line);
  if (e.filter == nullptr) box_.Fail("there is no filter '{}'", e.name);
  return e.filter(box_, operand, arguments);
}

std::vector<Value> Interpreter::EvaluateAll(const std::vector<ExpressionPtr>& expressions,
                                            Scope* scope) {
  std::vector<Value> values;
  values.reserve(expressions.size());
  for (const ExpressionPtr& expression : expressions) {
    values.push_back(Evaluate(*expression, scope));
  }
  return values;
}

Value Interpreter::EvaluateDict(const Expression& e, Scope* scope) {
  std::vector<std::pair<Value, Value>> items;
  items.reserve(e.operands.size() / 2);
  for (size_t i = 0; i < e.operands.size(); i += 2) {
    Value key = Evaluate(*e.operands[i], scope);
    Value value = Evaluate(*e.operands[i + 1], scope);
    if (!IsHashable(key)) box_.Fail("unhashable type: '{}'", TypeName(key));
    items.emplace_back(std::move(key), std::move(value));
  }
  return box_.Dict(std::move(items));
}

Value Interpreter::EvaluateConcat(const Expression& e, Scope* scope) {
  std::string text;
  for (const Value& value : EvaluateAll(e.operands, scope)) AppendStr(box_, text, value);
  return box_.String(std::move(text));
}

bool Interpreter::Compare(const std::string& op, const Value& a, const Value& b) {
  if (op == "==") return Equals(box_, a, b);
  if (op == "!=") return !Equals(box_, a, b);
  if (op == "in") return Contains(box_, b, a);
  if (op == "not in") return !Contains(box_, b, a);
  if (op == "<") return Less(box_, a, b, op);
  if (op == "<=") return LessOrEqual(box_, a, b, op);
  return op == ">" ? Less(box_, b, a, op) : LessOrEqual(box_, b, a, op);
}

Value Interpreter::EvaluateCompare(const Expression& e, Scope* scope) {
  Value left = Evaluate(*e.operands[0], scope);
  for (size_t i = 0; i < e.ops.size(); ++i) {
    Value right = Evaluate(*e.operands[i + 1], scope);
    box_.set_line(e.line);
    if (!Compare(e.ops[i], left, right)) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

}  // namespace cambium::jinja
