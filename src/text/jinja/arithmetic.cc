// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "text/jinja/objects.h"
#include "text/jinja/operators.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/string_format.h"
#include "text/jinja/to_text.h"

namespace cambium::jinja {
namespace {

std::string_view Symbol(BinaryOp op) {
  constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "** or pow()"};
  return kSymbols[static_cast<int>(op)];
}

[[noreturn]] void FailOperands(Sandbox& box, BinaryOp op, const Value& a, const Value& b) {
  box.Fail("unsupported operand type(s) for {}: '{}' and '{}'", Symbol(op), TypeName(a),
           TypeName(b));
}

[[noreturn]] void FailTooBig(Sandbox& box) {
  box.Fail("an integer is beyond 64 bits, which is more than this interpreter calculates with");
}

// Python's float modulo: the result has the sign of the divisor.
double FloatModulo(double a, double b) {
  double r = std::fmod(a, b);
  if (r != 0) {
    if ((b < 0) != (r < 0)) r += b;
  } else {
    r = std::copysign(0.0, b);
  }
  return r;
}

double FloatFloorDivide(double a, double b) {
  const double remainder = FloatModulo(a, b);
  const double quotient = (a - remainder) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  double whole = std::floor(quotient);
  if (quotient - whole > 0.5) whole += 1;
  return whole;
}

Value Power(Sandbox& box, const Value& a, const Value& b) {
  if (!a.is_integer() || !b.is_integer() || b.integer() < 0) {
    box.Fail("powers are supported of integers by integers that are not negative");
  }
  int64_t base = a.integer(), exponent = b.integer(), result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) FailTooBig(box);
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) {
      if (result == 0) return Value(int64_t{0});
      FailTooBig(box);
    }
  }
  return Value(result);
}

Value CalculateIntegers(Sandbox& box, BinaryOp op, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
    case BinaryOp::kAdd:
      if (__builtin_add_overflow(a, b, &result)) FailTooBig(box);
      return Value(result);
    case BinaryOp::kSubtract:
      if (__builtin_sub_overflow(a, b, &result)) FailTooBig(box);
      return Value(result);
    case BinaryOp::kMultiply:
      if (__builtin_mul_overflow(a, b, &result)) FailTooBig(box);
      return Value(result);
    case BinaryOp::kDivide:
      if (b == 0) box.Fail("division by zero");
      return Value(static_cast<double>(a) / static_cast<double>(b));
    case BinaryOp::kFloorDivide:
      if (b == 0) box.Fail("integer division or modulo by zero");
      if (a == std::numeric_limits<int64_t>::min() && b == -1) FailTooBig(box);
      return Value(a / b - (a % b != 0 && (a % b < 0) != (b < 0) ? 1 : 0));
    default:
      if (b == 0) box.Fail("integer modulo by zero");
      if (b == -1) return Value(int64_t{0});
      result = a % b;
      return Value(result != 0 && (result < 0) != (b < 0) ? result + b : result);
  }
}

Value CalculateFloats(Sandbox& box, BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return Value(a + b);
    case BinaryOp::kSubtract:
      return Value(a - b);
    case BinaryOp::kMultiply:
      return Value(a * b);
    case BinaryOp::kDivide:
      if (b == 0) box.Fail("float division by zero");
      return Value(a / b);
    case BinaryOp::kFloorDivide:
      if (b == 0) box.Fail("float floor division by zero");
      return Value(FloatFloorDivide(a, b));
    default:
      if (b == 0) box.Fail("float modulo");
      return Value(FloatModulo(a, b));
  }
}

// string + string: what is not Markup is escaped beside Markup.
Value Concatenate(Sandbox& box, const Value& a, const Value& b) {
  const bool is_markup = a.is_markup() || b.is_markup();
  const auto part = [&](const Value& x) {
    return is_markup && !x.is_markup() ? EscapeHtml(box, x.text()) : x.text();
  };
  std::string text;
  box.CheckRoom(a.text().size() + b.text().size());
  text.reserve(a.text().size() + b.text().size());
  text += part(a);
  text += part(b);
  return is_markup ? box.Markup(std::move(text)) : box.String(std::move(text));
}

Value Add(Sandbox& box, const Value& a, const Value& b) {
  if (a.is_string() && b.is_string()) return Concatenate(box, a, b);
  if (!a.is_list_or_tuple() || a.type() != b.type()) {
    if (a.is_string()) {
      box.Fail("can only concatenate str (not \"{}\") to str", TypeName(b));
    }
    FailOperands(box, BinaryOp::kAdd, a, b);
  }
  box.CheckRoom((a.items().size() + b.items().size()) * sizeof(Value));
  std::vector<Value> items;
  items.reserve(a.items().size() + b.items().size());
  items.insert(items.end(), a.items().begin(), a.items().end());
  items.insert(items.end(), b.items().begin(), b.items().end());
  return a.type() == Type::kTuple ? box.Tuple(std::move(items)) : box.List(std::move(items));
}

Value Repeat(Sandbox& box, const Value& sequence, int64_t count) {
  const size_t times = count > 0 ? static_cast<size_t>(count) : 0;
  if (sequence.is_string()) {
    std::string text;
    box.AppendRepeated(text, sequence.text(), times);
    return box.StringLike(sequence, std::move(text));
  }
  const std::vector<Value>& once = sequence.items();
  if (!once.empty() && times > box.limits().max_memory_bytes / sizeof(Value) / once.size()) {
    box.FailLimit("memory");
  }
  std::vector<Value> items;
  box.CheckRoom(times * once.size() * sizeof(Value));
  if (!once.empty()) {
    items.reserve(times * once.size());
    for (size_t i = 0; i < times; ++i) items.insert(items.end(), once.begin(), once.end());
  }
  return sequence.type() == Type::kTuple ? box.Tuple(std::move(items)) : box.List(std::move(items));
}

}  // namespace

Value Calculate(Sandbox& box, BinaryOp op, const Value& a, const Value& b) {
  box.Step();
  if (op == BinaryOp::kModulo && a.is_string()) {
    return box.StringLike(a, FormatPercent(box, a.text(), b));
  }
  if (a.is_undefined()) box.FailUndefined(a);
  if (b.is_undefined()) box.FailUndefined(b);
  if (a.is_number() && b.is_number()) {
    if (op == BinaryOp::kPower) return Power(box, a, b);
    if (a.is_integer() && b.is_integer()) {
      return CalculateIntegers(box, op, a.integer(), b.integer());
    }
    return CalculateFloats(box, op, a.number(), b.number());
  }
  if (op == BinaryOp::kAdd) return Add(box, a, b);
  if (op == BinaryOp::kMultiply) {
    const auto is_sequence = [](const Value& x) { return x.is_string() || x.is_list_or_tuple(); };
    if (is_sequence(a) && b.is_integer()) return Repeat(box, a, b.integer());
    if (is_sequence(b) && a.is_integer()) return Repeat(box, b, a.integer());
  }
  FailOperands(box, op, a, b);
}

Value Negate(Sandbox& box, const Value& a) {
  if (a.is_undefined()) box.FailUndefined(a);
  if (a.type() == Type::kFloat) return Value(-a.number());
  if (!a.is_integer()) box.Fail("bad operand type for unary -: '{}'", TypeName(a));
  if (a.integer() == std::numeric_limits<int64_t>::min()) FailTooBig(box);
  return Value(-a.integer());
}

Value Plus(Sandbox& box, const Value& a) {
  if (a.is_undefined()) box.FailUndefined(a);
  if (a.type() == Type::kFloat) return a;
  if (!a.is_integer()) box.Fail("bad operand type for unary +: '{}'", TypeName(a));
  return Value(a.integer());
}

}  // namespace cambium::jinja
