// SPDX-License-Identifier: Apache-2.0
// The operations that an arithmetic record uses, and on which side of the split they lie
// (corpus.h).
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "text/corpus/split.h"

namespace cambium {

class OperationKeys {
 public:
  // The operation that is asked for is noted first, those of its steps after it.
  // The sum, difference or product is noted; the operands of commuting operations are ordered.
  // Facts of one digit are skipped: they belong to train and may be used by anyone.
  void Add(int a, int b);
  void Subtract(int a, int b);
  void Multiply(int a, int b);
  void Divide(int a, int b);
  // Any other operation ("compare", "parity", ...) with its operands as they are.
  void Note(std::string_view operation, std::initializer_list<int> operands);

  // Train: no operation is held out. Held out: the one asked for is.
  bool Fits(CorpusSplit split) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;  // "add 12 35;compare 3 70"
  bool any_held_out_ = false;
  bool first_held_out_ = false;
};

}  // namespace cambium
