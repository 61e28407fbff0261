// SPDX-License-Identifier: Apache-2.0
// The calls of the Interpreter: arguments, functions, methods, macros.
#include <algorithm>

#include "text/jinja/attributes.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/loop.h"

namespace cambium::jinja {

Arguments Interpreter::EvaluateArguments(const ArgumentExpressions& arguments, Scope* scope) {
  Arguments result;
  if (!arguments.positional.empty()) {
    result.positional = EvaluateAll(arguments.positional, scope);
  }
  if (arguments.rest != nullptr) {
    Cursor cursor(box_, Evaluate(*arguments.rest, scope));
    while (std::optional<Value> item = cursor.Next(box_)) {
      box_.Push(result.positional, *std::move(item));
    }
  }
  for (const auto& [name, expression] : arguments.named) {
    result.named.emplace_back(name, Evaluate(*expression, scope));
  }
  if (arguments.named_rest == nullptr) return result;
  const Value rest = Evaluate(*arguments.named_rest, scope);
  if (!rest.is_dict()) box_.Fail("argument after ** must be a mapping, not {}", TypeName(rest));
  box_.Step(static_cast<int64_t>(rest.dict().items.size()));
  for (const auto& [key, value] : rest.dict().items) {
    if (!key.is_string()) box_.Fail("keywords must be strings");
    if (result.FindNamed(key.text()) != nullptr) {
      box_.Fail("multiple values for keyword argument '{}'", key.text());
    }
    box_.Step(static_cast<int64_t>(result.named.size() / 8));
    result.named.emplace_back(key.text(), value);
  }
  return result;
}

Value Interpreter::EvaluateCall(const Expression& e, Scope* scope, MacroObject* caller) {
  const Sandbox::Level level(box_);
  const Expression& callee = *e.operands[0];
  const auto arguments = [&] {
    Arguments result = EvaluateArguments(e.arguments, scope);
    if (caller != nullptr) result.named.emplace_back("caller", Value(caller));
    box_.set_line(e.line);
    return result;
  };
  if (callee.kind == ExpressionKind::kAttribute) {
    // A method is called without making it a value first.
    const Value receiver = Evaluate(*callee.operands[0], scope);
    box_.set_line(callee.line);
    if (HasMethod(receiver, callee.name)) {
      return CallMethod(box_, receiver, callee.name, arguments());
    }
    const Value function = GetAttribute(box_, receiver, callee.name);
    return Call(function, arguments());
  }
  const Value function = Evaluate(callee, scope);
  return Call(function, arguments());
}

Value Interpreter::Call(const Value& callee, const Arguments& arguments) {
  if (callee.is_undefined()) box_.FailUndefined(callee);
  if (const auto* macro = callee.object_as<MacroObject>()) return CallMacro(*macro, arguments);
  if (const auto* function = callee.object_as<FunctionObject>()) {
    return function->Call(box_, arguments);
  }
  if (const auto* method = callee.object_as<MethodObject>()) {
    return CallMethod(box_, method->receiver, method->name, arguments);
  }
  if (auto* loop = callee.object_as<LoopObject>()) return loop->Call(box_, arguments);
  if (auto* joiner = callee.object_as<JoinerObject>()) {
    const bool was_used = joiner->is_used;
    joiner->is_used = true;
    return was_used ? joiner->separator : box_.String("");
  }
  box_.Fail("'{}' object is not callable", TypeName(callee));
}

Value Interpreter::CallMacro(const MacroObject& macro, const Arguments& arguments) {
  const Sandbox::Level level(box_);
  const MacroDefinition& definition = macro.definition();
  const std::vector<Parameter>& parameters = definition.parameters;
  const LocalScope scope(*this, macro.scope());
  // Which of the named arguments have found their parameter.
  std::vector<bool> is_used(arguments.named.size(), false);
  const auto take_named = [&](std::string_view key) -> const Value* {
    for (size_t i = 0; i < arguments.named.size(); ++i) {
      if (is_used[i] || arguments.named[i].first != key) continue;
      is_used[i] = true;
      return &arguments.named[i].second;
    }
    return nullptr;
  };
  bool has_caller_parameter = false;
  std::vector<const Parameter*> without_value;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    has_caller_parameter = has_caller_parameter || parameter.name == "caller";
    const Value* value =
        i < arguments.positional.size() ? &arguments.positional[i] : take_named(parameter.name);
    if (value == nullptr) without_value.push_back(&parameter);
    // A default may refer to a later parameter, which is undefined then.
    scope->Set(parameter.name, value != nullptr ? *value : box_.UndefinedName(parameter.name));
  }
  if (definition.uses_caller && !has_caller_parameter) {
    const Value* caller = take_named("caller");
    scope->Set("caller", caller != nullptr ? *caller : box_.Undefined("No caller defined"));
  }
  SetRestArguments(definition, arguments, is_used, scope.get());
  for (const Parameter* parameter : without_value) {
    scope->Set(parameter->name, parameter->default_value
                                    ? Evaluate(*parameter->default_value, scope.get())
                                    : box_.Undefined(fmt::format("parameter '{}' was not provided",
                                                                 parameter->name)));
  }
  const int line = box_.line();
  Output out(box_, box_.limits().max_memory_bytes);
  Execute(definition.body, scope.get(), out);
  box_.set_line(line);
  return box_.String(out.Take());
}

// kwargs and varargs, or the error that there are arguments too many.
void Interpreter::SetRestArguments(const MacroDefinition& definition, const Arguments& arguments,
                                   const std::vector<bool>& is_used, Scope* scope) {
  const std::string name = definition.name.empty() ? "caller" : definition.name;
  std::vector<std::pair<Value, Value>> named;
  for (size_t i = 0; i < arguments.named.size(); ++i) {
    const auto& [key, value] = arguments.named[i];
    if (is_used[i]) continue;
    if (!definition.uses_kwargs) {
      box_.Fail("macro '{}' takes no keyword argument '{}'", name, key);
    }
    named.emplace_back(box_.String(key), value);
  }
  if (definition.uses_kwargs) scope->Set("kwargs", box_.Dict(std::move(named)));
  const size_t num_parameters = definition.parameters.size();
  std::vector<Value> rest;
  for (size_t i = num_parameters; i < arguments.positional.size(); ++i) {
    if (!definition.uses_varargs) {
      box_.Fail("macro '{}' takes not more than {} argument(s)", name, num_parameters);
    }
    box_.Push(rest, arguments.positional[i]);
  }
  if (definition.uses_varargs) scope->Set("varargs", box_.Tuple(std::move(rest)));
}

}  // namespace cambium::jinja
