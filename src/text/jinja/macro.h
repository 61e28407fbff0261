// SPDX-License-Identifier: Apache-2.0
// A macro as a value: its definition and the scope in which it was defined. The Interpreter calls
// it. The body of a call block is one without a name, the `caller` of what is called.
#pragma once

#include <string>

#include "text/jinja/ast.h"
#include "text/jinja/value.h"

namespace cambium::jinja {

class Scope;

class MacroObject : public Object {
 public:
  MacroObject(const MacroDefinition* definition, Scope* scope)
      : definition_(definition), scope_(scope) {}
  const char* type_name() const override { return "Macro"; }
  const std::string& name() const { return definition_->name; }
  const MacroDefinition& definition() const { return *definition_; }
  Scope* scope() const { return scope_; }

 private:
  const MacroDefinition* definition_;
  Scope* scope_;
};

}  // namespace cambium::jinja
