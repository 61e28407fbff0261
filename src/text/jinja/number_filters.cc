// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>
#include <limits>

#include "text/jinja/filters.h"
#include "text/jinja/number_text.h"
#include "text/jinja/operators.h"
#include "text/jinja/parameters.h"
#include "text/jinja/sandbox.h"

namespace cambium::jinja {
namespace {

constexpr int64_t kMaxDigits = 300;  // to which round works; doubles have no use for more

Value Truncated(Sandbox& box, double d) {
  if (std::abs(d) >= 0x1p63) box.Fail("an integer is beyond 64 bits");
  return Value(static_cast<int64_t>(d));
}

// float(value), or nothing where Python raises TypeError or ValueError.
std::optional<double> ToFloat(Sandbox& box, const Value& value) {
  if (value.is_undefined()) box.FailUndefined(value);
  if (value.is_number()) return value.number();
  if (!value.is_string()) return std::nullopt;
  box.StepBytes(value.text().size());
  return ParseFloat(value.text());
}

Value IntFilter(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "int", arguments, {"default", "base"});
  const Value otherwise = p.Or(0, Value(0));
  if (value.is_undefined()) box.FailUndefined(value);
  if (value.is_integer()) return Value(value.integer());
  if (value.is_string()) {
    int64_t integer = 0;
    box.StepBytes(value.text().size());
    const int64_t base = p.Int(1, 10);
    switch (ParseInt(value.text(), base < 0 || base > 36 ? 1 : static_cast<int>(base), &integer)) {
      case IntParse::kOk:
        return Value(integer);
      case IntParse::kTooBig:
        box.Fail("an integer is beyond 64 bits");
      case IntParse::kInvalid:
        break;
    }
  }
  const std::optional<double> d = ToFloat(box, value);
  return d && std::isfinite(*d) ? Truncated(box, *d) : otherwise;
}

Value FloatFilter(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "float", arguments, {"default"});
  const std::optional<double> d = ToFloat(box, value);
  return d ? Value(*d) : p.Or(0, Value(0.0));
}

Value Abs(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "abs", arguments, {});
  if (!value.is_number()) box.Fail("bad operand type for abs(): '{}'", TypeName(value));
  if (value.type() == Type::kFloat) return Value(std::abs(value.number()));
  return value.integer() < 0 ? Negate(box, value) : Value(value.integer());
}

// Half to even, of the exact decimal value, as CPython's round.
double RoundFloat(Sandbox& box, double value, int64_t digits) {
  if (!std::isfinite(value) || value == 0 || digits > kMaxDigits) return value;
  if (digits < 0) box.Fail("round of a float to tens is not supported");
  char buffer[720];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed,
                                 static_cast<int>(digits))
                       .ptr;
  double rounded = 0;
  std::from_chars(buffer, end, rounded);
  return rounded;
}

int64_t PowerOfTen(Sandbox& box, int64_t exponent) {
  int64_t power = 1;
  for (int64_t i = 0; i < exponent; ++i) {
    if (__builtin_mul_overflow(power, int64_t{10}, &power)) box.Fail("round: too many digits");
  }
  return power;
}

Value RoundInteger(Sandbox& box, int64_t value, int64_t digits) {
  if (digits >= 0) return Value(value);
  if (digits < -18) return Value(0);
  const int64_t unit = PowerOfTen(box, -digits);
  int64_t remainder = value % unit;
  if (remainder < 0) remainder += unit;
  int64_t rounded = value - remainder;  // no overflow: rounds towards what is below
  const bool is_odd = (rounded / unit) % 2 != 0;
  if (remainder > unit / 2 || (remainder == unit / 2 && is_odd)) {
    if (__builtin_add_overflow(rounded, unit, &rounded)) box.Fail("an integer is beyond 64 bits");
  }
  return Value(rounded);
}

Value Round(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "round", arguments, {"precision", "method"});
  const int64_t digits = p.Int(0, 0);
  const std::string method =
      p[1] == nullptr ? "common" : (p[1]->is_string() ? p[1]->text() : std::string());
  if (method != "common" && method != "ceil" && method != "floor") {
    box.Fail("method must be common, ceil or floor");
  }
  if (!value.is_number()) box.Fail("type {} doesn't define __round__ method", TypeName(value));
  if (method == "common") {
    if (value.is_integer()) return RoundInteger(box, value.integer(), digits);
    return Value(RoundFloat(box, value.number(), digits));
  }
  if (digits < 0) box.Fail("round up or down to tens is not supported");
  const int64_t factor = PowerOfTen(box, digits);
  const Value scaled = Calculate(box, BinaryOp::kMultiply, value, Value(factor));
  const double exact = scaled.number();
  if (!std::isfinite(exact)) box.Fail("cannot convert float infinity to integer");
  const Value whole = scaled.is_integer()
                          ? scaled
                          : Truncated(box, method == "ceil" ? std::ceil(exact) : std::floor(exact));
  return Calculate(box, BinaryOp::kDivide, whole, Value(factor));
}

constexpr NamedFilter kFilters[] = {
    {"int", IntFilter}, {"float", FloatFilter}, {"abs", Abs}, {"round", Round}};

}  // namespace

Filter FindNumberFilter(std::string_view name) { return FindIn(kFilters, name); }

}  // namespace cambium::jinja
