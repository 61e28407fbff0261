// SPDX-License-Identifier: Apache-2.0
// Python's operators on Values: truth, comparison, membership, arithmetic. Integers have 64 bits; a
// result beyond them is an error (Python's would be a big integer). Float powers are an error too:
// they would come from libm.
#pragma once

#include <string_view>

#include "text/jinja/value.h"

namespace cambium::jinja {

class Sandbox;

bool IsTrue(Sandbox& box, const Value& value);

bool Equals(Sandbox& box, const Value& a, const Value& b);
// a < b; throws Python's TypeError for what has no order. `op` is for the message.
bool Less(Sandbox& box, const Value& a, const Value& b, std::string_view op = "<");
// a <= b, which is not !(b < a) for NaN.
bool LessOrEqual(Sandbox& box, const Value& a, const Value& b, std::string_view op = "<=");
// item in container
bool Contains(Sandbox& box, const Value& container, const Value& item);

// Python's exact comparison of an int or float with another: -1, 0, 1. REQUIRES: no NaN.
int CompareNumbers(const Value& a, const Value& b);

// dict[key], or null. Throws for a key that cannot be one.
const Value* Lookup(Sandbox& box, const DictData& dict, const Value& key);

enum class BinaryOp { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
Value Calculate(Sandbox& box, BinaryOp op, const Value& a, const Value& b);
Value Negate(Sandbox& box, const Value& a);
Value Plus(Sandbox& box, const Value& a);

// x[i] of a sequence of `length`, as Python counts from either end; -1 when it is outside.
int64_t NormalIndex(int64_t index, int64_t length);

}  // namespace cambium::jinja
