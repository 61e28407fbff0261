// SPDX-License-Identifier: Apache-2.0
// The short sums that are held out, written out. There are few of them: drawn at random they would
// come again and again. So records walk through these lists instead, and none comes twice before
// all others came once.
#pragma once

#include <array>
#include <vector>

#include "text/corpus/operation_keys.h"

namespace cambium {

// Up to three numbers; what they mean is the list's business.
using Operands = std::array<int, 3>;
// Each problem once, one order for operations that commute. Ordered by hash, the same for ever:
// neighbours have nothing in common.
using ProblemList = std::vector<Operands>;

// What MakeArithmetic (arithmetic.cc) asks, by type. Thread-safe; made at the first call.
const ProblemList& HeldOutAdditions();        // a + b, a <= b <= 99
const ProblemList& HeldOutSubtractions();     // a - b, b <= a <= 99
const ProblemList& HeldOutMultiplications();  // a * b, up to 12 * 12, and b from 10 to 49, a <= 9
const ProblemList& HeldOutDivisions();        // a / b, b from 2 to 12, quotients up to 20
const ProblemList& HeldOutSumsOfThree();      // a + b + c, a <= 20, b <= c <= 9
const ProblemList& HeldOutComparisons();      // a < b <= 99
const ProblemList& HeldOutNumberQuestions();  // {question, a}, question < 5, a from 1 to 99

// The keys of questions about one number: parity, double, half, after, before.
OperationKeys KeysOfOneNumber(int question, int a);
OperationKeys KeysOfSumOfThree(int a, int b, int c);

}  // namespace cambium
