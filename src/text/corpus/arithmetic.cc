// SPDX-License-Identifier: Apache-2.0
// Sums asked and answered without steps: mostly "12 + 35 = 47".
#include <algorithm>
#include <array>
#include <string>

#include "text/corpus/generators.h"
#include "text/corpus/operation_keys.h"
#include "text/corpus/text_builder.h"

namespace cambium {
namespace {

struct Problem {
  std::string prompt;
  std::string answer;
  OperationKeys keys;
};

// "12 + 35 =" and other ways to ask for it. `word` is the spoken operator, "plus".
std::string Ask(CorpusRandom& random, int a, char sign, std::string_view word, int b) {
  const std::string formula = std::to_string(a) + ' ' + sign + ' ' + std::to_string(b);
  const std::string spoken = std::to_string(a) + ' ' + std::string(word) + ' ' + std::to_string(b);
  switch (random.Below(10)) {
    case 0:
      return "Question: What is " + formula + "?\nAnswer:";
    case 1:
      return "Question: What is " + spoken + "?\nAnswer:";
    case 2:
      return Capitalised(spoken) + " is";
    default:
      return formula + " =";
  }
}

// A number with at most two digits, or now and then three.
int Operand(CorpusRandom& random) {
  if (random.OneIn(12)) return random.Between(100, 999);
  return random.Between(0, 99);
}

Problem Addition(CorpusRandom& random) {
  const int a = Operand(random);
  const int b = a > 99 ? random.Between(0, 999) : random.Between(0, 99);
  Problem problem;
  problem.keys.Add(a, b);
  if (random.OneIn(16)) {
    problem.prompt = std::to_string(a) + " + ? = " + std::to_string(a + b) + "\nAnswer:";
    problem.answer = std::to_string(b);
    return problem;
  }
  problem.prompt = Ask(random, a, '+', "plus", b);
  problem.answer = std::to_string(a + b);
  return problem;
}

Problem Subtraction(CorpusRandom& random) {
  const int a = Operand(random);
  const int b = random.Between(0, a);
  Problem problem;
  problem.keys.Subtract(a, b);
  problem.prompt = Ask(random, a, '-', "minus", b);
  problem.answer = std::to_string(a - b);
  return problem;
}

Problem Multiplication(CorpusRandom& random) {
  int a = random.Between(0, 12);
  int b = random.Between(0, 12);
  if (random.OneIn(3)) {
    a = random.Between(10, 49);
    b = random.Between(2, 9);
    if (random.OneIn(2)) std::swap(a, b);
  }
  Problem problem;
  problem.keys.Multiply(a, b);
  problem.prompt = Ask(random, a, '*', "times", b);
  problem.answer = std::to_string(a * b);
  return problem;
}

Problem Division(CorpusRandom& random) {
  const int b = random.Between(2, 12);
  const int quotient = random.Between(1, 20);
  Problem problem;
  problem.keys.Divide(b * quotient, b);
  problem.prompt = Ask(random, b * quotient, '/', "divided by", b);
  problem.answer = std::to_string(quotient);
  return problem;
}

Problem ThreeTerms(CorpusRandom& random) {
  const int a = random.Between(1, 20);
  const int b = random.Between(1, 9);
  const int c = random.Between(1, 9);
  Problem problem;
  std::array<int, 3> terms = {a, b, c};
  std::sort(terms.begin(), terms.end());
  problem.keys.Note("add three", {terms[0], terms[1], terms[2]});
  problem.keys.Add(a, b);
  problem.keys.Add(a + b, c);
  problem.prompt = std::to_string(a) + " + " + std::to_string(b) + " + " + std::to_string(c) + " =";
  problem.answer = std::to_string(a + b + c);
  return problem;
}

Problem Comparison(CorpusRandom& random) {
  const int a = random.Between(0, 99);
  int b = random.Between(0, 98);
  if (b >= a) ++b;
  Problem problem;
  problem.keys.Note("compare", {std::min(a, b), std::max(a, b)});
  const std::string first = std::to_string(a);
  const std::string second = std::to_string(b);
  const std::string pair = first + " or " + second + "?\nAnswer:";
  switch (random.Below(5)) {
    case 0:
      problem.prompt = "Question: Which number is larger, " + pair;
      problem.answer = std::max(a, b) == a ? first : second;
      break;
    case 1:
      problem.prompt = "Question: Which number is smaller, " + pair;
      problem.answer = std::min(a, b) == a ? first : second;
      break;
    case 2:
      problem.prompt = "Question: Is " + first + " more than " + second + "?\nAnswer:";
      problem.answer = a > b ? "yes" : "no";
      break;
    case 3:
      problem.prompt = "Question: Is " + first + " less than " + second + "?\nAnswer:";
      problem.answer = a < b ? "yes" : "no";
      break;
    default:
      problem.prompt = "Question: Put < or > between " + first + " and " + second + ".\nAnswer:";
      problem.answer = first + (a < b ? " < " : " > ") + second;
  }
  return problem;
}

Problem OneNumber(CorpusRandom& random) {
  const int a = random.Between(1, 99);
  const std::string number = std::to_string(a);
  Problem problem;
  switch (random.Below(5)) {
    case 0:
      problem.keys.Note("parity", {a});
      problem.prompt = "Question: Is " + number + " odd or even?\nAnswer:";
      problem.answer = a % 2 == 0 ? "even" : "odd";
      break;
    case 1:
      problem.keys.Note("double", {a});
      problem.prompt = "Question: What is double " + number + "?\nAnswer:";
      problem.answer = std::to_string(2 * a);
      break;
    case 2:
      problem.keys.Note("half", {2 * a});
      problem.prompt = "Question: What is half of " + std::to_string(2 * a) + "?\nAnswer:";
      problem.answer = number;
      break;
    case 3:
      problem.keys.Note("after", {a});
      problem.prompt = "Question: Which number comes after " + number + "?\nAnswer:";
      problem.answer = std::to_string(a + 1);
      break;
    default:
      problem.keys.Note("before", {a});
      problem.prompt = "Question: Which number comes before " + number + "?\nAnswer:";
      problem.answer = std::to_string(a - 1);
  }
  return problem;
}

Problem Draw(CorpusRandom& random, uint32_t type) {
  if (type < 56) return Addition(random);
  if (type < 76) return Subtraction(random);
  if (type < 85) return Multiplication(random);
  if (type < 88) return Division(random);
  if (type < 91) return ThreeTerms(random);
  if (type < 97) return Comparison(random);
  return OneNumber(random);
}

}  // namespace

CorpusRecord MakeArithmetic(CorpusRandom& random, CorpusSplit split) {
  // The type is drawn once, so that the split does not change how often a type comes up.
  const uint32_t type = random.Below(100);
  for (;;) {
    Problem problem = Draw(random, type);
    if (!problem.keys.Fits(split)) continue;
    return QuestionRecord(std::move(problem.prompt), "", " " + problem.answer, problem.keys.text());
  }
}

}  // namespace cambium
