// SPDX-License-Identifier: Apache-2.0
// Renders the statements of a template. Scopes are Jinja's: for, macro, call, filter, with and
// block set have one of their own, if has none; what a loop's body sets is gone with the iteration.
// One rendering each, on one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/macro.h"
#include "text/jinja/objects.h"
#include "text/jinja/output.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/scope.h"

namespace cambium::jinja {

class Interpreter {
 public:
  // `globals` has the functions and the caller's variables. Both outlive the interpreter.
  Interpreter(Sandbox& box, Scope& globals) : box_(box), globals_(globals) {}

  std::string Render(const Body& body);

 private:
  enum class Flow { kNext, kBreak, kContinue };

  // A scope for a block; it stays when a macro has captured it.
  class LocalScope {
   public:
    LocalScope(Interpreter& interpreter, Scope* parent)
        : interpreter_(interpreter), scope_(std::make_unique<Scope>(parent)) {}
    ~LocalScope();
    LocalScope(const LocalScope&) = delete;
    LocalScope& operator=(const LocalScope&) = delete;
    Scope* get() const { return scope_.get(); }
    Scope* operator->() const { return scope_.get(); }

   private:
    Interpreter& interpreter_;
    std::unique_ptr<Scope> scope_;
  };

  // Statements (interpreter.cc).
  Flow Execute(const Body& body, Scope* scope, Output& out);
  Flow ExecuteOne(const Statement& statement, Scope* scope, Output& out);
  Flow ExecuteIf(const Statement& statement, Scope* scope, Output& out);
  Flow ExecuteSetBlock(const Statement& statement, Scope* scope);
  Flow ExecuteFilterBlock(const Statement& statement, Scope* scope, Output& out);
  void ExecuteFor(const Statement& statement, Scope* scope, Output& out, Flow* flow);
  Flow RunLoop(const Statement& statement, const Value& iterable, Scope* scope, Output& out,
               int depth0);
  void ExecuteCallBlock(const Statement& statement, Scope* scope, Output& out);
  void Assign(const Target& target, const Value& value, Scope* scope);
  void Print(const Value& value, Output& out);
  Value ApplyFilters(const Expression& filter, const Value& input, Scope* scope);

  // Expressions (evaluator.cc).
  Value Evaluate(const Expression& e, Scope* scope);
  Value EvaluateCompare(const Expression& e, Scope* scope);
  bool Compare(const std::string& op, const Value& a, const Value& b);
  Value EvaluateConcat(const Expression& e, Scope* scope);
  Value EvaluateDict(const Expression& e, Scope* scope);
  std::vector<Value> EvaluateAll(const std::vector<ExpressionPtr>& expressions, Scope* scope);
  Value EvaluateFilter(const Expression& e, const Value& operand, Scope* scope);

  // Calls (calls.cc).
  Arguments EvaluateArguments(const ArgumentExpressions& arguments, Scope* scope);
  Value EvaluateCall(const Expression& e, Scope* scope, MacroObject* caller);
  Value Call(const Value& callee, const Arguments& arguments);
  Value CallMacro(const MacroObject& macro, const Arguments& arguments);
  void SetRestArguments(const MacroDefinition& definition, const Arguments& arguments,
                        const std::vector<bool>& is_used, Scope* scope);
  MacroObject* NewMacro(const MacroDefinition& definition, Scope* scope);

  Sandbox& box_;
  Scope& globals_;
  Scope* top_ = nullptr;                      // the template's own variables
  std::vector<std::unique_ptr<Scope>> kept_;  // captured by macros
};

}  // namespace cambium::jinja
