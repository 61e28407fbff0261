// SPDX-License-Identifier: Apache-2.0
// Sums worked digit by digit, as done on paper. Every step is a fact of one digit, which is always
// train, so the steps never give away a held-out sum.
#include <string>

#include "text/corpus/generators.h"
#include "text/corpus/operation_keys.h"

namespace cambium {
namespace {

constexpr std::string_view kPlaces[] = {"ones", "tens", "hundreds", "thousands"};

std::string S(int n) { return std::to_string(n); }

std::string AdditionWork(int a, int b) {
  std::string work;
  int carry = 0;
  for (int place = 0; a > 0 || b > 0 || place == 0; ++place, a /= 10, b /= 10) {
    const int sum = a % 10 + b % 10 + carry;
    work += std::string(kPlaces[place]) + ": " + S(a % 10) + " + " + S(b % 10);
    if (carry > 0) work += " + " + S(carry);
    work += " = " + S(sum);
    carry = sum / 10;
    if (carry > 0) work += ", write " + S(sum % 10) + ", carry 1";
    work += '\n';
  }
  return work;
}

// REQUIRES a >= b.
std::string SubtractionWork(int a, int b) {
  std::string work;
  int borrowed = 0;
  for (int place = 0; a > 0 || b > 0 || place == 0; ++place, a /= 10, b /= 10) {
    const int top = a % 10 - borrowed;
    const int bottom = b % 10;
    work += std::string(kPlaces[place]) + ": ";
    if (borrowed > 0 && top >= 0) work += S(a % 10) + " - 1 = " + S(top) + ", ";
    if (top >= bottom) {
      work += S(top) + " - " + S(bottom) + " = " + S(top - bottom);
      borrowed = 0;
    } else {
      if (top < 0) work += "borrow, 10 - 1 = 9, 9 - " + S(bottom) + " = " + S(9 - bottom);
      if (top >= 0)
        work += "borrow, " + S(top + 10) + " - " + S(bottom) + " = " + S(top + 10 - bottom);
      borrowed = 1;
    }
    work += '\n';
  }
  return work;
}

// REQUIRES b of one digit, and that the carry added to the tens' product needs no carry.
std::string MultiplicationWork(int a, int b) {
  const int ones = a % 10 * b;
  const int tens = a / 10 * b;
  std::string work = "ones: " + S(a % 10) + " * " + S(b) + " = " + S(ones);
  if (ones > 9) work += ", write " + S(ones % 10) + ", carry " + S(ones / 10);
  work += "\ntens: " + S(a / 10) + " * " + S(b) + " = " + S(tens);
  if (ones > 9) work += ", " + S(tens) + " + " + S(ones / 10) + " = " + S(tens + ones / 10);
  return work + '\n';
}

}  // namespace

CorpusRecord MakeArithmeticSteps(CorpusRandom& random, CorpusSplit split) {
  const uint32_t type = random.Below(10);
  const int limit = random.OneIn(4) ? 999 : 99;
  const bool formal = random.OneIn(2);
  for (;;) {
    OperationKeys keys;
    int a = random.Between(0, limit);
    int b = random.Between(0, limit);
    std::string formula;
    std::string work;
    int result = 0;
    if (type < 6) {
      keys.Add(a, b);
      formula = S(a) + " + " + S(b);
      work = AdditionWork(a, b);
      result = a + b;
    } else if (type < 9) {
      if (a < b) std::swap(a, b);
      keys.Subtract(a, b);
      formula = S(a) + " - " + S(b);
      work = SubtractionWork(a, b);
      result = a - b;
    } else {
      a = random.Between(10, 99);
      b = random.Between(2, 9);
      const int tens = a / 10 * b;
      // The carry is added to a product of up to two digits: stay within one column.
      if (tens % 10 + a % 10 * b / 10 > 9) continue;
      keys.Multiply(a, b);
      if (a % 10 * b > 9) keys.Add(tens, a % 10 * b / 10);
      formula = S(a) + " * " + S(b);
      work = MultiplicationWork(a, b);
      result = a * b;
    }
    if (!keys.Fits(split)) continue;
    std::string prompt = formal ? "Question: What is " + formula + "? Show the steps.\n"
                                : "Work out " + formula + " step by step.\n";
    return QuestionRecord(std::move(prompt), work + "Answer:", " " + S(result), keys.text());
  }
}

}  // namespace cambium
