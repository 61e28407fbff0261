// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/tests.h"

#include <algorithm>
#include <iterator>

#include "text/jinja/filters.h"
#include "text/jinja/loop.h"
#include "text/jinja/macro.h"
#include "text/jinja/operators.h"
#include "text/jinja/parameters.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/string_functions.h"
#include "text/jinja/to_text.h"

namespace cambium::jinja {
namespace {

template <bool (*kAsk)(const Value&)>
bool Simple(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "test", arguments, {});
  return kAsk(value);
}

// A test with one operand: `value is eq other`.
template <bool (*kAsk)(Sandbox&, const Value&, const Value&)>
bool WithOperand(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "test", arguments, {"other"}, 1);
  return kAsk(box, value, *p[0]);
}

bool IsCallable(const Value& v) {
  return v.is_undefined() || v.object_as<FunctionObject>() != nullptr ||
         v.object_as<MethodObject>() != nullptr || v.object_as<MacroObject>() != nullptr ||
         v.object_as<LoopObject>() != nullptr || v.object_as<JoinerObject>() != nullptr;
}

bool IsSequence(const Value& v) {
  return v.is_undefined() || v.is_string() || v.is_list_or_tuple() || v.is_dict() ||
         v.object_as<RangeObject>() != nullptr;
}

bool IsDefined(const Value& v) { return !v.is_undefined(); }
bool IsUndefined(const Value& v) { return v.is_undefined(); }
bool IsNone(const Value& v) { return v.is_none(); }
bool IsBoolean(const Value& v) { return v.is_bool(); }
bool IsTrueValue(const Value& v) { return v.is_bool() && v.boolean(); }
bool IsFalseValue(const Value& v) { return v.is_bool() && !v.boolean(); }
bool IsInteger(const Value& v) { return v.type() == Type::kInt; }
bool IsFloat(const Value& v) { return v.type() == Type::kFloat; }
bool IsNumber(const Value& v) { return v.is_number(); }
bool IsString(const Value& v) { return v.is_string(); }
bool IsMapping(const Value& v) { return v.is_dict(); }
bool IsEscaped(const Value& v) { return v.is_markup(); }

bool Remainder(Sandbox& box, const Value& value, const Value& divisor, int64_t wanted) {
  return Equals(box, Calculate(box, BinaryOp::kModulo, value, divisor), Value(wanted));
}

bool IsOdd(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "odd", arguments, {});
  return Remainder(box, value, Value(2), 1);
}
bool IsEven(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "even", arguments, {});
  return Remainder(box, value, Value(2), 0);
}
bool IsDivisibleBy(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "divisibleby", arguments, {"num"}, 1);
  return Remainder(box, value, *p[0], 0);
}

bool IsLowerValue(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "lower", arguments, {});
  return IsLowerText(Str(box, value));
}
bool IsUpperValue(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "upper", arguments, {});
  return IsUpperText(Str(box, value));
}

bool IsFilterName(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "filter", arguments, {});
  if (!IsHashable(value)) box.Fail("unhashable type: '{}'", TypeName(value));
  return value.is_string() && FindFilter(value.text()) != nullptr;
}
bool IsTestName(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "test", arguments, {});
  if (!IsHashable(value)) box.Fail("unhashable type: '{}'", TypeName(value));
  return value.is_string() && FindTest(value.text()) != nullptr;
}

bool Same(Sandbox&, const Value& a, const Value& b) { return a.is_same(b); }
bool Eq(Sandbox& box, const Value& a, const Value& b) { return Equals(box, a, b); }
bool Ne(Sandbox& box, const Value& a, const Value& b) { return !Equals(box, a, b); }
bool Lt(Sandbox& box, const Value& a, const Value& b) { return Less(box, a, b, "<"); }
bool Le(Sandbox& box, const Value& a, const Value& b) { return LessOrEqual(box, a, b, "<="); }
bool Gt(Sandbox& box, const Value& a, const Value& b) { return Less(box, b, a, ">"); }
bool Ge(Sandbox& box, const Value& a, const Value& b) { return LessOrEqual(box, b, a, ">="); }
bool In(Sandbox& box, const Value& a, const Value& b) { return Contains(box, b, a); }

struct Row {
  std::string_view name;
  Test test;
};

constexpr Row kTests[] = {
    {"defined", Simple<IsDefined>},
    {"undefined", Simple<IsUndefined>},
    {"none", Simple<IsNone>},
    {"string", Simple<IsString>},
    {"mapping", Simple<IsMapping>},
    {"iterable", Simple<IsIterable>},
    {"sequence", Simple<IsSequence>},
    {"boolean", Simple<IsBoolean>},
    {"true", Simple<IsTrueValue>},
    {"false", Simple<IsFalseValue>},
    {"integer", Simple<IsInteger>},
    {"float", Simple<IsFloat>},
    {"number", Simple<IsNumber>},
    {"callable", Simple<IsCallable>},
    {"escaped", Simple<IsEscaped>},
    {"filter", IsFilterName},
    {"test", IsTestName},
    {"odd", IsOdd},
    {"even", IsEven},
    {"divisibleby", IsDivisibleBy},
    {"lower", IsLowerValue},
    {"upper", IsUpperValue},
    {"sameas", WithOperand<Same>},
    {"in", WithOperand<In>},
    {"eq", WithOperand<Eq>},
    {"equalto", WithOperand<Eq>},
    {"==", WithOperand<Eq>},
    {"ne", WithOperand<Ne>},
    {"!=", WithOperand<Ne>},
    {"lt", WithOperand<Lt>},
    {"lessthan", WithOperand<Lt>},
    {"<", WithOperand<Lt>},
    {"le", WithOperand<Le>},
    {"<=", WithOperand<Le>},
    {"gt", WithOperand<Gt>},
    {"greaterthan", WithOperand<Gt>},
    {">", WithOperand<Gt>},
    {"ge", WithOperand<Ge>},
    {">=", WithOperand<Ge>},
};

}  // namespace

Test FindTest(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTests), std::end(kTests),
                                   [&](const Row& row) { return row.name == name; });
  return found == std::end(kTests) ? nullptr : found->test;
}

}  // namespace cambium::jinja
