// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/operation_keys.h"

#include <algorithm>

namespace cambium {

void OperationKeys::Note(std::string_view operation, std::initializer_list<int> operands) {
  std::string key(operation);
  for (const int operand : operands) key += ' ' + std::to_string(operand);
  if (SplitOf(key) == CorpusSplit::kHeldOut) {
    any_held_out_ = true;
    if (text_.empty()) first_held_out_ = true;
  }
  if (!text_.empty()) text_ += ';';
  text_ += key;
}

void OperationKeys::Add(int a, int b) {
  if (a > 9 || b > 9) Note("add", {std::min(a, b), std::max(a, b)});
}

void OperationKeys::Subtract(int a, int b) {
  if (b > 9 || a - b > 9) Note("subtract", {a, b});
}

void OperationKeys::Multiply(int a, int b) {
  if (a > 9 || b > 9) Note("multiply", {std::min(a, b), std::max(a, b)});
}

void OperationKeys::Divide(int a, int b) {
  if (b > 9 || a / b > 9) Note("divide", {a, b});
}

bool OperationKeys::Fits(CorpusSplit split) const {
  return split == CorpusSplit::kHeldOut ? first_held_out_ : !any_held_out_;
}

}  // namespace cambium
