// SPDX-License-Identifier: Apache-2.0
// Sums asked and answered without steps: mostly "12 + 35 = 47". Training draws at random, and sees
// small sums often. What is held out is asked once: an answer is not counted twice.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "text/corpus/generators.h"
#include "text/corpus/held_out_problems.h"
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

Problem AskAddition(CorpusRandom& random, int a, int b) {
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

Problem AskSubtraction(CorpusRandom& random, int a, int b) {
  Problem problem;
  problem.keys.Subtract(a, b);
  problem.prompt = Ask(random, a, '-', "minus", b);
  problem.answer = std::to_string(a - b);
  return problem;
}

Problem AskMultiplication(CorpusRandom& random, int a, int b) {
  Problem problem;
  problem.keys.Multiply(a, b);
  problem.prompt = Ask(random, a, '*', "times", b);
  problem.answer = std::to_string(a * b);
  return problem;
}

Problem AskDivision(CorpusRandom& random, int a, int b) {
  Problem problem;
  problem.keys.Divide(a, b);
  problem.prompt = Ask(random, a, '/', "divided by", b);
  problem.answer = std::to_string(a / b);
  return problem;
}

Problem AskSumOfThree(CorpusRandom&, const Operands& n) {
  Problem problem;
  problem.keys = KeysOfSumOfThree(n[0], n[1], n[2]);
  problem.prompt =
      std::to_string(n[0]) + " + " + std::to_string(n[1]) + " + " + std::to_string(n[2]) + " =";
  problem.answer = std::to_string(n[0] + n[1] + n[2]);
  return problem;
}

Problem AskComparison(CorpusRandom& random, int a, int b) {
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

// question: HeldOutNumberQuestions (held_out_problems.h).
Problem AskOneNumber(int question, int a) {
  const std::string number = std::to_string(a);
  Problem problem;
  problem.keys = KeysOfOneNumber(question, a);
  switch (question) {
    case 0:
      problem.prompt = "Question: Is " + number + " odd or even?\nAnswer:";
      problem.answer = a % 2 == 0 ? "even" : "odd";
      break;
    case 1:
      problem.prompt = "Question: What is double " + number + "?\nAnswer:";
      problem.answer = std::to_string(2 * a);
      break;
    case 2:
      problem.prompt = "Question: What is half of " + std::to_string(2 * a) + "?\nAnswer:";
      problem.answer = number;
      break;
    case 3:
      problem.prompt = "Question: Which number comes after " + number + "?\nAnswer:";
      problem.answer = std::to_string(a + 1);
      break;
    default:
      problem.prompt = "Question: Which number comes before " + number + "?\nAnswer:";
      problem.answer = std::to_string(a - 1);
  }
  return problem;
}

// A number with at most two digits, or now and then three.
int Operand(CorpusRandom& random) {
  if (random.OneIn(12)) return random.Between(100, 999);
  return random.Between(0, 99);
}

Problem Addition(CorpusRandom& random) {
  const int a = Operand(random);
  const int b = a > 99 ? random.Between(0, 999) : random.Between(0, 99);
  return AskAddition(random, a, b);
}

Problem Subtraction(CorpusRandom& random) {
  const int a = Operand(random);
  const int b = random.Between(0, a);
  return AskSubtraction(random, a, b);
}

Problem Multiplication(CorpusRandom& random) {
  int a = random.Between(0, 12);
  int b = random.Between(0, 12);
  if (random.OneIn(3)) {
    a = random.Between(10, 49);
    b = random.Between(2, 9);
    if (random.OneIn(2)) std::swap(a, b);
  }
  return AskMultiplication(random, a, b);
}

Problem Division(CorpusRandom& random) {
  const int b = random.Between(2, 12);
  const int quotient = random.Between(1, 20);
  return AskDivision(random, b * quotient, b);
}

Problem SumOfThree(CorpusRandom& random) {
  const int a = random.Between(1, 20);
  const int b = random.Between(1, 9);
  const int c = random.Between(1, 9);
  return AskSumOfThree(random, {a, b, c});
}

Problem Comparison(CorpusRandom& random) {
  const int a = random.Between(0, 99);
  int b = random.Between(0, 98);
  if (b >= a) ++b;
  return AskComparison(random, a, b);
}

Problem OneNumber(CorpusRandom& random) {
  const int a = random.Between(1, 99);
  return AskOneNumber(static_cast<int>(random.Below(5)), a);
}

Problem DrawTrain(CorpusRandom& random, uint32_t type) {
  if (type < 56) return Addition(random);
  if (type < 76) return Subtraction(random);
  if (type < 85) return Multiplication(random);
  if (type < 88) return Division(random);
  if (type < 91) return SumOfThree(random);
  if (type < 97) return Comparison(random);
  return OneNumber(random);
}

// Held-out problems of small numbers come from lists, each in its turn.
class Turn {
 public:
  // rank: among the records of a type, with small gaps only. seed_random: the same for all records.
  Turn(uint64_t rank, CorpusRandom seed_random) : rank_(rank), seed_random_(seed_random) {}

  const Operands& Of(const ProblemList& problems) {
    const uint64_t begin = seed_random_.Below(static_cast<uint32_t>(problems.size()));
    return problems[(begin + rank_) % problems.size()];
  }
  // Operands in either order.
  Operands OfCommuting(CorpusRandom& random, const ProblemList& list) {
    Operands n = Of(list);
    if (random.OneIn(2)) std::swap(n[0], n[1]);
    return n;
  }

 private:
  uint64_t rank_;
  CorpusRandom seed_random_;
};

struct HeldOutType {
  uint32_t share;  // among kBlock records
  Problem (*make)(CorpusRandom&, Turn&);
};

// Shares as near to those of training as the few held-out problems of a type allow without asking
// one twice in 15 blocks. Large numbers are drawn at random: they do not meet again.
constexpr uint32_t kBlock = 100;
constexpr HeldOutType kHeldOutTypes[] = {
    {42,
     [](CorpusRandom& random, Turn& turn) {
       const Operands n = turn.OfCommuting(random, HeldOutAdditions());
       return AskAddition(random, n[0], n[1]);
     }},
    {5,
     [](CorpusRandom& random, Turn&) {
       const int a = random.Between(100, 999);
       const int b = random.Between(0, 999);
       return AskAddition(random, a, b);
     }},
    {27,
     [](CorpusRandom& random, Turn& turn) {
       const Operands& n = turn.Of(HeldOutSubtractions());
       return AskSubtraction(random, n[0], n[1]);
     }},
    {2,
     [](CorpusRandom& random, Turn&) {
       const int a = random.Between(100, 999);
       const int b = random.Between(0, a);
       return AskSubtraction(random, a, b);
     }},
    {3,
     [](CorpusRandom& random, Turn& turn) {
       const Operands n = turn.OfCommuting(random, HeldOutMultiplications());
       return AskMultiplication(random, n[0], n[1]);
     }},
    {1,
     [](CorpusRandom& random, Turn& turn) {
       const Operands& n = turn.Of(HeldOutDivisions());
       return AskDivision(random, n[0], n[1]);
     }},
    {4, [](CorpusRandom& random,
           Turn& turn) { return AskSumOfThree(random, turn.Of(HeldOutSumsOfThree())); }},
    {12,
     [](CorpusRandom& random, Turn& turn) {
       const Operands n = turn.OfCommuting(random, HeldOutComparisons());
       return AskComparison(random, n[0], n[1]);
     }},
    {4, [](CorpusRandom&, Turn& turn) {
       const Operands& n = turn.Of(HeldOutNumberQuestions());
       return AskOneNumber(n[0], n[1]);
     }}};
static_assert([] {
  uint32_t sum = 0;
  for (const HeldOutType& type : kHeldOutTypes) sum += type.share;
  return sum == kBlock;
}());

// Streams of draws that many records share, above those of the records (corpus.cc).
constexpr uint32_t kBlockStream = 64, kSeedStream = 65;

// A number below kBlock for each record of a block of kBlock records, each once.
uint32_t SlotOf(const CorpusRandom& random) {
  CorpusRandom of_block = random.Sibling(random.index() / kBlock, kBlockStream);
  const uint32_t begin = of_block.Below(kBlock);
  uint32_t stride = 0;
  while (stride % 2 == 0 || stride % 5 == 0) stride = of_block.Below(kBlock);
  return (begin + stride * static_cast<uint32_t>(random.index() % kBlock)) % kBlock;
}

Problem DrawHeldOut(CorpusRandom& random) {
  uint32_t slot = SlotOf(random);
  const HeldOutType* type = kHeldOutTypes;
  while (slot >= type->share) slot -= type++->share;
  Turn turn(random.index() / kBlock * type->share + slot, random.Sibling(0, kSeedStream));
  return type->make(random, turn);
}

CorpusRecord RecordOf(Problem problem) {
  return QuestionRecord(std::move(problem.prompt), "", " " + problem.answer, problem.keys.text());
}

}  // namespace

CorpusRecord MakeArithmetic(CorpusRandom& random, CorpusSplit split) {
  // The type is drawn once, so that the split does not change how often a type comes up.
  const uint32_t type = split == CorpusSplit::kTrain ? random.Below(100) : 0;
  for (;;) {
    Problem problem = split == CorpusSplit::kTrain ? DrawTrain(random, type) : DrawHeldOut(random);
    if (problem.keys.Fits(split)) return RecordOf(std::move(problem));
  }
}

}  // namespace cambium
