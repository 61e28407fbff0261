// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/interpreter.h"

#include "text/jinja/loop.h"
#include "text/jinja/operators.h"
#include "text/jinja/to_text.h"

namespace cambium::jinja {
namespace {

constexpr size_t kScopeBytes = 256;  // charged for a scope that stays

}  // namespace

Interpreter::LocalScope::~LocalScope() {
  if (scope_->is_captured()) interpreter_.kept_.push_back(std::move(scope_));
}

std::string Interpreter::Render(const Body& body) {
  Output out(box_, box_.limits().max_output_bytes);
  LocalScope top(*this, &globals_);
  top_ = top.get();
  Execute(body, top.get(), out);
  return out.Take();
}

Interpreter::Flow Interpreter::Execute(const Body& body, Scope* scope, Output& out) {
  for (const auto& statement : body) {
    const Flow flow = ExecuteOne(*statement, scope, out);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::ExecuteOne(const Statement& statement, Scope* scope, Output& out) {
  const Sandbox::Level level(box_);
  box_.Step();
  box_.set_line(statement.line);
  switch (statement.kind) {
    case StatementKind::kText:
      out.Append(statement.text);
      return Flow::kNext;
    case StatementKind::kPrint:
      Print(Evaluate(*statement.expressions[0], scope), out);
      return Flow::kNext;
    case StatementKind::kSet:
      Assign(statement.target, Evaluate(*statement.expressions[0], scope), scope);
      return Flow::kNext;
    case StatementKind::kSetBlock:
      return ExecuteSetBlock(statement, scope);
    case StatementKind::kIf:
      return ExecuteIf(statement, scope, out);
    case StatementKind::kFor: {
      Flow flow = Flow::kNext;
      ExecuteFor(statement, scope, out, &flow);
      return flow;
    }
    case StatementKind::kMacro:
      scope->Set(statement.macro->name, Value(NewMacro(*statement.macro, scope)));
      return Flow::kNext;
    case StatementKind::kCallBlock:
      ExecuteCallBlock(statement, scope, out);
      return Flow::kNext;
    case StatementKind::kFilterBlock:
      return ExecuteFilterBlock(statement, scope, out);
    case StatementKind::kWith: {
      const LocalScope inner(*this, scope);
      for (size_t i = 0; i < statement.targets.size(); ++i) {
        Assign(statement.targets[i], Evaluate(*statement.expressions[i], scope), inner.get());
      }
      return Execute(statement.body, inner.get(), out);
    }
    case StatementKind::kScope: {
      const LocalScope inner(*this, statement.sees_outer_only ? top_ : scope);
      return Execute(statement.body, inner.get(), out);
    }
    case StatementKind::kBreak:
      return Flow::kBreak;
    case StatementKind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::ExecuteIf(const Statement& statement, Scope* scope, Output& out) {
  for (const Branch& branch : statement.branches) {
    if (IsTrue(box_, Evaluate(*branch.condition, scope))) return Execute(branch.body, scope, out);
  }
  return Execute(statement.else_body, scope, out);
}

Interpreter::Flow Interpreter::ExecuteSetBlock(const Statement& statement, Scope* scope) {
  Output captured(box_, box_.limits().max_memory_bytes);
  const LocalScope inner(*this, scope);
  const Flow flow = Execute(statement.body, inner.get(), captured);
  if (flow != Flow::kNext) return flow;
  Value value = box_.String(captured.Take());
  if (const ExpressionPtr& filter = statement.expressions[0]) {
    value = ApplyFilters(*filter, value, inner.get());
  }
  Assign(statement.target, value, scope);
  return Flow::kNext;
}

Interpreter::Flow Interpreter::ExecuteFilterBlock(const Statement& statement, Scope* scope,
                                                  Output& out) {
  Output captured(box_, box_.limits().max_memory_bytes);
  const LocalScope inner(*this, scope);
  const Flow flow = Execute(statement.body, inner.get(), captured);
  if (flow != Flow::kNext) return flow;
  const Value text = box_.String(captured.Take());
  Print(ApplyFilters(*statement.expressions[0], text, inner.get()), out);
  return Flow::kNext;
}

Value Interpreter::ApplyFilters(const Expression& filter, const Value& input, Scope* scope) {
  const Sandbox::Level level(box_);
  const ExpressionPtr& operand = filter.operands[0];
  return EvaluateFilter(filter, operand ? ApplyFilters(*operand, input, scope) : input, scope);
}

void Interpreter::ExecuteFor(const Statement& statement, Scope* scope, Output& out, Flow* flow) {
  const Value iterable = Evaluate(*statement.expressions[0], scope);
  *flow = RunLoop(statement, iterable, scope, out, 0);
}

// What ends the loop (break) does not go on; what leaves its else part does.
Interpreter::Flow Interpreter::RunLoop(const Statement& statement, const Value& iterable,
                                       Scope* scope, Output& out, int depth0) {
  const Sandbox::Level level(box_);
  LoopObject::Filter filter;
  if (const Expression* test = statement.expressions[1].get()) {
    filter = [this, test, scope, &statement](const Value& item) {
      const LocalScope inner(*this, scope);
      Assign(statement.target, item, inner.get());
      return IsTrue(box_, Evaluate(*test, inner.get()));
    };
  }
  LoopObject::Recurse recurse;
  if (statement.is_recursive) {
    recurse = [this, scope, &statement](const Value& inner, int inner_depth0) {
      Output captured(box_, box_.limits().max_memory_bytes);
      RunLoop(statement, inner, scope, captured, inner_depth0);
      return box_.String(captured.Take());
    };
  }
  // `loop` may be kept by the body in a namespace, and then outlives the loop.
  std::optional<LoopObject> local;
  LoopObject* loop = nullptr;
  if (statement.uses_loop) {
    loop = box_.New<LoopObject>(box_, iterable, std::move(filter), std::move(recurse), depth0);
  } else {
    loop = &local.emplace(box_, iterable, std::move(filter), std::move(recurse), depth0);
  }
  // Jinja notes an iteration at the end of the body: one that break or continue cuts off does not
  // keep the else part from being rendered.
  bool is_empty = true;
  while (const std::optional<Value> item = loop->Advance(box_)) {
    const LocalScope inner(*this, scope);
    Assign(statement.target, *item, inner.get());
    if (statement.uses_loop) inner->Set("loop", Value(loop));
    const Flow flow = Execute(statement.body, inner.get(), out);
    if (flow == Flow::kBreak) break;
    if (flow == Flow::kNext) is_empty = false;
    box_.set_line(statement.line);
  }
  loop->Close();
  if (!is_empty || statement.else_body.empty()) return Flow::kNext;
  const LocalScope inner(*this, scope);
  return Execute(statement.else_body, inner.get(), out);
}

void Interpreter::ExecuteCallBlock(const Statement& statement, Scope* scope, Output& out) {
  MacroObject* caller = NewMacro(*statement.macro, scope);
  Print(EvaluateCall(*statement.expressions[0], scope, caller), out);
}

void Interpreter::Assign(const Target& target, const Value& value, Scope* scope) {
  if (!target.parts.empty()) {
    Cursor cursor(box_, value);
    for (const Target& part : target.parts) {
      const std::optional<Value> item = cursor.Next(box_);
      if (!item) box_.Fail("not enough values to unpack, {} are expected", target.parts.size());
      Assign(part, *item, scope);
    }
    if (cursor.Next(box_)) {
      box_.Fail("too many values to unpack, {} are expected", target.parts.size());
    }
    return;
  }
  if (target.attribute.empty()) return scope->Set(target.name, value);
  const Value* found = scope->Find(box_, target.name);
  auto* space = found == nullptr ? nullptr : found->object_as<NamespaceObject>();
  if (space == nullptr) box_.Fail("cannot assign attribute on non-namespace object");
  if (target.attribute.starts_with('_')) {
    box_.Fail("attributes of a namespace may not begin with an underscore: {}", target.attribute);
  }
  space->Set(box_, target.attribute, value);
}

void Interpreter::Print(const Value& value, Output& out) {
  if (value.is_string()) return out.Append(value.text());
  std::string text;
  AppendStr(box_, text, value);
  out.Append(text);
}

MacroObject* Interpreter::NewMacro(const MacroDefinition& definition, Scope* scope) {
  scope->Capture();
  box_.CheckRoom(kScopeBytes);
  box_.account().Take(kScopeBytes);
  return box_.New<MacroObject>(&definition, scope);
}

}  // namespace cambium::jinja
